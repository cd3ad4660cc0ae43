"""A cohort's folder is filled as a whole from one of its sources, and says where its files come from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rerad.cohorts.acquiring import Acquired, credit_phantom, downloads, fill, link_local, link_measured, listed
from rerad.cohorts.manifest import Row, measured, read_manifest
from rerad.core.errors import ConfigError, ReradError


def write(part: Path) -> Acquired:
    (part / "A").mkdir()
    (part / "A" / "x.bin").write_bytes(b"abc")
    return measured(part, {"A/x.bin": "file:///x"}), "who made it\n"


def test_what_was_there_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cohort"
    fill(folder, "own", {"own": write}, cohort="any")
    assert (folder / "ATTRIBUTION.md").read_text() == "who made it\n"
    assert list(read_manifest(folder)) == ["A/x.bin"]

    def fail(part: Path) -> Acquired:
        (part / "half").write_text("")
        raise ReradError("gone", where="here")

    with pytest.raises(ReradError, match="gone"):
        fill(folder, "own", {"own": fail}, cohort="any")
    assert sorted(path.name for path in folder.iterdir()) == ["A", "ATTRIBUTION.md", "manifest.csv"]
    (folder / "stale").write_text("")
    fill(folder, "own", {"own": write}, cohort="any")
    assert not (folder / "stale").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == [".cohort.lock", "cohort"]


def test_an_unknown_source_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fill(tmp_path / "cohort", "web", {"local": write, "phantom": write}, cohort="any")
    told = "cohorts.any.source: 'web' is no source of this cohort. Write one of local, phantom"
    assert str(caught.value) == told
    assert list(tmp_path.iterdir()) == []


def test_a_local_file_is_linked_measured_and_credited(tmp_path: Path) -> None:
    origin, part = tmp_path / "mine" / "x.bin", tmp_path / "part"
    origin.parent.mkdir()
    origin.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    settings = {"licence": "CC BY 3.0", "doi": None}
    rows, credit = link_local(
        part, {"A/x.bin": origin}, settings, path=origin.parent, cite="Cite:\n\n- me", what="files"
    )
    assert rows == [Row("A/x.bin", 3, digest, origin.as_uri(), "CC BY 3.0", "")]
    assert (part / "A" / "x.bin").readlink() == origin
    lead = f"Linked from `{origin.parent}`; they belong to whoever provides that folder."
    assert credit == f"# Where these files come from\n\n{lead}\nCite:\n\n- me\n"
    assert link_measured(part, {"y.bin": origin}, doi="10.1/2") == [
        Row("y.bin", 3, digest, origin.as_uri(), "", "10.1/2")
    ]


def test_a_phantom_says_what_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / "b").write_text("b")
    (tmp_path / "a").write_text("a")
    rows, credit = credit_phantom(tmp_path, seed=7, about="glioma")
    assert [(row.file, row.url) for row in rows] == [("B/b", ""), ("a", "")]
    assert credit == (
        "# PHANTOM\n\nThese scans and patients do not exist: ReRad drew them (seed 7). "
        "No result on them says anything about glioma.\n"
    )


def test_downloads_lie_beside_the_cohort_and_citations_are_a_list() -> None:
    assert downloads(Path("data/sts")) == Path("data/downloads/sts")
    assert listed(["A. 2020.", "B. 2021."]) == "- A. 2020.\n- B. 2021."
