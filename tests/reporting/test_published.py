"""Published values: they are those of integer confusion matrices, and the printed text is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from rerad.core.errors import ReradError
from rerad.reporting.published import read_published

# True positives and true negatives of 24 + 24 patients that give the printed values.
MATRICES = {
    ("chmfl_table1", "hc_rf"): (19, 17),
    ("chmfl_table1", "mask_hmfl"): (18, 21),
    ("chmfl_table1", "cfl"): (23, 16),
    ("chmfl_table1", "chmfl"): (21, 20),
    ("mmnas_table1", "hc_rf"): (19, 17),
    ("mmnas_table1", "mcl3d"): (22, 19),
    ("mmnas_table1", "mmnas2d"): (20, 16),
    ("mmnas_table1", "mmnas3d"): (22, 21),
}


@pytest.mark.parametrize(("table", "method"), MATRICES)
def test_rows_follow_from_a_confusion_matrix(root: Path, table: str, method: str) -> None:
    row = read_published(root / "config" / "published" / f"{table}.csv").printed[method]
    tp, tn = MATRICES[table, method]
    fp, fn = 24 - tn, 24 - tp
    expected = {
        "acc": (tp + tn) / 48, "sen": tp / 24, "spe": tn / 24, "pre": tp / (tp + fp), "f1": 2 * tp / (2 * tp + fp + fn),
    }  # fmt: skip
    for name, value in expected.items():
        assert abs(float(row[name]) - value) <= 0.00051, name


def test_rows_and_marks(root: Path) -> None:
    chmfl = read_published(root / "config" / "published" / "chmfl_table1.csv")
    assert list(chmfl.printed) == ["hc_rf", "cnlpc", "mor_cnn3d", "mcl3d", "mask_hmfl", "cfl", "chmfl"]
    assert chmfl.columns == ["acc", "sen", "spe", "pre", "f1", "auc"]
    # The paper marks all six values of the methods that are not its own.
    marked = {method for method, marks in chmfl.marks.items() if set(marks.values()) == {"*"}}
    assert marked == {"hc_rf", "cnlpc", "mor_cnn3d", "mcl3d"}
    assert {mark for method in set(chmfl.marks) - marked for mark in chmfl.marks[method].values()} == {""}
    # Trailing zeros are digits too: 0.750 rounds within 0.0005.
    assert chmfl.printed["hc_rf"]["acc"] == "0.750"
    assert chmfl.printed["mor_cnn3d"]["spe"] == "0.780"
    mmnas = read_published(root / "config" / "published" / "mmnas_table1.csv")
    assert list(mmnas.printed) == ["hc_rf", "dlhn", "mcl3d", "mmnas2d", "mmnas3d"]
    # CNLPC and DLHN are one method whose AUC the two papers print differently.
    assert chmfl.printed["cnlpc"] | {"auc": ""} == mmnas.printed["dlhn"] | {"auc": ""}
    assert (chmfl.printed["cnlpc"]["auc"], mmnas.printed["dlhn"]["auc"]) == ("0.783", "0.698")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("method,acc\nhc_rf,0.75*\n", ["hc_rf, acc", "0.75*", "acc"]),
        ("row,acc\nhc_rf,0.75\n", ["method"]),
        ("method,acc\nhc_rf,0.75\nhc_rf,0.76\n", ["hc_rf", "twice"]),
        ("method,acc\nhc_rf,nan\n", ["hc_rf, acc", "nan"]),  # within every interval, were it a number
        ("method,acc\nhc_rf,1e-3\n", ["hc_rf, acc", "1e-3"]),  # of which nobody knows the rounding
        ("method,acc,auc\nhc_rf,0.75,0.8,\n", ["line 2", "4 fields, the header has 3"]),
        ("method,acc,acc\nhc_rf,0.75,0.8\n", ["acc", "twice"]),
    ],
)
def test_broken_tables_are_named(tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(ReradError) as caught:
        read_published(path)
    assert all(name in str(caught.value) for name in [*names, str(path)])


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"gone\.csv"):
        read_published(tmp_path / "gone.csv")
