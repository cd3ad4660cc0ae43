"""One sample a patient: primary tumours, replicates by a rule, and every decision is told."""

from __future__ import annotations

from rerad.cohorts.tcga_gbm.samples import Note, one_a_patient


def test_one_primary_sample_a_patient() -> None:
    barcodes = [
        "TCGA-02-0002-02",
        "TCGA-02-0002-01",
        "TCGA-02-0003-11",
        "TCGA-02-0001-01",
    ]
    chosen, notes = one_a_patient(barcodes)
    assert list(chosen.items()) == [("TCGA-02-0001", 3), ("TCGA-02-0002", 1)]
    assert notes == [
        Note("TCGA-02-0002", "noted", "TCGA-02-0002-01 is taken, left out: TCGA-02-0002-02 (no primary)"),
        Note("TCGA-02-0003", "excluded", "no sample of a primary tumour: TCGA-02-0003-11"),
    ]


def test_replicates_are_resolved_alike_in_every_order() -> None:
    barcodes = [
        "TCGA-06-0125-01A-01R-1849-01",
        "TCGA-06-0125-01A-01R-1850-01",
        "TCGA-06-0125-01B-01R-1850-01",
    ]
    for order in (barcodes, barcodes[::-1]):
        chosen, (note,) = one_a_patient(order)
        assert order[chosen["TCGA-06-0125"]] == "TCGA-06-0125-01A-01R-1850-01"
        assert note.status == "noted"
        assert note.reason.startswith("TCGA-06-0125-01A-01R-1850-01 is taken, left out: TCGA-06-0125-01")
        assert note.reason.count("(replicate)") == 2
