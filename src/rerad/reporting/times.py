"""The table of times of an entropy map, and whether the network is worth it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_text
from rerad.evaluation.checks import read_cases
from rerad.evaluation.times import DENSE, EXACT, PATCHES, Timed, time_maps
from rerad.imaging.stored import open_case
from rerad.reporting.rendering import amount, render
from rerad.reporting.scores import selected
from rerad.training.windows import grey_levels

COLUMNS = ["way", "pixels", "seconds", "pixels_per_s", "seconds_an_image", "times_exact", "note"]
IMAGE = 512 * 512  # pixels of the paper's slices


def write_times(
    *,
    study: str,
    times: Mapping[str, Any],
    method: Mapping[str, Any],
    cases: Path,
    arrays: Path,
    metrics: Path,
    phantom: bool,
    csv: Path,
    html: Path,
) -> None:
    """Time everything that makes a map of GLCM entropy on a slice of the cohort, and write the table (csv, html).

    ``times`` is the study's entry (size, crop, turns, paper_image_s, paper_patient_s), ``method`` that of RadSynth,
    ``metrics`` its metrics.csv. ``seconds_an_image`` is for 512 × 512 pixels, ``times_exact`` how many times as long as
    the exact engine. Seconds are the processor's, and differ from run to run.

    Raises:
        ReradError: there is no included case.
    """
    count = method["recipe"]["windows"]["levels"]
    levels = _slice(cases, arrays, count, times["size"])
    found = time_maps(levels, method["network"], count=count, crop=times["crop"], turns=times["turns"])
    rows = [*_rows(found), *_of_paper(times, found[0])]
    write_csv(csv, pd.DataFrame(rows, columns=COLUMNS))
    context = {
        "id": f"{study}-times",
        "title": "Time of a map of GLCM entropy (windows of 5 × 5, four directions), one thread of the processor",
        "rows": rows,
        "notes": [*_notes(levels.shape, times, phantom), worth(found, _correlations(metrics))],
    }
    write_text(html, render("times.html.j2", context))


def worth(found: Sequence[Timed], correlations: Mapping[str, float]) -> str:
    """Answer from measured times and correlations (tissue → r) whether the network is worth it."""
    rates = {one.way: one.rate for one in found}
    ratio, slow = rates[EXACT] / rates[DENSE], rates[EXACT] / rates[PATCHES]
    reached = ", ".join(f"{r:.3f} ({tissue})" for tissue, r in correlations.items())
    close = f"whose maps correlate with the exact ones with r = {reached}" if reached else "whose maps nobody judged"
    if ratio >= 1:
        return (
            f"Is the network worth it? Not on this machine: one thread of the exact engine makes {amount(ratio)} times "
            f"as many pixels a second as the network over whole slices and {amount(slow)} times as many as patch by "
            f"patch, without an error and without training; the network, {close}, approximates what is cheaper to "
            "compute. Faster it is only than programs that take time for every cell of every window's matrix, as the "
            "one that the paper sets it against."
        )
    return (
        f"Is the network worth it? For its speed: over whole slices it makes {amount(1 / ratio)} times as many pixels "
        f"a second as one thread of the exact engine. The price is an approximation, {close}, and a training."
    )


def _slice(cases: Path, arrays: Path, count: int, size: int) -> NDArray[np.uint8]:
    """Return the grey levels of the middle slice of the first included case, at most ``size`` pixels a side."""
    table = read_cases(cases)
    table = table[table["included"] == 1].sort_values("case")
    if table.empty:
        raise ReradError("there is no included case to time", where=str(cases), remedy="See patient_flow.csv")
    row = table.iloc[0]
    image = np.moveaxis(open_case(arrays, row["case"], channels=1).images[0], int(row["slice_axis"]), 0)
    levels = grey_levels(np.asarray(image[len(image) // 2]), float(row["low"]), float(row["high"]), count)
    parts = [slice((side - min(size, side)) // 2, (side + min(size, side)) // 2) for side in levels.shape]
    return np.ascontiguousarray(levels[parts[0], parts[1]])


def _rows(found: Sequence[Timed]) -> list[dict[str, Any]]:
    exact = found[0].rate
    return [
        {
            "way": one.way,
            "pixels": one.pixels,
            "seconds": one.seconds,
            "pixels_per_s": one.rate,
            "seconds_an_image": IMAGE / one.rate,
            "times_exact": exact / one.rate,
            "note": one.note,
        }
        for one in found
    ]


def _of_paper(times: Mapping[str, Any], exact: Timed) -> list[dict[str, Any]]:
    image, patient = float(times["paper_image_s"]), float(times["paper_patient_s"])
    rate = IMAGE / image
    whole = {"pixels": IMAGE, "seconds": image, "pixels_per_s": rate, "seconds_an_image": image}
    unknown = dict.fromkeys(("pixels", "pixels_per_s", "seconds_an_image", "times_exact"), math.nan)
    return [
        {
            "way": "paper: GLCM on a GPU",
            **whole,
            "times_exact": exact.rate / rate,
            "note": "parallel code on a Tesla K40c, one 512 × 512 image (section 1)",
        },
        {
            "way": "paper: RadSynth",
            **unknown,
            "seconds": patient,
            "note": "a patient of untold slices, hardware not told (section 3)",
        },
    ]


def _correlations(metrics: Path) -> dict[str, float]:
    table = selected(pd.read_csv(metrics), {}, "synthesis")
    pooled = table[table["scope"] == "pooled"].set_index("metric")["value"]
    known = {name.removeprefix("correlation_"): float(value) for name, value in pooled.items() if _is_correlation(name)}
    return dict(sorted(known.items()))


def _is_correlation(name: object) -> bool:
    return str(name).startswith("correlation_") and "by_patient" not in str(name)


def _notes(shape: tuple[int, ...], times: Mapping[str, Any], phantom: bool) -> list[str]:
    of = "a slice of the phantom" if phantom else "a slice of the cohort"
    image, patient = float(times["paper_image_s"]), float(times["paper_patient_s"])
    return [
        f"Timed on {of}, {shape[0]} × {shape[1]} pixels; PyRadiomics and scikit-image on its middle {times['crop']} "
        f"× {times['crop']}. Seconds of the processor, the least of {times['turns']}, in one run; they differ from run "
        "to run and are no part of what a run reproduces.",
        f"The paper's {image / 60:g} minutes are the time of one program for one image, {amount(IMAGE / image)} pixels "
        f"a second; its {patient:g} seconds are the network's for a patient, all slices. Set beside each other, as the "
        "paper does, they compare an image with a patient, and a network with a program whose time grows with the "
        "square of the number of grey levels; an exact map need not take such time.",
    ]
