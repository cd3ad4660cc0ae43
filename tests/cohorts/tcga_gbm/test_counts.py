"""The GDC's counts: logarithms of the wanted genes, and a reason for every sample that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rerad.cohorts.manifest import Entry
from rerad.cohorts.tcga_gbm.counts import read_counts
from rerad.cohorts.tcga_gbm.table import Expression
from rerad.core.errors import ReradError
from rerad.core.files import sha256

HEAD = (
    "# gene-model: GENCODE v36\n"
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded\n"
    "N_unmapped\t\t\t8120268\t8120268\t8120268\t\t\t\n"
    "N_multimapping\t\t\t4402480\t4402480\t4402480\t\t\t\n"
)
GENES = [("ENSG1.15", "TSPAN6", "protein_coding"), ("ENSG2.6", "XIST", "lncRNA"), ("ENSG3.1", "NA", "protein_coding")]


def content(*tpm: float | str) -> str:
    rows = [
        f"{gene}\t{name}\t{kind}\t1\t1\t1\t{value}\t0\t0" for (gene, name, kind), value in zip(GENES, tpm, strict=True)
    ]
    return HEAD + "\n".join(rows) + "\n"


def read(folder: Path, files: dict[str, str], gene_types: tuple[str, ...] = ("protein_coding",)) -> Expression:
    """Write the files of some aliquots with their table, and read them."""
    lines = ["file,file_id,sample,aliquot"]
    for aliquot, text in files.items():
        place = folder / aliquot / "x.rna_seq.augmented_star_gene_counts.tsv"
        place.parent.mkdir()
        place.write_text(text)
        lines.append(f"{place.relative_to(folder)},id,{aliquot[:16]},{aliquot if len(aliquot) > 16 else ''}")
    (folder / "files.csv").write_text("\n".join(lines) + "\n")
    manifest = {
        str(path.relative_to(folder)): Entry(path.stat().st_size, sha256(path)) for path in folder.rglob("*.*sv")
    }
    return read_counts(folder, "files.csv", manifest, column="tpm_unstranded", gene_types=gene_types)


A, B = "TCGA-02-0047-01A-01R-1849-01", "TCGA-06-0125-01A"


def test_logarithms_of_the_wanted_genes(tmp_path: Path) -> None:
    found = read(tmp_path, {A: content(3, 7, 0), B: content(1, 0, 15)})
    assert found.samples == [A, B]
    assert found.genes.to_dict("list") == {"gene": ["TSPAN6", "NA"], "id": ["ENSG1.15", "ENSG3.1"]}
    np.testing.assert_array_equal(found.values, np.array([[2, 0], [1, 4]], np.float32))
    assert found.failed == {}


def test_all_kinds_of_genes(tmp_path: Path) -> None:
    found = read(tmp_path, {A: content(3, 7, 0)}, ("lncRNA", "protein_coding"))
    np.testing.assert_array_equal(found.values, np.array([[2, 3, 0]], np.float32))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene_id\tx\n1\t2\n", "cannot be read as STAR counts"),
        ("", "cannot be read as STAR counts"),
        (HEAD, "no gene of the kinds asked for"),
        (content("x", 1, 2), "a tpm_unstranded is no number of 0 or more"),
        (content(-1, 1, 2), "a tpm_unstranded is no number of 0 or more"),
        (content("", 1, 2), "a tpm_unstranded is no number of 0 or more"),
        (content(1, 2, 3).replace("ENSG3.1", "ENSG3.2"), "its genes are others than before"),
    ],
)
def test_a_broken_file_costs_its_sample_only(tmp_path: Path, text: str, message: str) -> None:
    found = read(tmp_path, {A: content(1, 2, 3), B: text})
    assert found.samples == [A]
    assert message in str(found.failed[B])
    assert B in str(found.failed[B])


def test_without_any_sample_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"files\.csv: no sample of 1 can be read; for example TCGA.*no gene of the"):
        read(tmp_path, {A: HEAD})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,sample\nx,TCGA-02-0047-01A\n", "column 'aliquot' is missing"),
        ("file,sample,aliquot\nx,TCGA-02-0047-01A;TCGA-02-0047-01B,\n", "is no barcode of one sample"),
        ("", "cannot be read as a table"),
    ],
)
def test_a_broken_table_of_samples_is_refused(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "files.csv").write_text(table)
    with pytest.raises(ReradError, match=message):
        read_counts(tmp_path, "files.csv", {}, column="tpm_unstranded", gene_types=["protein_coding"])


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "files.csv").write_text(f"file,sample,aliquot\nx.tsv,{B},\n")
    with pytest.raises(ReradError, match=r"x\.tsv: the file is missing"):
        read_counts(tmp_path, "files.csv", {}, column="tpm_unstranded", gene_types=["protein_coding"])
