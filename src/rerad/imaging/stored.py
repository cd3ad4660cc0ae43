"""Prepared cases that differ in size: two files a case, so that a patch of it is read without the rest.

The contract: below the folder of a cohort's arrays lies ``contents.json``, see :class:`Contents`, and a case has

``<case>.images.npy``
    float32, shape (channels, z, y, x), C order: the channels in the cohort's order, 0 outside the brain;
``<case>.labels.npy``
    uint8, shape (z, y, x).

Both hold the case's box and nothing else. Opened, they are memory-mapped: what is not looked at is not read.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.core.files import write_array, write_json

CONTENTS = "contents.json"
_AGAIN = "Remove the cohort's folder below cohorts/ and run again"


class Stored(NamedTuple):
    """Images (channels, z, y, x) and labels (z, y, x) of a case, memory-mapped."""

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]


class Contents(NamedTuple):
    """What the files of all cases hold.

    ``channels`` in their order; ``regions`` with the labels of each, outer ones first: each is inside the one before;
    ``intensity``: the settings by which the images were normalised.
    """

    channels: tuple[str, ...]
    regions: dict[str, tuple[int, ...]]
    intensity: dict[str, Any]


def store_contents(arrays: Path, contents: Contents) -> None:
    """Write down what the files of a folder hold."""
    write_json(arrays / CONTENTS, contents._asdict())


def read_contents(arrays: Path) -> Contents:
    """Return what the files of a folder hold.

    Raises:
        ReradError: the file is missing or broken, or a region is no part of the one before it.
    """
    where = str(arrays / CONTENTS)
    try:
        found = json.loads((arrays / CONTENTS).read_text(encoding="utf-8"))
        channels = tuple(str(name) for name in found["channels"])
        told = sorted(found["regions"].items(), key=lambda item: -len(item[1]))  # the file has them by name
        regions = {str(name): tuple(int(label) for label in labels) for name, labels in told}
        intensity = dict(found["intensity"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReradError(f"cannot be read ({error!r})", where=where, remedy=_AGAIN) from error
    labels = list(regions.values())
    nested = all(set(inner) < set(outer) for outer, inner in itertools.pairwise(labels))
    if not channels or not labels or not labels[-1] or not nested:
        raise ReradError(f"channels {channels}, regions {regions}", where=where, remedy=_AGAIN)
    return Contents(channels, regions, intensity)


def paints(regions: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Return the label that paints each region: the first one that the regions inside it do not have.

    >>> paints({"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)})
    {'WT': 2, 'TC': 1, 'ET': 4}
    """
    labels = [*regions.values(), ()]
    return {
        name: next(label for label in own if label not in inner)
        for (name, own), inner in zip(regions.items(), labels[1:], strict=True)
    }


def file_names(case: str) -> tuple[str, str]:
    """Return the names of the images and of the labels of a case."""
    return f"{case}.images.npy", f"{case}.labels.npy"


def store_case(arrays: Path, case: str, images: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
    """Write the two files of a case."""
    images_file, labels_file = file_names(case)
    write_array(arrays / images_file, images.astype(np.float32, copy=False))
    write_array(arrays / labels_file, labels.astype(np.uint8, copy=False))


def open_case(arrays: Path, case: str, *, channels: int) -> Stored:
    """Open the two files of a case without reading them.

    Raises:
        ReradError: one of them is missing, cut off or no array, or its type or shape is another.
    """
    images_file, labels_file = file_names(case)
    images = _open(arrays / images_file, np.dtype(np.float32), 4)
    labels = _open(arrays / labels_file, np.dtype(np.uint8), 3)
    if images.shape != (channels, *labels.shape):
        raise ReradError(
            f"images of shape {images.shape} for {channels} channels, labels of shape {labels.shape}",
            where=str(arrays / case),
            remedy=_AGAIN,
        )
    return Stored(images, labels)


def _open(path: Path, kind: np.dtype, dimensions: int) -> NDArray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=_AGAIN) from error
    if array.dtype != kind or array.ndim != dimensions or not array.flags.c_contiguous:
        told = f"{array.dtype} of {array.ndim} dimensions"
        raise ReradError(f"{told}, not {kind} of {dimensions} in C order", where=str(path), remedy=_AGAIN)
    return array
