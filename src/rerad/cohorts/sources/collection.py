"""A collection of DICOM series: which of them are wanted, where they lie, and which structures belong to the images.

An archive's lists say the modality of a structure, but not the image that it was drawn on: names have typos, and one
patient may have a structure for each of several images. So all structures of the wanted patients are fetched, and
those that refer to no fetched image are left out of the manifest. They stay in the folder: else each run would fetch
them anew.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rerad.cohorts.sources.remote import Estimate, Row, inside
from rerad.core.errors import CaseError, ConfigError, ReradError

log = logging.getLogger(__name__)

STRUCTURES = ("RTSTRUCT", "SEG")
SHOWN = 5


class Wanted(NamedTuple):
    """What the settings ask for; an empty tuple of patients or series is all of them."""

    collection: str
    modalities: tuple[str, ...]
    structures: tuple[str, ...]
    patients: tuple[str, ...]
    series: tuple[str, ...]


class Series(NamedTuple):
    """One series as an archive lists it; ``size`` in bytes, None if the archive does not say it."""

    patient: str
    modality: str
    uid: str
    files: int
    size: int | None
    licence: str
    doi: str

    @property
    def folder(self) -> str:
        """``<PatientID>/<Modality>/<SeriesInstanceUID>``."""
        return f"{self.patient}/{self.modality}/{self.uid}"

    def __str__(self) -> str:
        return f"{self.patient}, {self.modality} series {self.uid}"


def wanted(settings: dict[str, Any], where: str) -> Wanted:
    """Read which series the settings ask for.

    ``settings``: ``collection``; ``modalities`` (of images); ``structures`` (RTSTRUCT, SEG; none: no structures);
    optionally ``patients`` (PatientIDs) and ``series`` (SeriesInstanceUIDs of images).

    Raises:
        ConfigError: a key is missing or has an impossible value; ``where`` is the part of the settings.
    """
    if not settings.get("collection"):
        raise ConfigError("'collection' is missing", where=where)
    lists = {}
    for key in ("modalities", "structures", "patients", "series"):
        value = settings.get(key) or []
        if isinstance(value, str) or not all(isinstance(part, str) and part for part in value):
            raise ConfigError(f"{value!r} is no list of names", where=f"{where}.{key}", remedy="Write [one, two]")
        lists[key] = tuple(dict.fromkeys(value))
    if not lists["modalities"]:
        raise ConfigError("no modality is named", where=f"{where}.modalities", remedy="Write for instance [PT, CT]")
    for name in lists["structures"]:
        if name not in STRUCTURES or name in lists["modalities"]:
            what = f"{name!r} is none of {', '.join(STRUCTURES)}, or stands in modalities too"
            raise ConfigError(what, where=f"{where}.structures")
    return Wanted(settings["collection"], **lists)


def choose(listed: Iterable[Series], want: Wanted, *, where: str) -> list[Series]:
    """Return the wanted images and all structures of their patients, by patient, modality and UID.

    Raises:
        ReradError: a modality, a patient or a series is not in the collection, or a name cannot be a folder's.
    """
    listed = [_checked(series, where) for series in listed]
    images = [
        series
        for series in listed
        if series.modality in want.modalities
        and (not want.patients or series.patient in want.patients)
        and (not want.series or series.uid in want.series)
    ]
    for key, names, found in (
        ("series", want.series, {series.uid for series in images}),
        ("patient", want.patients, {series.patient for series in images}),
        ("series of modality", want.modalities, {series.modality for series in images}),
    ):
        if missing := [name for name in names if name not in found]:
            raise ReradError(
                f"no {key} {missing[0]!r} among the images that are asked for",
                where=f"{where}, {want.collection}",
                remedy=f"Check collection, modalities, patients and series. It has {_listing(listed)}",
            )
    patients = {series.patient for series in images}
    structures = [series for series in listed if series.modality in want.structures and series.patient in patients]
    # A set, because an archive may list a series twice.
    return sorted({*images, *structures}, key=lambda series: (series.patient, series.modality, series.uid))


def _checked(series: Series, where: str) -> Series:
    """Refuse names that would lead elsewhere or hide, as folders."""
    patient = series.patient
    inside(patient, where=where)
    if "/" in patient or "\\" in patient or patient.startswith(".") or patient != patient.strip():
        raise ReradError(f"the PatientID {patient!r} cannot name a folder", where=where)
    if not re.fullmatch(r"[A-Z0-9]{1,16}", series.modality):  # a code string, PS3.5 section 6.2
        raise ReradError(f"{series.modality!r} is no modality", where=f"{where}, {patient}")
    if not re.fullmatch(r"(?=.{1,64}$)\d+(\.\d+)*", series.uid, re.ASCII):  # PS3.5 section 9.1
        raise ReradError(f"{series.uid!r} is no SeriesInstanceUID", where=f"{where}, {patient}")
    return series


def _listing(listed: Sequence[Series]) -> str:
    counts = {name: sum(series.modality == name for series in listed) for name in sorted({s.modality for s in listed})}
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing"


def estimate_of(chosen: Sequence[Series]) -> Estimate:
    """Return how many files and bytes series have, structures of other images included."""
    sizes = [series.size for series in chosen if series.size is not None]
    return Estimate(sum(series.files for series in chosen), sum(sizes) if len(sizes) == len(chosen) else None)


def referring(folder: Path, rows: Sequence[Row], want: Wanted) -> list[Row]:
    """Return the rows without the structures that refer to no image among them.

    A structure that cannot be read stays: preparing its patient says what is wrong with it.
    """
    from rerad.imaging.dicom.references import references  # loads pydicom

    images = {_series(row) for row in rows if _modality(row) not in want.structures}
    kept: list[Row] = []
    used: set[str] = set()
    left_out = 0
    for row in rows:
        if _modality(row) in want.structures:
            try:
                found = references(folder / row.file) & images
            except CaseError as error:
                log.warning("%s", error)
                found = frozenset({""})
            if not found:
                left_out += 1
                log.debug("%s refers to no image of the manifest", row.file)
                continue
            used |= found
        kept.append(row)
    if left_out:
        log.info("%d structures refer to images that are not asked for: left out of the manifest", left_out)
    if bare := sorted({row.file.rpartition("/")[0] for row in kept if _series(row) in images - used}):
        if want.structures:
            names = ", ".join(bare[:SHOWN]) + (f" and {len(bare) - SHOWN} more" if len(bare) > SHOWN else "")
            log.warning("no structure refers to %s", names)
    return kept


def _modality(row: Row) -> str:
    return row.file.split("/")[1]


def _series(row: Row) -> str:
    return row.file.split("/")[2]
