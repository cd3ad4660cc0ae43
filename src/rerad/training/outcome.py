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
from rerad.training.loop import State, Task
from rerad.training.prediction import Judged, judge
from rerad.training.volumes import Volumes, not_finite

REGION = "GTV"


def outcome(
    network: nn.Module, task: Task, state: State, *, spacing_mm: float | None, fold: int, seed: int
) -> dict[str, Any]:
    """Return the rows of a trained fold's tables, its history and its artefacts, in plain data and tensors.

    ``last``: both sides by the trained network. ``best_test``: the test side by the epochs that looked best there.

    Raises:
        ReradError: a score is no number; it names the case.
    """
    volumes = task.volumes
    sides = {}
    for role, cases in (("train", task.train), ("test", task.test)):
        keep_maps(network, role == "test")
        sides[role] = judge(network, volumes, cases, task.table, fuse=task.fuse, whole=True)
    keep_maps(network, False)
    scored, masked = [], []
    for role, judged in sides.items():
        _check(judged, volumes, task.name)
        lead = {"fold": fold, "seed": seed, "role": role, "selection": "last"}
        scored += [_row(one.case, one.score, volumes, lead) for one in judged if one.score is not None]
        masked += [_region(one.case, one.mask, volumes, spacing_mm, lead) for one in judged if one.mask is not None]
    lead = {"fold": fold, "seed": seed, "role": "test", "selection": "best_test"}
    best = state.best
    if best.classified:
        scored += [_row(case, score, volumes, lead) for case, score in zip(task.test, best.scores, strict=True)]
    if best.segmented:
        masked += [
            _region(case, _unpacked(bits, volumes), volumes, spacing_mm, lead)
            for case, bits in zip(task.test, best.masks, strict=True)
        ]
    history = [
        {"fold": fold, "epoch": epoch, "split": split, "quantity": quantity, "value": value}
        for epoch, split, quantity, value in state.history
    ]
    artefacts = {f"fold{fold}.npz": _artefacts(sides["test"], volumes)} if task.test else {}
    return {"classification": scored, "segmentation": masked, "history": history, "artefacts": artefacts}


def keep_maps(network: nn.Module, wanted: bool) -> None:
    """Ask a network for its maps, or no more, if it has any."""
    if hasattr(network, "keep_maps"):
        setattr(network, "keep_maps", wanted)  # noqa: B010 - a plain assignment is no Tensor or Module to mypy


def _check(judged: list[Judged], volumes: Volumes, where: str) -> None:
    for one in judged:
        if math.isfinite(one.losses["loss"]) and math.isfinite(one.score or 0.0):
            continue
        broken = " and ".join(not_finite(volumes, one.case))
        remedy = f"Voxels of its {broken} are no numbers: look at how it was prepared"
        raise ReradError(
            f"the trained network gives no number for case {volumes.names[one.case]}",
            where=where,
            remedy=remedy if broken else "Lower recipe.optimiser.lr, or look for extreme values in its image",
        )


def _row(case: int, score: float, volumes: Volumes, lead: dict[str, Any]) -> dict[str, Any]:
    about = {"case": volumes.names[case], "variant": "published"}
    return {**about, **lead, "target": int(volumes.target[case]), "score": score}


def _region(
    case: int, mask: NDArray[np.bool_], volumes: Volumes, spacing_mm: float | None, lead: dict[str, Any]
) -> dict[str, Any]:
    if spacing_mm is None:
        raise ReradError("the spacing of the arrays is not known", where="spacing_mm", remedy="Pass it to train")
    found = segmentation(volumes.truth(case), mask, spacing_mm)
    values = {name: float(found[name]) for name in METRICS}
    return {"case": volumes.names[case], "variant": "published", **lead, "region": REGION, **values}


def _unpacked(bits: torch.Tensor, volumes: Volumes) -> NDArray[np.bool_]:
    shape = volumes.arrays[REGION].shape[1:]
    return np.unpackbits(bits.numpy(), count=int(np.prod(shape))).reshape(shape).astype(bool)


def _artefacts(judged: list[Judged], volumes: Volumes) -> dict[str, Any]:
    """Return, of the test cases, features, and mask and map at the axial slice with the largest GTV."""
    found: dict[str, Any] = {
        "cases": [volumes.names[one.case] for one in judged],
        "slice": torch.tensor([one.shown for one in judged]),
    }
    features = [one.features for one in judged if one.features is not None]
    maps = [one.map for one in judged if one.map is not None]
    masks = [one.mask[one.shown].astype(np.uint8) for one in judged if one.mask is not None]
    for name, values in (("features", features), ("maps", maps), ("mask", masks)):
        if values:
            found[name] = torch.from_numpy(np.stack(values))
    return found
