"""Tissues of a breast image: the breast, and in it fatty and glandular tissue by clustering of intensities.

Arrays are (z, y, x) in LPS: z to the head, y to the back, x to the left of the patient, who lies on her breasts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, gaussian_filter, label, maximum_filter, minimum_filter

from rerad.cohorts.breast.labels import FATTY, GLANDULAR, LESION, OTHER, TISSUES
from rerad.core.errors import CaseError

SMOOTH_MM = 1.5
BINS = 512
AIR = 0.05  # of the mean: what keeps the logarithm of noise in air from spreading
MIDLINE = 0.1  # part of the body's width between the breasts

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Labelled(NamedTuple):
    """Labels (1 fatty, 2 glandular, 3 lesion, 4 other breast, 0 outside), and why a tissue is missing, by its name.

    ``outside`` is the part of the lesion that lies outside what was found to be breast.
    """

    labels: NDArray[np.uint8]
    missing: dict[str, str]
    outside: float


def label_tissues(
    values: Array, lesion: Mask | None, spacing: tuple[float, ...], *, group: str, settings: dict[str, Any]
) -> Labelled:
    """Return the tissues of a breast image.

    Glandular tissue is of the other breast than the lesion's where the image shows both; in a normal case with a
    lesion (a healthy breast beside an ill one) so is fatty tissue, and the ill breast counts for nothing. Fatty and
    glandular tissue keep ``skin_mm`` from the breast's surface and ``margin_mm`` from the lesion.

    Args:
        values: intensities, shape (z, y, x).
        lesion: same shape, or None.
        spacing: (z, y, x) in mm.
        group: normal, benign, malignant, or nothing if nobody knows.
        settings: ``fat``: dark (suppressed) or bright; ``skin_mm``, ``margin_mm``; ``depth_mm``: how far from its tip
            a breast reaches at most; ``one_breast_mm``: a narrower image shows one breast; ``min_voxels``: fewer are
            no tissue.

    Raises:
        CaseError: a constant image, no breast, or a normal case with a lesion and one breast.
    """
    if values.min() == values.max():
        raise CaseError(f"a constant image: all voxels are {values.flat[0]:g}", remedy="Export the image again")
    smooth = log_smooth(values, spacing)
    both = values.shape[2] * spacing[2] >= settings["one_breast_mm"]
    breast = find_breast(smooth, spacing, depth_mm=settings["depth_mm"], both=both)
    if not breast.any():
        raise CaseError("no breast is found: nothing stands out from the air", remedy="Check the image's orientation")
    healthy = np.ones(values.shape[2], bool)
    if lesion is not None and both:
        healthy = _other_side(breast, lesion)
    if group == "normal" and lesion is not None:
        if not both:
            raise CaseError("a lesion mask in a normal case of one breast", remedy="Correct groups.csv, or the mask")
        breast &= healthy
        lesion = None
    inside = minimum_filter(breast, _box(settings["skin_mm"], spacing), mode="nearest")
    if lesion is not None:
        inside &= ~maximum_filter(lesion, _box(settings["margin_mm"], spacing), mode="nearest")
    labels = np.where(breast, np.uint8(OTHER), np.uint8(0))
    if inside.any():
        bright = smooth > two_clusters(smooth[inside])
        fatty = ~bright if settings["fat"] == "dark" else bright
        labels[inside & fatty] = FATTY
        labels[inside & ~fatty & healthy] = GLANDULAR
    outside = 0.0
    if lesion is not None:
        outside = float((lesion & ~breast).sum() / lesion.sum())
        labels[lesion] = LESION
    return Labelled(labels, _take_few(labels, lesion is not None, group, settings["min_voxels"]), outside)


def log_smooth(values: Array, spacing: tuple[float, ...]) -> Array:
    """Return the logarithm of the smoothed image: the gain of the coil is then a sum, and noise does not speckle."""
    smooth = gaussian_filter(values - min(float(values.min()), 0.0), [SMOOTH_MM / step for step in spacing])
    return np.log(smooth + AIR * float(smooth.mean(dtype=np.float64)))


def two_clusters(values: Array) -> float:
    """Return where two clusters of values part: the best split by squares, as 2-means finds it (Otsu 1979)."""
    counts, edges = np.histogram(values, BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    below, weight = np.cumsum(counts)[:-1].astype(np.float64), np.cumsum(counts * middles)
    above = counts.sum() - below
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (weight[-1] * below - weight[:-1] * counts.sum()) ** 2 / (below * above)
    between = np.nan_to_num(between, nan=0.0, posinf=0.0)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))  # an empty valley between them: its middle
    return float(edges[1 + best].mean())


def find_breast(smooth: Array, spacing: tuple[float, ...], *, depth_mm: float, both: bool) -> Mask:
    """Return what lies in front of the chest: before the cleft of both breasts, and ``depth_mm`` deep at most."""
    parts, count = label(smooth > two_clusters(smooth))
    if not count:
        return np.zeros(smooth.shape, bool)
    body = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    for axis in (0, 2):  # dark fat leaves holes that are closed in one direction at least
        for plane in np.moveaxis(body, axis, 0):
            plane[:] = binary_fill_holes(plane)
    tip = int(np.flatnonzero(body.any(axis=(0, 2)))[0])
    reach = np.full(len(body), tip + depth_mm / spacing[1])
    if both:
        reach = np.minimum(reach, _cleft(body))
    rows = np.arange(body.shape[1])
    return body & (rows[None, :, None] < reach[:, None, None])


def _cleft(body: Mask) -> NDArray[np.float64]:
    """Return for each slice the row where the body begins between the breasts; infinity where there is none."""
    across = np.flatnonzero(body.any(axis=(0, 1)))
    middle, half = (across[0] + across[-1]) / 2, max(1.0, MIDLINE * len(across) / 2)
    columns = np.arange(body.shape[2])
    between = body[:, :, np.abs(columns - middle) <= half]
    rows = np.where(between.any(axis=1), between.argmax(axis=1), np.nan)
    seen = ~np.isnan(rows).all(axis=1)
    found = np.full(len(body), np.inf)
    found[seen] = np.nanmedian(rows[seen], axis=1)
    return found


def _other_side(breast: Mask, lesion: Mask) -> Mask:
    """Return the columns (x) of the breast without the lesion."""
    across = np.flatnonzero(breast.any(axis=(0, 1)))
    middle = (across[0] + across[-1]) / 2
    columns = np.arange(breast.shape[2])
    here = lesion.sum(axis=(0, 1))
    return columns > middle if here[columns <= middle].sum() >= here[columns > middle].sum() else columns < middle


def _box(length_mm: float, spacing: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(2 * round(length_mm / step) + 1 for step in spacing)


def _take_few(labels: NDArray[np.uint8], drawn: bool, group: str, least: int) -> dict[str, str]:
    """Take away the labels of tissues of too few voxels, and return which tissues are missing and why."""
    missing = {}
    for name, value in TISSUES.items():
        if name == "lesion" and not drawn:
            if group != "normal":
                missing[name] = "no lesion mask: the case serves training and timing"
        elif (count := int((labels == value).sum())) < least:
            labels[labels == value] = OTHER
            missing[name] = f"{count} voxels of {name} tissue, fewer than min_voxels = {least}"
    return missing
