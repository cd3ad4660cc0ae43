"""What a training is given and what it gives back, whatever is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd


class Job(NamedTuple):
    """One search or training: its inputs (None where the method needs none) and what the run decides.

    ``settings`` is the method's entry in its study (``model``, ``modalities``, ``recipe``; a network also has
    ``network``, what is searched for ``search``); ``chosen`` is what the search wrote; ``folder`` is the chunk's own,
    where everything is written. ``device`` (auto, cpu or cuda), ``gpu_share`` (jobs on one GPU at a time),
    ``keep_model`` and ``spacing_mm`` (of arrays on one grid) concern networks only; ``external`` is the file of a
    method that was trained elsewhere.
    """

    cases: Path
    splits: Path
    method: str
    settings: dict[str, Any]
    seed: int
    cohort: str
    folds: list[int]
    folder: Path
    threads: int
    features: Path | None = None
    chosen: Path | None = None
    arrays: Path | None = None
    slices: Path | None = None
    weights: Path | None = None
    external: Path | None = None
    device: str = "cpu"
    gpu_share: int = 1
    keep_model: bool = False
    spacing_mm: float | None = None


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
