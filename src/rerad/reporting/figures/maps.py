"""What networks look at: their feature maps beside PET and CT, cropped to the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from rerad.core.errors import ReradError
from rerad.core.pictures import SOFT, save, style
from rerad.reporting.artefacts import of_case, read_folds
from rerad.reporting.figures.blocks import blocks, crop, footer
from rerad.reporting.figures.examples import Example, examples
from rerad.reporting.figures.image import CONTOUR, absent, bare, mark_phantom, outline, show

BY_ROW = 4  # panels side by side: more are not readable at 400 pixels
COLOURS = "plasma"  # blue to yellow as in the paper, but even in lightness and for every colour vision
RANGE = (1, 99)  # percentiles of a map that are drawn as the two ends of the colour scale
LINE = "white"


def plot_maps(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    cases: Path,
    arrays: Path,
    phantom: bool,
    png: Path,
    svg: Path,
    names: Sequence[str] = (),
) -> None:
    """Draw, a block a case, CT, PET and each method's map in the axial slice with the largest GTV area.

    ``rows`` are those of the study's figure (method, trained, label); ``predictions`` lead from the trained id to the
    files beside which the artefacts lie; ``cases``, ``arrays`` and ``names`` as in ``plot_scans``. A map comes from the
    network that never saw the case, at the lowest seed. The networks of two folds have no common unit, so every map is
    drawn from the 1st to the 99th percentile of its own slice; under it stands how much stronger its mean is inside the
    GTV than outside, in the slice.

    Raises:
        ReradError: see ``examples`` and ``read_folds``; a map of another slice than the arrays'.
    """
    shown = examples(cases, arrays, names)
    folds = {row["label"]: read_folds(predictions[row.get("trained", row["method"])]) for row in rows}
    labels = ["CT", "PET", *folds]
    with style():
        titles = [example.title for example in shown]
        figure, panels = blocks(titles, labels, by_row=BY_ROW, aspect=1.0, foot=0.75, under=True)
        for example, (ct, pet, *others) in zip(shown, panels, strict=True):
            part = crop(example.gtv)
            for axes, modality in ((ct, "CT"), (pet, "PET")):
                show(axes, example.scans[modality][part], modality, example.limits[modality])
                outline(axes, example.gtv[part], CONTOUR[modality])
                if phantom:
                    mark_phantom(axes, size=7)
            for axes, label in zip(others, folds, strict=True):
                _map(axes, example, of_case(folds[label], example.case), part, label)
        _legend(footer(figure))
        save(figure, png, svg, phantom=phantom)


def _map(axes: Axes, example: Example, kept: Mapping[str, Any], part: tuple[slice, slice], label: str) -> None:
    if "maps" not in kept:
        absent(axes, "no map" if kept else "failed", size=9)
        return
    check_slice(example, kept, label)
    whole = upsampled(kept["maps"], example.gtv.shape)
    low, high = (float(value) for value in np.percentile(whole, RANGE))
    axes.imshow(whole[part], cmap=COLOURS, vmin=low, vmax=max(high, low + 1e-12), interpolation="nearest")
    outline(axes, example.gtv[part], LINE, 1.2)
    bare(axes)
    axes.set_xlabel(f"GTV {contrast(whole, example.gtv)}", fontsize=8, labelpad=2, color=SOFT)


def _legend(part: Any) -> None:
    bar = part.colorbar(
        ScalarMappable(cmap=COLOURS), cax=part.add_axes((0.08, 0.62, 0.84, 0.14)), orientation="horizontal", ticks=[]
    )
    bar.outline.set_visible(False)
    text = "Line: GTV. GTV ×: mean of the map inside it as a multiple of that outside, in the slice."
    part.text(0.08, 0.55, "1st percentile of the map in its slice", ha="left", va="top", fontsize=7.5, color=SOFT)
    part.text(0.92, 0.55, "99th percentile", ha="right", va="top", fontsize=7.5, color=SOFT)
    part.text(0.5, 0.27, text, ha="center", va="top", fontsize=7.5, color=SOFT)


def upsampled(coarse: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a map (y', x') on the grid of a slice (y, x) that covers the same field, linear between its cells."""
    factors = [new / old for new, old in zip(shape, coarse.shape, strict=True)]
    from scipy.ndimage import zoom  # half a second to import, for every kind of figure

    return zoom(np.asarray(coarse, dtype=float), factors, order=1, mode="nearest", grid_mode=True)


def contrast(whole: np.ndarray, gtv: np.ndarray) -> str:
    """Return the mean of a map inside the GTV as a multiple of that outside, a dash where one of them has no value."""
    if not gtv.any() or gtv.all() or not whole[~gtv].mean():
        return "× –"
    return f"× {whole[gtv].mean() / whole[~gtv].mean():.3g}"


def check_slice(example: Example, kept: Mapping[str, Any], label: str) -> None:
    """Refuse an artefact of another axial slice than the arrays': it was made from other arrays.

    Raises:
        ReradError: naming the method and the case.
    """
    if int(kept.get("slice", example.axial)) != example.axial:
        raise ReradError(
            f"the artefact shows slice {int(kept['slice'])}, the GTV is largest in slice {example.axial}",
            where=f"{label}, case {example.case}",
            remedy="The arrays were prepared anew since the training: remove the method's folder and run again",
        )
