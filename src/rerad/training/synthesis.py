"""What a network that synthesises a texture map says about cases: maps, and how far they agree with exact ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.cohorts.breast.labels import TISSUES
from rerad.core.errors import ConfigError, ReradError
from rerad.core.seeds import derive
from rerad.metrics.agreement import correlation, moments
from rerad.models.output import Output
from rerad.models.radsynth import PATCH
from rerad.training.device import precision
from rerad.training.judged import Judged, Maps
from rerad.training.loss import losses
from rerad.training.windows import FAR, Windows

KEPT = 5000  # pixels of a case and tissue that are kept for pictures
PIXELS = "pixels_"


def judge_windows(network: nn.Module, inputs: Windows, case: int, *, whole: bool) -> Judged:
    """Return the loss of a network over the drawn windows of a case, and its maps if ``whole``."""
    own, size, found = inputs.samples([case]), inputs.recipe.batch, []
    for start in range(0, len(own), size):
        given = inputs.batch(own[start : start + size], None)
        with precision(inputs.recipe, inputs.device):
            found.append((network(given.images, None).values, given.target))
    values, target = (torch.cat(part) for part in zip(*found, strict=True)) if found else (torch.zeros(1, 1),) * 2
    parts = losses(Output(values=values), target, torch.empty(0), inputs.recipe.loss)
    judged = Judged(case, losses={name: float(value) for name, value in parts.items()})
    if whole:
        judged.shown = inputs.largest(case)
        judged.maps = maps_of(network, inputs, case, judged.shown)
    return judged


def maps_of(network: nn.Module, inputs: Windows, case: int, shown: int) -> Maps:
    """Return both maps of a case: the slice ``shown`` as a whole, of the others the rectangle around its tissues.

    A voxel's value follows from its window alone, wherever the rectangle ends. An entropy is not negative: what the
    network puts below 0 is 0.

    Raises:
        ConfigError: the network makes no maps.
    """
    make: Callable[[Tensor], Tensor] | None = getattr(network, "map", None)
    if make is None:
        told = f"{type(network).__name__} makes no map"
        raise ConfigError(told, where="model", remedy="Write model: radsynth with input: windows")
    levels, tissues = inputs.levels(case), inputs.truth(case)
    synthesised = np.full(levels.shape, np.nan, np.float32)
    wanted = np.isin(tissues, list(TISSUES.values()))
    for index in range(len(levels)):
        box = _whole(levels.shape) if index == shown else _rectangle(wanted[index])
        if box is None:
            continue
        found = make(inputs.scaled(levels[index][box]))
        inner = tuple(slice(side.start + FAR, side.stop - FAR) for side in box)
        synthesised[index][inner] = np.maximum(found.cpu().numpy(), 0.0)
    return Maps(levels, tissues, inputs.exact(levels), synthesised)


def _whole(shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    return None if min(shape[1:]) < PATCH else (slice(0, shape[1]), slice(0, shape[2]))


def _rectangle(wanted: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """Return the part of a slice that has the windows of all voxels that are wanted; None where there is no window."""
    if not wanted.any():
        return None
    sides = []
    for axis, length in enumerate(wanted.shape):
        along = np.flatnonzero(wanted.any(axis=1 - axis))
        sides.append(slice(max(0, int(along[0]) - FAR), min(length, int(along[-1]) + 1 + FAR)))
    return None if min(side.stop - side.start for side in sides) < PATCH else (sides[0], sides[1])


def fold_outcome(judged: Iterable[Judged], inputs: Windows, *, fold: int, seed: int, where: str) -> dict[str, Any]:
    """Return the rows of predictions_synthesis.csv and the artefacts of the test cases of a fold.

    Raises:
        ReradError: the network gives no numbers; it names the case.
    """
    rows, artefacts = [], {}
    for one in judged:
        assert one.maps is not None
        name, maps = inputs.names[one.case], one.maps
        own = maps.tissues[np.isfinite(maps.synthesised)]
        lead = {"case": name, "fold": fold, "seed": seed, "role": "test", "selection": "last", "variant": "published"}
        pairs = {tissue: _pair(maps, value) for tissue, value in TISSUES.items()}
        if not np.isfinite(one.losses["loss"]) or (len(own) and not _complete(maps)):
            told = f"the trained network gives no number for case {name}"
            raise ReradError(told, where=where, remedy="Lower recipe.optimiser.lr")
        for tissue, (exact, synthesised) in pairs.items():
            found = moments(exact, synthesised)
            known = {key: np.asarray(found[key]) for key in ("exact_var", "synthesised_var", "covariance")}
            row = {"group": inputs.known[one.case].group, "tissue": tissue, "correlation": float(correlation(**known))}
            rows.append({**lead, **row, **found})
        artefacts[file_name(name)] = _shown(one, inputs, pairs)
    return {"synthesis": rows, "artefacts": artefacts}


def file_name(case: str) -> str:
    """Return the name of the file that keeps what pictures show of a case."""
    return f"synthesis_{re.sub(r'[^A-Za-z0-9._-]', '_', case)}.npz"


def _complete(maps: Maps) -> bool:
    """Tell whether every tissue voxel whose window is whole has a number."""
    inner = (slice(None), slice(FAR, -FAR), slice(FAR, -FAR))
    wanted = np.isin(maps.tissues[inner], list(TISSUES.values()))
    return bool(np.isfinite(maps.synthesised[inner][wanted]).all())


def _pair(maps: Maps, tissue: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    own = (maps.tissues == tissue) & np.isfinite(maps.synthesised)
    return maps.exact[own], maps.synthesised[own]


def _shown(one: Judged, inputs: Windows, pairs: dict[str, tuple[NDArray, NDArray]]) -> dict[str, Any]:
    """Return the slice that pictures show, its place and voxel size, and of every tissue some pixels (n, 2)."""
    assert one.maps is not None
    name = inputs.names[one.case]
    found: dict[str, Any] = {
        "case": [name],
        "slice": torch.tensor(one.shown),
        "axis": torch.tensor(inputs.known[one.case].axis),
        "spacing": torch.tensor(inputs.spacing(one.case)[1:], dtype=torch.float64),
    }
    for key, volume in one.maps._asdict().items():
        found[key] = torch.from_numpy(volume[one.shown].copy())
    for tissue, (exact, synthesised) in pairs.items():
        random = np.random.default_rng(derive(inputs.seed, "kept", name, tissue))
        chosen = np.sort(random.choice(len(exact), min(KEPT, len(exact)), replace=False))
        found[f"{PIXELS}{tissue}"] = torch.from_numpy(np.stack([exact[chosen], synthesised[chosen]], axis=1))
    return found
