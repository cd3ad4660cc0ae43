"""The clinical table of a phantom cohort, in the layout of the real one."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
from openpyxl import Workbook

from rerad.core.files import atomic
from rerad.core.seeds import derive

# As the collection prints them: U+2013 dashes, and blanks around some names.
COLUMNS = [
    "Patient ID",
    "Age",
    "Sex",
    "Histological type",
    "MSKCC type",
    "Site of primary STS",
    "Grade",
    "Time – diagnosis to MRI scan (days)",
    "Time – MRI scan to PET scan (days)",
    "Treatment",
    "Outcome (recurrence, mets)",
    "Time – diagnosis to outcome (days)",
    "Status (NED, AWD, D)",
    "Time – diagnosis to last follow-up (days)",
]
NOTES = [
    "NOTES",
    "PHANTOM: none of these patients exists.",
    "Status: No Evidence of Disease (NED), Alive With Disease (AWD), Dead (D).",
    "N/A: Not Available",
]
KINDS = [("pleiomorphic leiomyosarcoma", "Leiomyosarcoma"), ("myxofibrosarcoma", "MFH"), ("liposarcoma", "Liposarcoma")]
SITES = ["left thigh", "right thigh", "right buttock", "left calf"]
GRADES = ["Low", "Intermediate", "High", "N/A"]
TREATMENTS = ["Radiotherapy + Surgery", "Surgery + Chemotherapy", "Radiotherapy + Surgery + Chemotherapy"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can hold
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def write_clinical(path: Path, outcomes: list[tuple[str, str]], seed: int) -> None:
    """Write (case, outcome as printed) as a workbook whose bytes depend on nothing else but the seed.

    Everything but the outcome, and what follows from it, is drawn at random.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "Clinical Information"
    sheet.append(COLUMNS)
    for case, outcome in outcomes:
        sheet.append(_patient(case, outcome, np.random.default_rng(derive(seed, "phantom", "clinical", case))))
    for note in (None, None, *NOTES):
        sheet.append([note, *[None] * (len(COLUMNS) - 1)])
    sheet = book.create_sheet("Outcome vector")
    sheet.append(["Patient ID", "LungMets"])
    for case, outcome in outcomes:
        sheet.append([case, int(outcome == "Mets – lungs")])
    stream = io.BytesIO()
    book.save(stream)
    with atomic(path) as part:
        part.write_bytes(_undated(stream.getvalue()))


def _patient(case: str, outcome: str, generator: np.random.Generator) -> list[str | int]:
    kind, group = KINDS[generator.integers(len(KINDS))]
    event = outcome != "--"
    days = int(generator.integers(60, 800))
    return [
        case,
        int(generator.integers(16, 84)),
        str(generator.choice(["Male", "Female"])),
        kind,
        group,
        str(generator.choice(SITES)),
        str(generator.choice(GRADES)),
        int(generator.integers(-30, 20)),
        int(generator.integers(0, 40)),
        str(generator.choice(TREATMENTS)),
        outcome,
        days if event else "--",
        str(generator.choice(["AWD", "D"])) if event else "NED",
        days + int(generator.integers(60, 1000)),
    ]


def _undated(content: bytes) -> bytes:
    """Return a workbook without the time at which it was written."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMP.sub(b"1980-01-01T00:00:00Z", data)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)
    return result.getvalue()
