"""The clinical table, as the collection prints it and as it may be broken."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from rerad.cohorts.sts.clinical import lung_metastasis, read_clinical
from rerad.core.errors import ReradError


def write(
    path: Path, rows: list, header: tuple = ("Patient ID ", "Grade", " Outcome (recurrence, mets)", "Status")
) -> Path:
    book = Workbook()
    for row in (header, *rows):
        book.active.append(row)
    book.save(path)
    return path


def test_outcomes_as_printed(tmp_path: Path) -> None:
    rows = [
        ("STS_003", "N/A", "Recurrence – local", "D"),
        (" STS_001", "High", "Mets – lungs", "D"),
        ("STS_002", "Low", "-- ", "NED"),
        (None, None, None, None),
        ("NOTES", None, None, None),
        ("Outcome: not a patient", None, None, None),
    ]
    clinical = read_clinical(write(tmp_path / "a.xlsx", rows))
    assert clinical["case"].tolist() == ["STS_001", "STS_002", "STS_003"]
    assert clinical["outcome"].tolist() == ["Mets – lungs", "--", "Recurrence – local"]
    assert clinical["included"].tolist() == [1, 1, 0]
    assert clinical["target"].tolist()[:2] == [1, 0]
    assert clinical["target"].isna().tolist() == [False, False, True]
    assert lung_metastasis(clinical["outcome"]).tolist() == [1, 0, 0]


@pytest.mark.parametrize("text", ["Alive", "N/A", None, "Mets –", "Metastatic?", "-"])
def test_an_unknown_outcome_excludes_the_patient_with_its_text(tmp_path: Path, text: str | None) -> None:
    clinical = read_clinical(write(tmp_path / "a.xlsx", [("A", "High", text, "D"), ("B", "Low", "--", "NED")]))
    assert clinical["included"].tolist() == [0, 1]
    assert f"unknown outcome {text or ''!r}" in clinical["reason"][0]


def test_a_blank_row_between_patients_loses_nobody(tmp_path: Path) -> None:
    rows = [("A", "High", "--", "NED"), (None,) * 4, ("B", "High", "--", "NED")]
    assert read_clinical(write(tmp_path / "a.xlsx", rows))["case"].tolist() == ["A", "B"]


def test_metastases_elsewhere_are_metastases_but_not_of_the_lung() -> None:
    assert lung_metastasis(pd.Series(["Mets – arms", "Mets – lungs", "Mets - Lungs", "--"])).tolist() == [0, 1, 1, 0]


def test_broken_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"no\.xlsx: the clinical table is missing"):
        read_clinical(tmp_path / "no.xlsx")
    (tmp_path / "text.xlsx").write_text("Patient ID,Outcome\n")
    with pytest.raises(ReradError, match=r"text\.xlsx: cannot be read as a workbook"):
        read_clinical(tmp_path / "text.xlsx")
    with pytest.raises(ReradError, match=r"'Outcome \(recurrence, mets\)' is missing.*'Grade'"):
        read_clinical(write(tmp_path / "c.xlsx", [("A", "High")], header=("Patient ID", "Grade")))
    with pytest.raises(ReradError, match="A has more than one row"):
        read_clinical(write(tmp_path / "d.xlsx", [("A", "High", "--", "D"), ("A", "Low", "--", "D")]))
