"""Segmentations are found by their names, and of several the first scan's corrected one is taken."""

from __future__ import annotations

import pytest

from rerad.cohorts.tcga_gbm.naming import Segmentation, choose, find_segmentations, is_expression, is_segmentation
from rerad.core.errors import CaseError

STEM = "a/TCGA-02-0006/TCGA-02-0006_1996.08.23"


def test_of_a_released_folder_only_the_segmentations_count() -> None:
    files = [
        f"{STEM}_{kind}.nii.gz"
        for kind in ("t1", "t1Gd", "t2", "flair", "GlistrBoost", "GlistrBoost_ManuallyCorrected")
    ]
    found = find_segmentations(
        [*files, "a/data_mrna_affymetrix_microarray.txt", "a/._TCGA-02-0006_1996.08.23_t1.nii.gz"]
    )
    assert found == {
        "TCGA-02-0006": [
            Segmentation(f"{STEM}_GlistrBoost.nii.gz", "1996.08.23", 0),
            Segmentation(f"{STEM}_GlistrBoost_ManuallyCorrected.nii.gz", "1996.08.23", 1),
        ]
    }
    assert choose("TCGA-02-0006", found["TCGA-02-0006"]).corrected == 1


def test_the_first_scan_counts_even_if_only_a_later_one_is_corrected() -> None:
    files = [f"{STEM}_GlistrBoost.nii", "TCGA-02-0006_1997.01.01_GlistrBoost_ManuallyCorrected.nii.gz"]
    (found,) = find_segmentations(files).values()
    assert choose("TCGA-02-0006", found) == Segmentation(files[0], "1996.08.23", 0)


def test_two_files_of_the_same_name_are_both_told() -> None:
    (found,) = find_segmentations([f"{STEM}_GlistrBoost.nii", f"b/{STEM}_GlistrBoost.nii.gz"]).values()
    with pytest.raises(CaseError, match=r"TCGA-02-0006: 2 segmentations: a/.*\.nii, b/a/.*\.nii\.gz"):
        choose("TCGA-02-0006", found)


def test_names() -> None:
    assert is_segmentation("TCGA-02-0006_1996.08.23_GlistrBoost.nii.gz")
    for name in (
        "TCGA-02-0006_GlistrBoost.nii.gz",
        "TCGA-02-0006_1996.08.23_t1.nii.gz",
        "x_1996.08.23_GlistrBoost.nii",
    ):
        assert not is_segmentation(name)
    for name in ("data_mrna_affymetrix_microarray.txt", "files.csv", "a.rna_seq.augmented_star_gene_counts.tsv"):
        assert is_expression(name)
    assert not is_expression("meta_mrna_affymetrix_microarray.txt")
