"""The results of a fold: rows of its tables and what the figures show of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rerad.core.errors import ReradError
from rerad.metrics.masks import METRICS, segmentation
from rerad.training.inputs import Inputs, not_finite, target_of
from rerad.training.judged import Judged
from rerad.training.loop import State, Task
from rerad.training.packing import unpack
from rerad.training.prediction import judge


def outcome(network: nn.Module, task: Task, state: State, *, fold: int, seed: int) -> dict[str, Any]:
    """Return the rows of a trained fold's tables, its history and its artefacts, in plain data and tensors.

    A network that synthesises maps has rows and artefacts of the test side alone.

    ``last``: both sides by the trained network. ``best_test``: the test side by the epochs that looked best there.

    Raises:
        ReradError: a score is no number; it names the case.
    """
    inputs = task.inputs
    history = [
        {"fold": fold, "epoch": epoch, "split": split, "quantity": quantity, "value": value}
        for epoch, split, quantity, value in state.history
    ]
    if inputs.synthesised:
        # Only now: they need numba, and no other network does.
        from rerad.training.synthesis import fold_outcome
        from rerad.training.windows import Windows

        assert isinstance(inputs, Windows)
        # One by one: the maps of all cases at a time would take gigabytes.
        each = (judge(network, inputs, [case], task.table, whole=True)[0] for case in task.test)
        found = fold_outcome(each, inputs, fold=fold, seed=seed, where=task.name)
        return {"classification": [], "segmentation": [], "history": history, **found}
    scored: list[dict[str, Any]] = []
    masked: list[dict[str, Any]] = []
    tested: list[Judged] = []
    for role, cases in (("train", task.train), ("test", task.test)):
        lead = {"fold": fold, "seed": seed, "role": role, "selection": "last"}
        keep_maps(network, role == "test")
        # Cases of their own size one by one: the labels of hundreds of brains need not be held at a time.
        for portion in [cases] if inputs.one_grid else [[case] for case in cases]:
            judged = judge(network, inputs, portion, task.table, fuse=task.fuse, whole=True)
            _check(judged, inputs, task.name)
            scored += [_row(one.case, one.score, inputs, lead) for one in judged if one.score is not None]
            masked += [row for one in judged for row in _regions(one.case, one.mask, inputs, lead)]
            tested += judged if role == "test" else []
    keep_maps(network, False)
    lead = {"fold": fold, "seed": seed, "role": "test", "selection": "best_test"}
    best = state.best
    if best.classified:
        scored += [_row(case, score, inputs, lead) for case, score in zip(task.test, best.scores, strict=True)]
    if best.segmented:
        for case, packed in zip(task.test, best.masks, strict=True):
            masked += _regions(case, unpack(packed, inputs.truth(case).shape), inputs, lead)
    artefacts = {f"fold{fold}.npz": _artefacts(tested, inputs)} if task.test else {}
    return {"classification": scored, "segmentation": masked, "history": history, "artefacts": artefacts}


def keep_maps(network: nn.Module, wanted: bool) -> None:
    """Ask a network for its maps, or no more, if it has any."""
    if hasattr(network, "keep_maps"):
        setattr(network, "keep_maps", wanted)  # noqa: B010 - a plain assignment is no Tensor or Module to mypy


def _check(judged: list[Judged], inputs: Inputs, where: str) -> None:
    for one in judged:
        if math.isfinite(one.losses["loss"]) and math.isfinite(one.score or 0.0):
            continue
        own = [not_finite(inputs, [sample], inputs.batch([sample], None)) for sample in inputs.samples([one.case])]
        found = {name for by_case in own for names in by_case.values() for name in names}
        broken = " and ".join(sorted(found, key=inputs.modalities.index))
        remedy = f"Voxels of its {broken} are no numbers: look at how it was prepared"
        raise ReradError(
            f"the trained network gives no number for case {inputs.names[one.case]}",
            where=where,
            remedy=remedy if broken else "Lower recipe.optimiser.lr, or look for extreme values in its image",
        )


def _row(case: int, score: float, inputs: Inputs, lead: dict[str, Any]) -> dict[str, Any]:
    about = {"case": inputs.names[case], "variant": "published"}
    return {**about, **lead, "target": target_of(inputs, case), "score": score}


def _regions(case: int, mask: NDArray | None, inputs: Inputs, lead: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each region; none without a mask."""
    if mask is None:
        return []
    rows = []
    for region, truth, called in inputs.compared(case, mask):
        found = segmentation(truth, called, inputs.spacing(case))
        values = {name: float(found[name]) for name in METRICS}
        rows.append({"case": inputs.names[case], "variant": "published", **lead, "region": region, **values})
    return rows


def _artefacts(judged: list[Judged], inputs: Inputs) -> dict[str, Any]:
    """Return, of the test cases, features, and mask and map at the axial slice with the largest tumour.

    Labels of cases of their own size are ``labels_<place in cases>``.
    """
    found: dict[str, Any] = {
        "cases": [inputs.names[one.case] for one in judged],
        "slice": torch.tensor([one.shown for one in judged]),
    }
    features = [one.features for one in judged if one.features is not None]
    maps = [one.map for one in judged if one.map is not None]
    masks = [one.mask[one.shown].astype(np.uint8) for one in judged if one.mask is not None]
    if not inputs.one_grid:
        found |= {f"labels_{place}": torch.from_numpy(mask) for place, mask in enumerate(masks)}
        masks = []
    for name, values in (("features", features), ("maps", maps), ("mask", masks)):
        if values:
            found[name] = torch.from_numpy(np.stack(values))
    return found
