"""An acquired folder holds expression and segmentations and nothing else, from a folder or from archives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from archive_server import ArchiveServer, serve
from archives import tar_bytes

from rerad.cohorts import expected, parts
from rerad.cohorts.manifest import check_file, read_manifest
from rerad.cohorts.sources import client
from rerad.cohorts.tcga_gbm.acquire import acquire
from rerad.core.errors import ConfigError, ReradError

NAME = "data_mrna_affymetrix_microarray.txt"
GDC = {"project": "TCGA-GBM", "data_type": "Gene Expression Quantification", "workflow": "STAR - Counts"}


def local(folder: Path, raw: Path) -> None:
    acquire(folder, source="local", settings={"path": str(raw), "licence": "CC BY 3.0", "doi": "10.1/x"}, seed=0)


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    with serve() as server:
        yield server


def test_a_local_source_is_linked_and_listed(raw: Path, tmp_path: Path) -> None:
    for name in ("PHANTOM-00-0001_2000.01.01_t1Gd.nii.gz", "meta.txt", "._PHANTOM-00-0001_2000.01.01_GlistrBoost.nii"):
        (raw / "segmentations" / name).write_text("nothing that is needed")
    folder = tmp_path / "data" / "tcga_gbm"
    local(folder, raw)
    manifest = read_manifest(folder)
    wanted = {str(path.relative_to(raw)) for path in raw.rglob("*_ManuallyCorrected.nii.gz")} | {f"cbioportal/{NAME}"}
    assert set(manifest) == wanted
    for file, entry in manifest.items():
        assert check_file(folder, file, entry).read_bytes() == (raw / file).read_bytes()
        assert (folder / file).is_symlink()
    assert all(line.endswith(",CC BY 3.0,10.1/x") for line in (folder / "manifest.csv").read_text().splitlines()[1:])
    assert "10.7937/K9/TCIA.2017.KLXWJJ1Q" in (folder / "ATTRIBUTION.md").read_text()


def test_a_folder_that_lacks_one_of_both_is_refused(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"segmentations: no file of gene expression\. Bring data_mrna"):
        local(tmp_path / "x", raw / "segmentations")
    with pytest.raises(ReradError, match=r"cbioportal: no file is named as in BraTS-TCGA-GBM"):
        local(tmp_path / "x", raw / "cbioportal")
    with pytest.raises(ReradError, match=r"no such folder\. Set cohorts\.tcga_gbm\.local\.path"):
        local(tmp_path / "x", tmp_path / "nowhere")
    with pytest.raises(ReradError, match="another folder"):
        local(raw, raw)
    with pytest.raises(ConfigError, match="'tcia' is no source"):
        acquire(tmp_path / "x", source="tcia", settings={}, seed=0)
    assert not (tmp_path / "x").exists()


def test_a_phantom_says_what_it_is(phantom: Path) -> None:
    files = {str(path.relative_to(phantom)) for path in phantom.rglob("*") if path.is_file()}
    assert set(read_manifest(phantom)) == files - {"manifest.csv", "ATTRIBUTION.md"}
    assert (phantom / "ATTRIBUTION.md").read_text().startswith("# PHANTOM")


def test_expression_of_cbioportal_meets_segmentations_of_a_folder(
    archive: ArchiveServer, phantom: Path, raw: Path, tmp_path: Path, run: Callable[..., SimpleNamespace]
) -> None:
    table = (phantom / "cbioportal" / NAME).read_bytes()
    archive.put("/gbm_tcga.tar.gz", tar_bytes({f"gbm_tcga/{NAME}": table, "gbm_tcga/meta.txt": b"x"}, "w:gz"))
    checksum = f"sha256:{hashlib.sha256(table).hexdigest()}"
    settings = {"api": archive.url(""), "files": {NAME: checksum}, "segmentations": str(raw / "segmentations")}
    folder = tmp_path / "data" / "tcga_gbm"
    acquire(folder, source="cbioportal", settings=settings, seed=0)
    assert f"cbioportal/gbm_tcga/{NAME}" in read_manifest(folder)
    credit = (folder / "ATTRIBUTION.md").read_text()
    for told in ("ODbL-1.0", "10.7908/C11G0KM9", "10.7937/K9/TCIA.2017.KLXWJJ1Q", "Cerami"):
        assert told in credit
    assert "substitute" not in credit
    result, wanted = run(folder), run(phantom, name="wanted")
    np.testing.assert_array_equal(result.expression.values, wanted.expression.values)
    assert result.cases["included"].tolist() == wanted.cases["included"].tolist()


def serve_counts(archive: ArchiveServer, aliquots: list[str]) -> dict[str, Any]:
    """Answer as the GDC does for some aliquots of three genes each."""
    hits = []
    for number, aliquot in enumerate(aliquots):
        rows = [f"ENSG{gene}.1\tG{gene}\tprotein_coding\t1\t1\t1\t{number * gene + 1}\t0\t0" for gene in (1, 2, 3)]
        head = "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded"
        content = "\n".join(["# gene-model: GENCODE v36", head, "N_unmapped\t\t\t1\t1\t1\t\t\t", *rows, ""]).encode()
        archive.put(f"/data/id{number}", content)
        hits.append(
            {
                "file_id": f"id{number}", "file_name": f"{number}.rna_seq.augmented_star_gene_counts.tsv",
                "file_size": len(content), "md5sum": hashlib.md5(content).hexdigest(),
                "cases": [{"submitter_id": aliquot[:15], "samples": [{"submitter_id": aliquot[:19]}]}],
                "associated_entities": [{"entity_submitter_id": aliquot}],
            }
        )  # fmt: skip
    archive.questions["/files"] = lambda _: {"data": {"hits": hits, "pagination": {"total": len(hits)}}, "warnings": {}}
    archive.put("/status", b'{"data_release": "45"}')
    return GDC | {"api": archive.url("")}


def test_counts_of_the_gdc_are_a_substitute_that_says_so(
    archive: ArchiveServer, raw: Path, tmp_path: Path, run: Callable[..., SimpleNamespace]
) -> None:
    patients = sorted(path.name.split("_")[0] for path in raw.rglob("*.nii.gz"))[:3]
    aliquots = [f"{patient}-01A-01R-1849-01" for patient in patients] + [f"{patients[0]}-01A-01R-1850-01"]
    settings = serve_counts(archive, aliquots) | {"segmentations": str(raw / "segmentations")}
    folder = tmp_path / "data" / "tcga_gbm"
    acquire(folder, source="gdc", settings=settings, seed=0)
    assert "It is a substitute, not the paper's cohort." in (folder / "ATTRIBUTION.md").read_text()
    result = run(folder)
    assert result.cases["case"].tolist() == patients
    assert result.cases["sample"].tolist() == [aliquots[3], aliquots[1], aliquots[2]]
    counts = np.array([[number * gene + 1 for gene in (1, 2, 3)] for number in (3, 1, 2)])
    np.testing.assert_allclose(result.expression.values, np.log2(1 + counts), rtol=1e-6)
    assert result.expression.genes["id"].tolist() == ["ENSG1.1", "ENSG2.1", "ENSG3.1"]
    reasons = result.patient_flow.set_index("case").loc[patients[0], "reason"]
    assert reasons == f"{aliquots[3]} is taken, left out: {aliquots[0]} (replicate)"
    assert (result.patient_flow["reason"] == "no expression of a primary tumour").sum() == 2
    for number in (1, 3):  # a patient's only sample, and one of two
        next(folder.glob(f"id{number}/*.tsv")).write_text("damaged")
    damaged = run(folder, name="damaged")
    assert damaged.cases["sample"].tolist() == [aliquots[0], aliquots[2]]
    rows = damaged.patient_flow[damaged.patient_flow["reason"].str.contains("changed since it was acquired")]
    assert rows[["case", "status"]].to_numpy().tolist() == [[patients[0], "noted"], [patients[1], "excluded"]]
    assert rows["reason"].tolist()[0].startswith(f"{aliquots[3]}: id3/3.rna_seq")


def test_without_segmentations_nothing_is_fetched(archive: ArchiveServer, raw: Path, tmp_path: Path) -> None:
    for source in ("cbioportal", "gdc"):
        settings = {"api": archive.url(""), "segmentations": None}
        with pytest.raises(ConfigError, match=rf"tcga_gbm\.{source}\.segmentations: null: .* Download BraTS-TCGA-GBM"):
            acquire(tmp_path / "x", source=source, settings=settings, seed=0)
        with pytest.raises(ReradError, match="no file is named as in BraTS-TCGA-GBM"):
            acquire(
                tmp_path / "x", source=source, settings=settings | {"segmentations": str(raw / "cbioportal")}, seed=0
            )
    assert archive.asked == []
    assert not (tmp_path / "x").exists()


def test_what_archives_there_are_a_dry_run_knows() -> None:
    assert expected(parts("tcga_gbm", "cbioportal", {"segmentations": "x"})).startswith("about 1 files")
    assert (
        expected(parts("tcga_gbm", "phantom", {})) == expected(parts("tcga_gbm", "local", {})) == "nothing to download"
    )
    (part,) = parts("tcga_gbm", "gdc", GDC | {"segmentations": "x"})
    assert part.settings == GDC
