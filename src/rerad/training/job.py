"""What a training is given and what it gives back, whatever is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd


class Job(NamedTuple):
    """One training: its inputs (None where the method needs none), the method's entry and what the run decides.

    ``settings`` is the method's entry in its study (``model``, ``modalities``, ``recipe``; a network also has
    ``network``); ``folder`` is the chunk's own; ``device`` (auto, cpu or cuda), ``gpu_share`` (jobs on one GPU at a
    time), ``keep_model`` and ``spacing_mm`` (of arrays on one grid) concern networks only; ``external`` is the file of
    a method that was trained elsewhere.
    """

    cases: Path
    splits: Path
    features: Path | None
    chosen: Path | None
    arrays: Path | None
    slices: Path | None
    weights: Path | None
    method: str
    settings: dict[str, Any]
    seed: int
    cohort: str
    folds: list[int]
    folder: Path
    threads: int
    device: str
    gpu_share: int
    keep_model: bool
    spacing_mm: float | None
    external: Path | None = None


class Trained(NamedTuple):
    """Tables of all folds (None: no such task), ``artefacts`` by file name, and what to add to the cost.

    An artefact named ``.json`` is a mapping for people, one named ``.npz`` a mapping of arrays.
    """

    classification: pd.DataFrame | None = None
    segmentation: pd.DataFrame | None = None
    regression: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    synthesis: pd.DataFrame | None = None
    artefacts: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - nobody writes into it
    cost: dict[str, Any] = {}  # noqa: RUF012
