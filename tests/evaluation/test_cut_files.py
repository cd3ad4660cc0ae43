"""A file of predictions that lost rows is refused by its name, in whatever way it lost them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_json
from rerad.evaluation.checks import read_cases
from rerad.evaluation.evaluate import evaluate_method
from rerad.training.predictions import CLASSIFICATION, COLUMNS

FOLDS = range(1, 4)
NAMES = [f"c{n}" for n in range(9)]
CHUNKS = pytest.mark.parametrize("chunks", [["all"], [f"fold{fold}" for fold in FOLDS]], ids=["method", "folds"])


def trained(seed: int) -> pd.DataFrame:
    """Return rows as a training writes them, fold by fold: of who learns, who is tested, and the best epoch's."""
    target = np.tile([1, 0, 1], 3)
    table = pd.DataFrame({"case": NAMES, "target": target, "score": 0.25 + 0.5 * target, "own": np.arange(9) % 3 + 1})
    parts = []
    for fold in FOLDS:
        of_fold = table.assign(fold=fold, seed=seed, variant="published")
        tested = of_fold[of_fold["own"] == fold]
        parts.append(of_fold[of_fold["own"] != fold].assign(role="train", selection="last"))
        parts += [tested.assign(role="test", selection=selection) for selection in ("last", "best_test")]
    return pd.concat(parts, ignore_index=True)[CLASSIFICATION]


