"""Which patients of the collection are taken: by hand on a small index, and on the one that is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rerad.cohorts import archives
from rerad.cohorts.breast import selection
from rerad.cohorts.breast.clinical import read_lesions
from rerad.cohorts.breast.parts import parts
from rerad.cohorts.breast.selection import Chosen, choose
from rerad.cohorts.sources.idc import index_file
from rerad.core.errors import ConfigError, ReradError


def write_table(path: Path, rows: dict[str, Sequence[Any]]) -> Path:
    """Write a table as the collection's: a line of headings above the names, two lesions, one column between."""
    lines = [["Clinical data", "", "", ""], ["Patient ID", "tumor/benign1", "Pathology1", "tumor/benign2 "]]
    lines += [[patient, lesions[0], 3, lesions[1]] for patient, lesions in rows.items()]
    pd.DataFrame(lines).to_excel(path, header=False, index=False)
    return path


@pytest.fixture
def settings(root: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "config" / "config.yaml").read_text())["cohorts"]["breast"]["idc"])


@pytest.fixture
def small_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patients A to F, each with phases 7 and 10 and a SEG; G without a SEG, H with two."""
    lines = []
    for patient in "ABCDEFGH":
        series = [(7, "Registered AX Sen Vibrant+f +C"), (10, "Registered AX Sen Vibrant +C"), (7, "AX Sen Vibrant +C")]
        series += [(500, "Registered AX Sen Vibrant MultiPhase"), (3, "Registered AX Sen Vibrant MASK+F+C")]
        lines += [(patient, "MR", f"{patient}.{number}.{text}", text, str(number)) for number, text in series]
        lines += [(patient, "SEG", f"{patient}.seg{index}", "ROI", "500") for index in range("GABCDEFH".count(patient))]
    lines = [line for line in lines if line[:2] != ("G", "SEG")] + [("H", "SEG", "H.more", "ROI", "501")]
    table = pd.DataFrame(lines, columns=selection.COLUMNS).assign(collection_id="advanced_mri_breast_lesions")
    table.to_parquet(tmp_path / "index.parquet")
    monkeypatch.setattr(selection, "index_file", lambda: tmp_path / "index.parquet")


def test_the_first_of_each_kind_and_then_the_next_as_normal(
    tmp_path: Path, settings: dict[str, Any], small_index: None
) -> None:
    table = {
        "H": (1, ""),
        "G": (1, ""),
        "F": (0, -1),
        "E": (1, ""),
        "D": (0, ""),
        "C": (1, 0),
        "B": (1, "-1"),
        "A": (0, ""),
    }
    clinical = str(write_table(tmp_path / "c.xlsx", table))
    chosen = choose(settings | {"clinical": clinical, "normal": 1, "benign": 2, "malignant": 1})
    assert [(one.patient, one.group) for one in chosen] == [
        ("A", "benign"), ("B", "malignant"), ("D", "benign"), ("E", "normal"),
    ]  # fmt: skip
    assert chosen[0] == Chosen("A", "benign", "A.7.Registered AX Sen Vibrant+f +C", "A.seg0")
    with pytest.raises(ReradError, match="2 patients for 3 in the group malignant, of 5 with"):
        choose(settings | {"clinical": clinical, "malignant": 3, "benign": 3, "normal": 0})


def test_the_installed_index_has_24_patients_of_one_phase(tmp_path: Path, settings: dict[str, Any]) -> None:
    columns = [*selection.COLUMNS, "license_short_name", "instanceCount", "series_size_MB"]
    wanted = [("collection_id", "==", settings["collection"])]
    everything = pd.read_parquet(index_file(), columns=columns, filters=wanted).set_index("SeriesInstanceUID")
    drawn = sorted(everything.loc[everything["Modality"] == "SEG", "PatientID"])
    assert len(drawn) == 99
    table = {patient: (index % 2, "") for index, patient in enumerate(drawn)}
    settings = settings | {"clinical": str(write_table(tmp_path / "c.xlsx", table))}
    chosen = choose(settings)
    assert Counter(one.group for one in chosen) == {"malignant": 10, "benign": 10, "normal": 4}
    images = everything.loc[[one.image for one in chosen]]
    assert images["PatientID"].tolist() == [one.patient for one in chosen]
    assert images["SeriesDescription"].str.match(r"Registered AX Sen Vibrant.*\+C").all()
    assert not images["SeriesDescription"].str.contains("MASK|MultiPhase").any()
    assert images["license_short_name"].eq("CC BY 4.0").all()
    masks = everything.loc[[one.segmentation for one in chosen]]
    assert (masks["Modality"].unique().tolist(), masks["instanceCount"].sum()) == (["SEG"], 24)
    megabytes = images["series_size_MB"].sum() + masks["series_size_MB"].sum()
    files = images["instanceCount"].sum() + 24
    (part,) = parts("idc", settings)
    told = archives.expected([part])
    assert told == f"about {files:,} files, {megabytes / 1e3:,.2f} GB"
    assert 1.4 < megabytes / 1e3 < 1.8
    assert parts("phantom", {}) == []


def test_without_the_clinical_table_the_remedy_is_told(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="which lesions are malignant") as caught:
        parts("idc", settings)
    assert "c7x1-yn57" in str(caught.value)
    (tmp_path / "c.xlsx").write_bytes(b"no workbook")
    with pytest.raises(ReradError, match="cannot be read as a workbook"):
        choose(settings | {"clinical": str(tmp_path / "c.xlsx")})


def test_the_table_is_read_as_it_is(tmp_path: Path) -> None:
    path = write_table(tmp_path / "c.xlsx", {"A": (1, 0), "B": (-1, ""), "C": ("", 0.0)})
    assert read_lesions(path) == {"A": ["malignant", "benign"], "B": [], "C": ["benign"]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [([["A", 2, 3, ""]], "'2' as a lesion of A"), ([["A", 1, 3, ""], ["A", 0, 3, ""]], "A has two rows")],
)
def test_a_broken_table_is_told(tmp_path: Path, rows: list[list[Any]], message: str) -> None:
    names = ["Patient ID", "tumor/benign1", "Pathology1", "tumor/benign2"]
    pd.DataFrame([names, *rows]).to_excel(tmp_path / "c.xlsx", header=False, index=False)
    with pytest.raises(ReradError, match=message):
        read_lesions(tmp_path / "c.xlsx")
    pd.DataFrame([["Patient", "x"]]).to_excel(tmp_path / "c.xlsx", header=False, index=False)
    with pytest.raises(ReradError, match="no row of column names"):
        read_lesions(tmp_path / "c.xlsx")
