"""Prepared cases that differ in size: two files a case, so that a patch of it is read without the rest.

The contract: below the folder of a cohort's arrays a case has

``<case>.images.npy``
    float32, shape (channels, z, y, x), C order: the channels in the cohort's order, 0 outside the brain;
``<case>.labels.npy``
    uint8, shape (z, y, x).

Both hold the case's box and nothing else. Opened, they are memory-mapped: what is not looked at is not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

_AGAIN = "Remove the cohort's folder below cohorts/ and run again"


class Stored(NamedTuple):
    """Images (channels, z, y, x) and labels (z, y, x) of a case, memory-mapped."""

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]


def file_names(case: str) -> tuple[str, str]:
    """Return the names of the images and of the labels of a case."""
    return f"{case}.images.npy", f"{case}.labels.npy"


def store_case(arrays: Path, case: str, images: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
    """Write the two files of a case."""
    images_file, labels_file = file_names(case)
    np.save(arrays / images_file, np.ascontiguousarray(images, np.float32))
    np.save(arrays / labels_file, np.ascontiguousarray(labels, np.uint8))


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
