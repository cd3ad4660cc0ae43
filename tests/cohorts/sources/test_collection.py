"""Which series are wanted, and which structures belong to them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from dicom_collection import IMAGES, drawn_on, make_collection

from rerad.cohorts.sources.collection import Series, choose, estimate_of, referring, wanted
from rerad.cohorts.sources.remote import Estimate, Row
from rerad.core.errors import ConfigError, ReradError

SETTINGS: dict[str, Any] = {"collection": "sts", "modalities": ["PT", "CT"], "structures": ["RTSTRUCT"]}
LISTED = [
    Series(patient, modality, f"1.{number}", 2, 10, "", "")
    for number, (patient, modality) in enumerate(
        [("b", "PT"), ("a", "PT"), ("a", "MR"), ("a", "CT"), ("a", "RTSTRUCT"), ("b", "RTSTRUCT"), ("c", "RTSTRUCT")]
    )
]


def uids(**changes: object) -> list[str]:
    return [series.uid for series in choose(LISTED, wanted(SETTINGS | changes, "idc"), where="idc")]


def test_images_come_with_all_structures_of_their_patients() -> None:
    assert uids() == ["1.3", "1.1", "1.4", "1.0", "1.5"]
    assert uids(structures=[]) == ["1.3", "1.1", "1.0"]
    assert uids(modalities=["PT"], patients=["b"]) == ["1.0", "1.5"]
    assert uids(modalities=["PT"], series=["1.1"]) == ["1.1", "1.4"]


def test_a_series_that_is_listed_twice_comes_once() -> None:
    want = wanted(SETTINGS, "idc")
    assert choose(LISTED + LISTED, want, where="idc") == choose(LISTED, want, where="idc")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modalities": ["PT", "US"]}, "no series of modality 'US' .* It has 1 CT, 1 MR, 2 PT, 3 RTSTRUCT"),
        ({"patients": ["b", "z"]}, "no patient 'z'"),
        ({"patients": ["c"]}, "no patient 'c'"),
        ({"series": ["1.1", "1.2"]}, r"no series '1\.2'"),
    ],
)
def test_what_is_not_there_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ReradError, match=message):
        uids(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"collection": ""}, "'collection' is missing"),
        ({"modalities": "PT"}, r"idc\.modalities: 'PT' is no list"),
        ({"modalities": []}, "no modality is named"),
        ({"structures": ["RTDOSE"]}, "'RTDOSE' is none of RTSTRUCT, SEG"),
        ({"modalities": ["SEG"], "structures": ["SEG"]}, "stands in modalities too"),
        ({"patients": [1]}, r"idc\.patients"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        uids(**changes)


@pytest.mark.parametrize(
    "series",
    [
        LISTED[0]._replace(patient="../b"),
        LISTED[0]._replace(patient=".."),
        LISTED[0]._replace(patient="/b"),
        LISTED[0]._replace(patient="b/c"),
        LISTED[0]._replace(patient="b\\c"),
        LISTED[0]._replace(patient=".b"),
        LISTED[0]._replace(patient="b\n"),
        LISTED[0]._replace(patient=""),
        LISTED[0]._replace(modality="../PT"),
        LISTED[0]._replace(modality=""),
        LISTED[0]._replace(uid=".."),
        LISTED[0]._replace(uid="1.2/3"),
        LISTED[0]._replace(uid="1." + "2" * 63),
        LISTED[0]._replace(uid="1.2\n"),
    ],
)
def test_names_that_would_lead_elsewhere_are_refused(series: Series) -> None:
    with pytest.raises(ReradError, match=r"would leave the folder|cannot name a folder|is no "):
        choose([*LISTED, series], wanted(SETTINGS, "idc"), where="idc")


def test_the_estimate_is_unknown_where_one_size_is() -> None:
    assert estimate_of(LISTED[:3]) == Estimate(6, 30)
    assert estimate_of([*LISTED[:2], LISTED[2]._replace(size=None)]) == Estimate(6, None)


def test_the_reference_decides_which_structures_belong(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    collection = [part for part in make_collection(tmp_path / "made") if part.modality != "MR"]
    broken = drawn_on(collection, "STS_901", "PT")
    rows = []
    for part in collection:
        for name, content in part.files.items():
            row = Row(f"{part.folder}/{name}", 1, "", "", "", "")
            (tmp_path / row.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / row.file).write_bytes(b"no DICOM" if part is broken else content)
            rows.append(row)
    with caplog.at_level(logging.INFO):
        kept = referring(tmp_path, rows, wanted(SETTINGS, "idc"))
    foreign = drawn_on(collection, "STS_900", "MR").folder
    # One that cannot be read stays, so that preparing its patient can say so.
    assert [row for row in rows if row not in kept] == [row for row in rows if row.file.startswith(foreign)]
    assert "cannot be read as DICOM" in caplog.text
    assert "1 structures refer to images that are not asked for" in caplog.text
    assert "no structure refers to STS_901/PT/" in caplog.text
    images = [row for row in rows if "/".join(row.file.split("/")[:2]) in IMAGES]
    assert referring(tmp_path, images, wanted(SETTINGS | {"structures": []}, "idc")) == images
