"""An acquired folder is whole, and only what its manifest says; an archive's cohort is prepared like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from archive_server import ArchiveServer, serve
from archives import tar_bytes

from rerad.cohorts import expected, parts
from rerad.cohorts.brats.acquire import acquire
from rerad.cohorts.manifest import check_file, read_manifest
from rerad.cohorts.sources import msd
from rerad.core.errors import ConfigError, ReradError


def local(folder: Path, raw: Path, grades: Path | None = None) -> None:
    settings = {"path": str(raw), "grades": str(grades) if grades else None, "licence": "CC BY 4.0", "doi": "10.1/x"}
    acquire(folder, source="local", settings=settings, seed=0)


def test_a_local_source_is_linked_and_listed(raw: Path, tmp_path: Path) -> None:
    (raw / "README.txt").write_text("not a scan")
    (raw / "HGG" / "._shadow_t1.nii.gz").write_text("a shadow")
    (raw / "name_mapping.csv").write_text("Grade,BraTS_2019_subject_ID\nHGG,other\n")
    folder = tmp_path / "data" / "brats"
    local(folder, raw)
    manifest = read_manifest(folder)
    wanted = {str(path.relative_to(raw)) for path in raw.rglob("PHANTOM_*.gz")} | {"name_mapping.csv"}
    assert set(manifest) == wanted
    for file, entry in manifest.items():
        assert check_file(folder, file, entry).read_bytes() == (raw / file).read_bytes()
        assert (folder / file).is_symlink()
    lines = (folder / "manifest.csv").read_text().splitlines()
    assert all(line.endswith(",CC BY 4.0,10.1/x") for line in lines[1:])
    assert "10.1109/TMI.2014.2377694" in (folder / "ATTRIBUTION.md").read_text()


def test_a_table_of_grades_elsewhere_takes_its_usual_name(raw: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("Grade,BraTS_2019_subject_ID\nHGG,other\n")
    local(tmp_path / "data" / "brats", raw, table)
    assert (tmp_path / "data" / "brats" / "name_mapping.csv").read_bytes() == table.read_bytes()
    with pytest.raises(ReradError, match=r"none\.csv: cannot be read as a table"):
        local(tmp_path / "data" / "brats", raw, tmp_path / "none.csv")
    assert (tmp_path / "data" / "brats" / "name_mapping.csv").exists()


def test_folders_without_cases_and_unknown_sources_are_refused(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "scan.nii.gz").write_text("")
    with pytest.raises(ReradError, match="no file is named as in a BraTS release"):
        local(tmp_path / "brats", tmp_path / "empty")
    with pytest.raises(ReradError, match=r"nowhere: no such folder\. Set cohorts\.brats\.local\.path"):
        local(tmp_path / "brats", tmp_path / "nowhere")
    with pytest.raises(ReradError, match="another folder"):
        local(raw, raw)
    with pytest.raises(ConfigError, match="'idc' is no source"):
        acquire(tmp_path / "brats", source="idc", settings={}, seed=0)
    assert not (tmp_path / "brats").exists()


def test_a_phantom_says_what_it_is(phantom: Path) -> None:
    files = {str(path.relative_to(phantom)) for path in phantom.rglob("*") if path.is_file()}
    assert set(read_manifest(phantom)) == files - {"manifest.csv", "ATTRIBUTION.md"}
    assert (phantom / "ATTRIBUTION.md").read_text().startswith("# PHANTOM")


@pytest.fixture
def decathlon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    """A server with the Decathlon's archive: two cases, an unlabelled one, a shadow."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    generator, folder = np.random.default_rng(0), "Task01_BrainTumour"
    files = {f"{folder}/dataset.json": b"{}", f"{folder}/imagesTr/._BRATS_001.nii.gz": b"shadow"}
    for number in (1, 2, 485):
        brain = np.zeros((4, 12, 14, 10))
        brain[:, 2:9, 3:12, 1:8] = generator.integers(1, 900, (4, 7, 9, 7))
        labels = np.zeros((12, 14, 10), np.uint8)
        labels[3:6, 4:8, 2:4], labels[4:6, 5:8, 2:4], labels[4, 5, 2:4] = 1, 2, 3
        joined = sitk.JoinSeries([sitk.GetImageFromArray(channel.astype(np.float32)) for channel in brain])
        place = "imagesTs" if number == 485 else "imagesTr"
        for name, image in ((place, joined), ("labelsTr", sitk.GetImageFromArray(labels)))[: 1 if number == 485 else 2]:
            sitk.WriteImage(image, str(tmp_path / "scan.nii.gz"))
            files[f"{folder}/{name}/BRATS_{number:03d}.nii.gz"] = (tmp_path / "scan.nii.gz").read_bytes()
    content = tar_bytes(files)
    monkeypatch.setattr(msd, "SIZE", len(content))
    monkeypatch.setattr(msd, "CHECKSUM", f"md5:{hashlib.md5(content).hexdigest()}")
    with serve() as server:
        server.put("/Task01_BrainTumour.tar", content)
        yield server


def test_the_decathlon_becomes_a_cohort(
    decathlon: ArchiveServer, tmp_path: Path, run: Callable[..., SimpleNamespace]
) -> None:
    folder = tmp_path / "data" / "brats"
    acquire(folder, source="msd", settings={"api": decathlon.url("")}, seed=0)
    manifest = read_manifest(folder)
    assert len(manifest) == 5
    credit = (folder / "ATTRIBUTION.md").read_text()
    for told in ("10.48550/arXiv.1902.09063", "CC-BY-SA-4.0", "Menze", "Antonelli"):
        assert told in credit
    result = run(folder)
    assert result.cases["case"].tolist() == ["BRATS_001", "BRATS_002"]
    assert set(result.cases["label_coding"]) == {"decathlon"}
    assert result.cases["grade"].tolist() == ["", ""]
    assert result.cases["et_ml"].tolist() == [0.002, 0.002]  # 2 voxels enhance, 12 with them are core
    assert result.cases["tc_ml"].tolist() == [0.012, 0.012]
    assert result.cases["wt_ml"].tolist() == [0.024, 0.024]
    assert result.cases["box_shape"].tolist() == ["7 9 7", "7 9 7"]


def test_what_archives_there_are_a_dry_run_knows(decathlon: ArchiveServer) -> None:
    assert expected(parts("brats", "msd", {})).startswith("about 1 files, 0.00 GB")
    assert expected(parts("brats", "phantom", {})) == expected(parts("brats", "local", {})) == "nothing to download"
    assert parts("brats", "synapse", {"entities": ["syn1"]})[0].source == "synapse"
    assert decathlon.asked == []
