"""The predictions of all chunks and seeds of a method in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.training.predictions import CLASSIFICATION, gather, read


def chunk(folder: Path, fold: int, scores: Any) -> Path:
    lead = {"case": [f"00{fold}{place}" for place in range(len(scores))], "fold": fold, "seed": 0, "role": "test"}
    table = pd.DataFrame({**lead, "selection": "last", "variant": "published", "target": 1, "score": scores})
    path = folder / f"fold{fold}" / "predictions_classification.csv"
    write_csv(path, table[CLASSIFICATION], exact=True)
    return path


def test_every_line_stands_as_it_was_written(tmp_path: Path) -> None:
    paths = [chunk(tmp_path, 1, [1 / 3, 0.1 + 0.2]), chunk(tmp_path, 2, [1e-12, 2 / 3])]
    gather(paths, "classification", csv=tmp_path / "all.csv")
    header, *first = paths[0].read_text().splitlines()
    assert (tmp_path / "all.csv").read_text().splitlines() == [header, *first, *paths[1].read_text().splitlines()[1:]]
    assert list(read(tmp_path / "all.csv")["case"]) == ["0010", "0011", "0020", "0021"]


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_scores_come_back_to_the_last_bit(tmp_path: Path, kind: type) -> None:
    drawn = np.random.default_rng(0).random(500)
    told = [0.1, 1 / 3, 0.49999999999, 0.50000000001, 1e-7, 0.0, 1.0]
    scores = np.array([*told, *drawn, *(1 - 1e-9 * drawn)]).astype(kind)
    parts = [chunk(tmp_path, 1, scores), chunk(tmp_path, 2, scores[::-1])]
    gather(parts, "classification", csv=tmp_path / "all.csv")
    wanted = [*scores.astype(np.float64), *scores[::-1].astype(np.float64)]
    assert read(tmp_path / "all.csv")["score"].tolist() == wanted


def test_a_number_is_no_longer_than_it_must_be(tmp_path: Path) -> None:
    lines = chunk(tmp_path, 1, [0.3, 1 - 2**-40]).read_text().splitlines()
    assert [line.split(",")[-1] for line in lines[1:]] == ["0.3", "0.9999999999990905"]


def test_a_part_of_the_patients_is_none(tmp_path: Path) -> None:
    gather([chunk(tmp_path, 1, [0.5]), chunk(tmp_path, 2, [])], "classification", csv=tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text() == ",".join(CLASSIFICATION) + "\n"


def test_a_task_without_files_is_a_header(tmp_path: Path) -> None:
    gather([], "segmentation", csv=tmp_path / "all.csv")
    assert read(tmp_path / "all.csv", "segmentation").empty


def test_a_file_without_a_column_is_named(tmp_path: Path) -> None:
    path = chunk(tmp_path, 1, [0.5])
    pd.read_csv(path).drop(columns="score").to_csv(path, index=False)
    with pytest.raises(ReradError, match=r"fold1/predictions_classification\.csv.*'score' is missing"):
        gather([path], "classification", csv=tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()