def synthesised(seed: int) -> pd.DataFrame:
    """Return rows of maps: of who is tested alone."""
    lead = {"seed": seed, "role": "test", "selection": "last", "variant": "published", "group": "benign"}
    rows = [{"case": case, "fold": n // 3 + 1, **lead, "tissue": "fatty"} for n, case in enumerate(NAMES)]
    table = pd.DataFrame(rows)
    return table.assign(**{name: 1.0 for name in COLUMNS["synthesis"] if name not in table})[COLUMNS["synthesis"]]


def write_chunks(
    folder: Path, table: pd.DataFrame, chunks: list[str], task: str = "classification"
) -> tuple[list[Path], list[Path]]:
    paths, costs = [], []
    for seed, rows in table.groupby("seed"):
        for chunk in chunks:
            part = rows if chunk == "all" else rows[rows["fold"] == int(chunk.removeprefix("fold"))]
            paths.append(folder / "trained" / "sts" / "hc_rf" / f"seed{seed}" / chunk / f"predictions_{task}.csv")
            costs.append(paths[-1].with_name("cost.json"))
            write_csv(paths[-1], part)
            write_json(costs[-1], {"wall_s": 1.0, "failed": None})
    return paths, costs


def evaluated(paths: list[Path], costs: list[Path], task: str = "classification", cases: str = "case\n") -> Path:
    method = paths[0].parents[2]
    (method / "cases.csv").write_text(cases)
    evaluate_method({task: paths}, costs, folder=method, cases=method / "cases.csv", bootstraps=2, seed=0)
    return method / "metrics.csv"


@CHUNKS
@pytest.mark.parametrize("kept", [0, 0.3, 0.5, 0.9, 0.97, 0.999])
@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_at_whatever_byte(tmp_path: Path, chunks: list[str], kept: float, seeds: list[int]) -> None:
    paths, costs = write_chunks(tmp_path, pd.concat(map(trained, seeds)), chunks)
    content = paths[-1].read_bytes()
    paths[-1].write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ReradError) as refused:
        evaluated(paths, costs)
    assert str(paths[-1]) in str(refused.value)
    assert "Remove it and run again" in str(refused.value)
    assert {path.name for path in paths[0].parents[2].glob("*.csv")} == {"cases.csv", "costs.csv"}


@CHUNKS
@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_at_whatever_line(tmp_path: Path, chunks: list[str], seeds: list[int]) -> None:
    paths, costs = write_chunks(tmp_path, pd.concat(map(trained, seeds)), chunks)
    lines = paths[-1].read_bytes().splitlines(keepends=True)
    accepted = []
    for kept in range(1, len(lines)):
        paths[-1].write_bytes(b"".join(lines[:kept]))
        try:
            evaluated(paths, costs)
        except ReradError as refused:
            assert str(paths[-1]) in str(refused) or kept == len(lines) - 3  # noqa: PT017 - refused again and again
        else:
            accepted.append(kept)
    # Where no epoch had numbers there is no best one: without its three rows it is the file of another training.
    assert accepted == ([len(lines) - 3] if len(seeds) == 1 else [])


def test_what_is_whole_is_taken(tmp_path: Path) -> None:
    metrics = pd.read_csv(
        evaluated(*write_chunks(tmp_path, pd.concat([trained(0), trained(1)]), ["fold1", "fold2", "fold3"]))
    )
    assert metrics.query("scope == 'pooled'")["n"].tolist() == [9] * 12


def test_a_best_epoch_of_some_folds_alone_is_none_cut(tmp_path: Path) -> None:
    table = trained(0)
    paths, costs = write_chunks(tmp_path, table[(table["fold"] != 2) | (table["selection"] == "last")], ["all"])
    metrics = pd.read_csv(evaluated(paths, costs)).query("scope == 'pooled' and metric == 'acc'")
    assert metrics.set_index("selection")["n"].to_dict() == {"best_test": 6, "last": 9}


def test_no_rows_without_a_failure(tmp_path: Path) -> None:
    paths, costs = write_chunks(tmp_path, trained(0), ["all"])
    write_csv(paths[0], trained(0)[:0])
    with pytest.raises(ReradError, match="it has no rows, and its training did not fail") as refused:
        evaluated(paths, costs)
    assert str(paths[0]) in str(refused.value)
    write_json(costs[0], {"failed": "ValueError: no"})
    assert pd.read_csv(evaluated(paths, costs)).empty


@pytest.mark.parametrize(
    ("header", "told", "others"), [(",has_ct", ",1", "other,1,0\nleft_out,0,1\n"), ("", "", "left_out,0\n")]
)
@CHUNKS
def test_maps_are_of_all_cases_with_the_same_modalities(
    tmp_path: Path, chunks: list[str], header: str, told: str, others: str
) -> None:
    cases = f"case,included{header}\n" + "".join(f"{name},1{told}\n" for name in NAMES) + others
    paths, costs = write_chunks(tmp_path, synthesised(0), chunks, "synthesis")
    assert len(pd.read_csv(evaluated(paths, costs, "synthesis", cases)))
    lines = paths[-1].read_bytes().splitlines(keepends=True)
    for kept in range(2, len(lines)):
        paths[-1].write_bytes(b"".join(lines[:kept]))
        with pytest.raises(ReradError, match=f"case {NAMES[kept - len(lines)]} is tested 0 times with seed 0"):
            evaluated(paths, costs, "synthesis", cases)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it is empty"),
        ("case,included,has_ct", "it was cut"),
        ("case,included,has_ct\nc0,1,1\nc1,", "it was cut"),
        ("case,included,has_ct\nc0,1,1\nc1\n", "included is nan of case c1, neither 0 nor 1"),
    ],
)
def test_cut_cases_are_named(tmp_path: Path, content: str, told: str) -> None:
    paths, costs = write_chunks(tmp_path, synthesised(0), ["all"], "synthesis")
    with pytest.raises(ReradError, match=told) as refused:
        evaluated(paths, costs, "synthesis", content)
    assert str(paths[0].parents[2] / "cases.csv") in str(refused.value)
    assert "Remove it and run again" in str(refused.value)


def test_cases_are_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case,included,grade\n001,1,2\n002,0,\n")
    table = read_cases(tmp_path / "cases.csv")
    assert table["case"].tolist() == ["001", "002"]
    assert table["grade"].tolist()[0] == "2"
