"""Exact maps of the features of grey-level co-occurrence matrices, one value a voxel."""

from __future__ import annotations

import numbers
import operator
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from rerad.core.errors import CaseError, ConfigError
from rerad.imaging.images import read_stored, write_image
from rerad.radiomics.glcm_directions import Windows, map_of_levels
from rerad.radiomics.glcm_features import FEATURES, Moments, Tally
from rerad.radiomics.glcm_levels import BINNINGS, MOST_LEVELS, bin_edges, to_levels
from rerad.radiomics.glcm_windows import own_threads
from rerad.radiomics.pair import read_pair


class Options(TypedDict, total=False):
    """The keywords of :func:`glcm_map`."""

    feature: str
    levels: int
    window: int
    distance: int
    binning: str | float
    in_plane: bool
    outside: float
    threads: int | None


def glcm_map(
    image: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    feature: str = "joint_entropy",
    levels: int = 64,
    window: int = 5,
    distance: int = 1,
    binning: str | float = "volume",
    in_plane: bool = False,
    outside: float = 0.0,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Return the map of a GLCM feature: at each voxel, its value in the window around it.

    As PyRadiomics' voxel-based extraction: a window holds the voxels of the mask within (``window`` - 1) / 2 of its
    centre, cut off at the border of the array; the matrix of each direction is symmetric; the value is the mean over
    the directions that have a pair. Where none has, as around a lone voxel, it is nan. Sums are kept in whole numbers:
    the map is the same for any number of threads.

    Args:
        image: shape (y, x) or (z, y, x), whole or real numbers.
        mask: same shape; what is not 0 counts. None: everything counts.
        feature: any of ``rerad.radiomics.glcm_features.FEATURES``.
        levels: number of grey levels; with a width as ``binning`` it plays no part.
        window: odd, at least 3; voxels along each axis.
        distance: between the two voxels of a pair, as the largest step along an axis.
        binning: ``"volume"``, equal bins between the smallest and the largest value of the image; ``"mask"``, of the
            mask; a number, bins of that width from a multiple of it; ``"none"``, the image holds levels from 1 on.
        in_plane: windows and directions within planes (y, x) only: 4 directions at distance 1 instead of 13.
        outside: value where the mask is 0.
        threads: how many at most; None, one for each core.

    Raises:
        CaseError: the image or the mask cannot be used; says why.
        ConfigError: an option cannot be used; names it.

    Source: Haralick 1973, doi 10.1109/TSMC.1973.4309314; van Griethuysen 2017, doi 10.1158/0008-5472.CAN-17-0339.

    >>> glcm_map([[1, 1, 2], [1, 1, 2], [2, 2, 2]], levels=2, window=3)[1, 1].round(4)
    np.float64(1.8495)
    """
    chosen = _feature(feature)
    levels = _whole("levels", levels, 1, MOST_LEVELS)
    window = _window(window)
    distance = _whole("distance", distance, 1, window - 1)
    workers = own_threads() if threads is None else _whole("threads", threads, 1, None)
    _check_binning(binning)
    values = _image(image)
    inside = None if mask is None else _mask(mask, values.shape)
    edges = bin_edges(values, inside, levels=levels, binning=binning)
    settings = Windows(window // 2, distance, in_plane or values.ndim == 2, workers)
    if inside is None:
        return map_of_levels(to_levels(values, None, edges), chosen, settings)
    box = _box(inside)  # what lies beyond it plays no part
    grey = to_levels(values[box], inside[box], edges)
    found = np.full(values.shape, outside, np.float64)
    found[box] = np.where(inside[box], map_of_levels(grey, chosen, settings), outside)
    return found


def glcm_map_file(
    image_path: str | Path, target: str | Path, *, mask_path: str | Path | None = None, **options: Unpack[Options]
) -> None:
    """Write the map of :func:`glcm_map` of an image file as a 32-bit image on its grid (NIfTI or what ITK writes).

    Args:
        image_path: a 3-D image.
        target: file to write.
        mask_path: on the image's grid; what is not 0 counts.
        options: the keywords of :func:`glcm_map`.

    Raises:
        CaseError: a file cannot be used; names it.
        ConfigError: an option cannot be used; names it.

    >>> glcm_map_file("t1.nii.gz", "entropy.nii.gz", mask_path="gtv.nii.gz", binning="mask")  # doctest: +SKIP
    """
    mask = None
    if mask_path is None:
        image = read_stored(image_path)
    else:
        image, roi = read_pair(image_path, mask_path)
        mask = sitk.GetArrayViewFromImage(roi)
    try:
        found = glcm_map(sitk.GetArrayViewFromImage(image), mask, **options)
    except CaseError as error:
        raise CaseError(error.what, where=str(image_path), remedy=error.remedy) from error
    result = sitk.GetImageFromArray(found.astype(np.float32))
    result.CopyInformation(image)
    write_image(target, result)


def _feature(name: str) -> Tally | Moments:
    if name not in FEATURES:
        raise ConfigError(f"{name!r} is no feature", where="feature", remedy=f"Give one of {', '.join(FEATURES)}")
    return FEATURES[name]


def _whole(name: str, value: int, low: int, high: int | None) -> int:
    try:
        found = operator.index(value)
    except TypeError:
        found = low - 1
    if found < low or (high is not None and found > high):
        span = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ConfigError(f"{value!r} cannot be used", where=name, remedy=f"Give a whole number {span}")
    return found


def _window(value: int) -> int:
    found = _whole("window", value, 3, None)
    if found % 2 == 0:
        raise ConfigError(f"a window of {found} voxels has no centre", where="window", remedy="Give an odd number")
    return found


def _check_binning(value: str | float) -> None:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if value in BINNINGS if isinstance(value, str) else real and 0 < float(value) < np.inf:
        return
    raise ConfigError(
        f"{value!r} is no binning",
        where="binning",
        remedy=f"Give one of {', '.join(BINNINGS)}, or the width of a bin in the image's units",
    )


def _image(given: ArrayLike) -> NDArray[Any]:
    values = _plain(given, "image")
    if values.ndim not in (2, 3) or values.size == 0:
        raise CaseError(
            f"an array of shape {values.shape} is no image",
            where="image",
            remedy="Give one of shape (y, x) or (z, y, x)",
        )
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        return values.astype(np.float32 if values.dtype.itemsize == 2 else np.float64)
    return values


def _mask(given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    values = _plain(given, "mask")
    if values.shape != shape:
        raise CaseError(
            f"its shape {values.shape} is not {shape}, that of the image",
            where="mask",
            remedy="Resample the mask to the grid of the image",
        )
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise CaseError("it has values that are not a number", where="mask", remedy="Write 0 where nothing counts")
    inside = values != 0
    if not inside.any():
        raise CaseError("it is empty", where="mask", remedy="Draw the region, or leave the mask out")
    return inside


def _plain(given: ArrayLike, name: str) -> NDArray[Any]:
    if isinstance(given, np.ma.MaskedArray):
        raise CaseError("it is a masked array", where=name, remedy="Give its data, and what counts as the mask")
    values = np.asarray(given)
    if values.dtype.kind not in "biuf":
        raise CaseError(f"it holds {values.dtype}, no real numbers", where=name, remedy="Convert it")
    return values


def _box(inside: NDArray[np.bool_]) -> tuple[slice, ...]:
    return tuple(slice(int(found.min()), int(found.max()) + 1) for found in np.nonzero(inside))
