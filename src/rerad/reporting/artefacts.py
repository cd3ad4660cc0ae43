"""What trainings keep of their test cases for the figures: features, maps and masks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rerad.core.errors import ReradError

Fold = Mapping[str, Any]
KEPT = ("slice", "maps", "mask", "labels")
LABELS = "labels_"


def read_folds(predictions: Sequence[Path]) -> list[Fold]:
    """Return the artefacts of every fold of a method's lowest seed, in the order of the folds; none if it failed.

    ``predictions`` are files ``seed<s>/<chunk>/…``; the artefacts lie beside them in ``artefacts/fold<n>.npz``. A fold
    maps ``fold`` to its number, ``cases`` to the names of its test cases, and, where the method has them, ``features``
    (cases, n), ``slice`` (cases,), ``maps`` (cases, y', x') and ``mask`` (cases, y, x); of cases that differ in size
    ``labels`` is a list of (y, x), stored as ``labels_<index>``.

    Raises:
        ReradError: a file is broken, or its arrays do not have one row a case.
    """
    chunks = {path.parent for path in predictions}
    files = [file for chunk in first_seed(chunks) for file in (chunk / "artefacts").glob("fold*.npz")]
    return [_read(file) for file in sorted(files, key=_number)]


def of_case(folds: Sequence[Fold], case: str) -> dict[str, Any]:
    """Return slice, maps, mask and labels of a case, as far as there are; nothing of a case that none tested."""
    for fold in folds:
        if case in fold["cases"]:
            row = fold["cases"].index(case)
            return {name: fold[name][row] for name in KEPT if name in fold}
    return {}


def first_seed(chunks: Iterable[Path]) -> list[Path]:
    """Return the folders ``seed<s>/<chunk>`` of the lowest seed among some."""
    by_seed: dict[int, list[Path]] = {}
    for chunk in chunks:
        by_seed.setdefault(seed_of(chunk), []).append(chunk)
    return by_seed[min(by_seed)] if by_seed else []


def seed_of(chunk: Path) -> int:
    """Return the seed of a folder ``seed<s>/<chunk>``."""
    return int(chunk.parent.name.removeprefix("seed"))


def _read(file: Path) -> Fold:
    remedy = "Remove the method's folder below trained/ and run again"
    try:
        with np.load(file, allow_pickle=False) as content:
            fold: dict[str, Any] = {name: content[name] for name in content.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ReradError(f"cannot be read ({error})", where=str(file), remedy=remedy) from error
    if "cases" not in fold:
        raise ReradError("the array 'cases' is missing", where=str(file), remedy=remedy)
    cases = [str(case) for case in fold["cases"]]
    numbers = sorted(int(name.removeprefix(LABELS)) for name in fold if name.startswith(LABELS))
    if numbers:
        if numbers != list(range(len(cases))):
            told = f"the arrays {LABELS}<index> are {len(numbers)}, not one for each of {len(cases)} cases"
            raise ReradError(told, where=str(file), remedy=remedy)
        fold["labels"] = [fold.pop(f"{LABELS}{number}") for number in numbers]
    for name, values in fold.items():
        if len(values) != len(cases):
            raise ReradError(f"{name!r} has {len(values)} rows for {len(cases)} cases", where=str(file), remedy=remedy)
    return {**fold, "fold": _number(file), "cases": cases}


def _number(file: Path) -> int:
    return int(file.stem.removeprefix("fold"))
