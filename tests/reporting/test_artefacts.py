"""Artefacts beside predictions: found, in order, and refused by name where they are broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.artefacts import of_case, read_folds


def chunk(tmp_path: Path, name: str, seed: int = 0, **folds: dict) -> Path:
    folder = tmp_path / "trained" / "sts" / "cfl" / f"seed{seed}" / name
    (folder / "artefacts").mkdir(parents=True, exist_ok=True)
    for fold, arrays in folds.items():
        np.savez(folder / "artefacts" / f"{fold}.npz", **arrays)
    return folder / "predictions_classification.csv"


def test_folds_of_the_lowest_seed_in_their_order(tmp_path: Path) -> None:
    named = {f"fold{n}": {"cases": np.array([f"c{n}"]), "slice": np.array([n])} for n in (1, 2, 10)}
    files = [
        chunk(tmp_path, "fold10", 1, fold10={"cases": np.array(["no"])}),
        *(chunk(tmp_path, fold, 0, **{fold: arrays}) for fold, arrays in reversed(named.items())),
        *(chunk(tmp_path, fold, 3, **{fold: arrays}) for fold, arrays in named.items()),
    ]
    # Both files of predictions of a chunk lie beside one folder of artefacts.
    files += [file.with_name("predictions_segmentation.csv") for file in files]
    folds = read_folds(files)
    assert [(fold["fold"], fold["cases"]) for fold in folds] == [(1, ["c1"]), (2, ["c2"]), (10, ["c10"])]
    assert of_case(folds, "c10") == {"slice": 10}
    assert of_case(folds, "c3") == {}


def test_without_artefacts_there_are_no_folds(tmp_path: Path) -> None:
    assert read_folds([chunk(tmp_path, "all")]) == []
    assert read_folds([]) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK no archive", r"fold1\.npz: cannot be read"),
        ({"features": np.zeros((2, 3))}, "'cases' is missing"),
        ({"cases": np.array(["a", "b"]), "maps": np.zeros((3, 4, 4))}, "'maps' has 3 rows for 2 cases"),
        ({"cases": np.array(["a", 1], dtype=object)}, "cannot be read"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: object, said: str) -> None:
    if isinstance(content, dict):
        file = chunk(tmp_path, "all", fold1=content)
    else:
        file = chunk(tmp_path, "all")
        (file.parent / "artefacts" / "fold1.npz").write_bytes(content)  # type: ignore[arg-type]
    with pytest.raises(ReradError, match=said):
        read_folds([file])
