"""Which patients and series of Advanced-MRI-Breast-Lesions are taken, by its index and its clinical table.

What the collection holds (index 25.0.5): 632 patients, 99 of them with one SEG of lesions. Users report that these
fit the series ``Registered AX Sen Vibrant MultiPhase``, five phases of 306 MB in one series. One phase is enough: the
later phases, registered alike, are series of their own of 61 MB (``Registered AX Sen Vibrant+f +C`` and variants of
its spelling). That the grids agree, preparing checks, frame by frame.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.cohorts.breast.clinical import read_lesions
from rerad.cohorts.breast.groups import GROUPS
from rerad.cohorts.sources.idc import index_file
from rerad.core.errors import ConfigError, ReradError

COLUMNS = ["PatientID", "Modality", "SeriesInstanceUID", "SeriesDescription", "SeriesNumber"]


class Chosen(NamedTuple):
    """A patient, its group, and the series of its image and of its lesion."""

    patient: str
    group: str
    image: str
    segmentation: str


def choose(settings: dict[str, Any]) -> list[Chosen]:
    """Return the patients to fetch, sorted; the same index and table give the same ones.

    ``settings``: ``collection``; ``description``: a pattern that the description of a wanted series begins with;
    ``normal``, ``benign``, ``malignant``: how many patients; ``clinical``: the clinical table. Only patients whose
    table names one lesion come into question, so that the mask is of a known kind. By PatientID the first of each kind
    are taken; then, as normal, the next of either kind, of whom only the healthy breast counts.

    Raises:
        ConfigError: no clinical table is set.
        ReradError: it cannot be read, the index lacks the collection, or there are fewer patients than wanted.
    """
    if not settings.get("clinical"):
        raise ConfigError(
            "null: the index does not say which lesions are malignant",
            where="cohorts.breast.idc.clinical",
            remedy="Set it to the clinical table (.xlsx) of https://doi.org/10.7937/c7x1-yn57, or run a phantom: "
            "--configfile config/demo.yaml",
        )
    key = tuple(settings[name] for name in ("collection", "description", *GROUPS))
    path = Path(settings["clinical"])
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return list(_chosen(str(path), stamp, *key))


@functools.lru_cache(maxsize=4)  # a dry run asks several times
def _chosen(
    clinical: str, stamp: int, collection: str, description: str, normal: int, benign: int, malignant: int
) -> tuple[Chosen, ...]:
    lesions = read_lesions(Path(clinical))
    series = _series(collection, description)
    single = [(patient, *series[patient]) for patient in sorted(series) if len(lesions.get(patient, ())) == 1]
    taken: dict[str, str] = {}
    for group, count in (("malignant", malignant), ("benign", benign)):
        taken |= dict.fromkeys([patient for patient, *_ in single if lesions[patient] == [group]][:count], group)
    taken |= dict.fromkeys([patient for patient, *_ in single if patient not in taken][:normal], "normal")
    for group, count in (("malignant", malignant), ("benign", benign), ("normal", normal)):
        if (there := list(taken.values()).count(group)) < count:
            raise ReradError(
                f"{there} patients for {count} in the group {group}, of {len(single)} with an image, a segmentation "
                "and one lesion",
                where=f"idc, {collection}",
                remedy=f"Lower cohorts.breast.idc.{group}, or widen description",
            )
    return tuple(Chosen(patient, taken[patient], *uids) for patient, *uids in single if patient in taken)


def _series(collection: str, description: str) -> dict[str, tuple[str, str]]:
    """Return for each patient with both the image's series, the first by number, and the segmentation's."""
    try:
        lines = pd.read_parquet(index_file(), columns=COLUMNS, filters=[("collection_id", "==", collection)])
    except (OSError, ValueError, KeyError) as error:
        raise ReradError(
            f"the index cannot be read ({error})", where="idc-index-data", remedy="Install the version of the lock"
        ) from error
    if lines.empty:
        raise ReradError(f"no collection {collection!r} in the index", where="cohorts.breast.idc.collection")
    pattern = re.compile(description, re.IGNORECASE)
    images: dict[str, list[tuple[int, str]]] = {}
    masks: dict[str, list[str]] = {}
    for line in lines.itertuples(index=False):
        if line.Modality == "SEG":
            masks.setdefault(line.PatientID, []).append(line.SeriesInstanceUID)
        elif line.Modality == "MR" and pattern.match(str(line.SeriesDescription)):
            images.setdefault(line.PatientID, []).append((int(line.SeriesNumber), line.SeriesInstanceUID))
    both = [patient for patient in images if len(masks.get(patient, ())) == 1]
    return {patient: (min(images[patient])[1], masks[patient][0]) for patient in both}
