"""One sample a patient: primary tumours only, and of replicates always the same one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rerad.cohorts.barcodes import PRIMARY, by_preference, read_barcode


class Note(NamedTuple):
    """What the patient flow says of a patient's expression."""

    patient: str
    status: str
    reason: str


def one_a_patient(barcodes: Sequence[str]) -> tuple[dict[str, int], list[Note]]:
    """Return patient → index of the sample to take, in order, and what was decided on the way.

    Primary tumours count; of several samples or aliquots the first vial, then GDAC Firehose's rules, see
    :func:`rerad.cohorts.barcodes.by_preference`.
    """
    of_patient: dict[str, list[int]] = {}
    for index, barcode in enumerate(barcodes):
        sample = read_barcode(barcode)
        if sample is None:
            raise ValueError(f"{barcode!r} is no barcode")  # readers refuse such a name
        of_patient.setdefault(sample.patient, []).append(index)
    chosen, notes = {}, []
    for patient, indices in sorted(of_patient.items()):
        primary = [index for index in indices if _is_primary(barcodes[index])]
        others = sorted(barcodes[index] for index in indices if index not in primary)
        if not primary:
            notes.append(Note(patient, "excluded", f"no sample of a primary tumour: {', '.join(others)}"))
            continue
        first, *left = by_preference(primary, lambda index: barcodes[index])
        chosen[patient] = first
        if left or others:
            told = [f"{barcodes[index]} (replicate)" for index in left] + [f"{name} (no primary)" for name in others]
            notes.append(Note(patient, "noted", f"{barcodes[first]} is taken, left out: {', '.join(told)}"))
    return chosen, notes


def _is_primary(barcode: str) -> bool:
    sample = read_barcode(barcode)
    return sample is not None and sample.kind == PRIMARY
