"""An acquired folder is whole, and only what its manifest says."""

from pathlib import Path

import pandas as pd
import pytest

from rerad.cohorts.manifest import check_file, read_manifest
from rerad.cohorts.sts.acquire import acquire
from rerad.core.errors import ConfigError, ReradError


def local(folder: Path, raw: Path, clinical: Path | None = None) -> None:
    settings = {"path": str(raw), "clinical": str(clinical) if clinical else None}
    acquire(folder, source="local", settings=settings, seed=0)


def test_a_local_source_is_linked_and_listed(raw: Path, tmp_path: Path) -> None:
    (raw / "README.txt").write_text("not a scan")
    (raw / "notes").mkdir()
    folder = tmp_path / "data" / "sts"
    local(folder, raw)
    manifest = read_manifest(folder)
    wanted = {str(path.relative_to(raw)) for path in raw.rglob("*") if path.suffix in (".gz", ".xlsx")}
    assert set(manifest) == wanted
    for file, entry in manifest.items():
        assert check_file(folder, file, entry).read_bytes() == (raw / file).read_bytes()
        assert (folder / file).is_symlink()
    assert "10.7937/K9/TCIA.2015.7GO2GSKS" in (folder / "ATTRIBUTION.md").read_text()
    assert sorted(path.name for path in folder.parent.iterdir()) == [f".{folder.name}.lock", folder.name]


def test_a_local_source_may_be_a_tree_of_dicom(raw_dicom: Path, tmp_path: Path) -> None:
    case = raw_dicom / "PHANTOM_001"
    first = min((case / "PT").rglob("*.dcm"))
    first.write_bytes(b"damaged")  # what lies among DICOM must not be passed over
    (case / "notes").mkdir()
    (case / "notes" / "diary.txt").write_text("no scan")
    (case / "PT" / ".hidden").write_text("")
    wanted = {str(path.relative_to(raw_dicom)) for path in raw_dicom.rglob("*") if path.suffix in (".dcm", ".xlsx")}
    (case / "CT").rename(tmp_path / "elsewhere")  # folders may be links, and links may lead back
    (case / "CT").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(case)
    (raw_dicom / "empty").mkdir()
    folder = tmp_path / "data" / "sts"
    local(folder, raw_dicom)
    manifest = read_manifest(folder)
    assert set(manifest) == wanted
    assert str(first.relative_to(raw_dicom)) in manifest
    assert all((folder / file).is_symlink() for file in manifest)


def test_licence_and_doi_of_a_local_source_are_in_its_manifest(raw: Path, tmp_path: Path) -> None:
    settings = {"path": str(raw), "clinical": None, "licence": "CC BY 3.0", "doi": "10.7937/K9/TCIA.2015.7GO2GSKS"}
    acquire(tmp_path / "sts", source="local", settings=settings, seed=0)
    manifest = pd.read_csv(tmp_path / "sts" / "manifest.csv")
    assert set(manifest["licence"]) == {"CC BY 3.0"}
    assert set(manifest["doi"]) == {"10.7937/K9/TCIA.2015.7GO2GSKS"}


def test_acquiring_again_replaces_what_is_stale(raw: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sts"
    local(folder, raw)
    gone = sorted(path for path in raw.iterdir() if path.is_dir())[0]
    for file in gone.iterdir():
        file.unlink()
    (folder / "stale.txt").write_text("old")
    local(folder, raw)
    assert not (folder / "stale.txt").exists()
    assert not (folder / gone.name).exists()


def test_a_failed_acquisition_leaves_the_old_one(raw: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sts"
    local(folder, raw)
    before = (folder / "manifest.csv").read_bytes()
    with pytest.raises(ReradError, match=r"missing\.xlsx: the clinical table is missing"):
        local(folder, raw, clinical=tmp_path / "missing.xlsx")
    assert (folder / "manifest.csv").read_bytes() == before
    assert sorted(path.name for path in folder.parent.iterdir()) == [f".{folder.name}.lock", folder.name]


def test_a_clinical_table_elsewhere_takes_its_usual_name(raw: Path, tmp_path: Path) -> None:
    other = (raw / "INFOclinical_STS.xlsx").rename(tmp_path / "table.xlsx")
    folder = tmp_path / "data" / "sts"
    local(folder, raw, clinical=other)
    assert (folder / "INFOclinical_STS.xlsx").read_bytes() == other.read_bytes()


def test_scans_are_never_replaced_by_links_to_themselves(raw: Path) -> None:
    before = sorted(raw.rglob("*"))
    with pytest.raises(ReradError, match="another folder"):
        local(raw, raw)
    assert sorted(raw.rglob("*")) == before


def test_a_folder_without_scans_and_an_unknown_source_are_refused(raw: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ReradError, match="no case has a PET image"):
        local(tmp_path / "data" / "sts", empty, clinical=raw / "INFOclinical_STS.xlsx")
    (empty / "case").mkdir()
    (empty / "case" / "CT_image.nii.gz").write_text("")
    with pytest.raises(ReradError, match="no case has a PET image"):
        local(tmp_path / "data" / "sts", empty, clinical=raw / "INFOclinical_STS.xlsx")
    with pytest.raises(ReradError, match="no such folder"):
        local(tmp_path / "data" / "sts", tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="'web' is no source"):
        acquire(tmp_path / "data" / "sts", source="web", settings={}, seed=0)
    assert not (tmp_path / "data" / "sts").exists()


def test_a_phantom_has_the_same_layout_and_says_what_it_is(phantom: Path) -> None:
    manifest = pd.read_csv(phantom / "manifest.csv")
    files = {str(path.relative_to(phantom)) for path in phantom.rglob("*") if path.is_file()}
    assert set(manifest["file"]) == files - {"manifest.csv", "ATTRIBUTION.md"}
    assert (phantom / "ATTRIBUTION.md").read_text().startswith("# PHANTOM")
