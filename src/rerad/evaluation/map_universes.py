"""How far exact texture maps under other definitions agree with the one that the run takes for the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.cohorts.breast.labels import TISSUES
from rerad.core.errors import ConfigError
from rerad.core.files import write_array, write_csv
from rerad.core.splits import read_splits
from rerad.evaluation.checks import read_cases
from rerad.evaluation.evaluate import evaluate
from rerad.imaging.stored import open_case
from rerad.metrics.agreement import correlation, moments
from rerad.models.radsynth import PATCH
from rerad.radiomics import glcm_map
from rerad.radiomics.glcm_levels import bin_edges, to_levels
from rerad.training.cases import read_data
from rerad.training.predictions import SYNTHESIS

if TYPE_CHECKING:
    from rerad.evaluation.multiverse import Given

RANGES = ("volume", "breast", "slice")
FAR = PATCH // 2


def compare_maps(settings: Mapping[str, Any], changes: Mapping[str, Any], given: Given, folder: Path) -> pd.DataFrame:
    """Return the metrics of synthesis of one definition's exact maps against the run's.

    ``settings`` are those of the method, ``changes`` any of ``levels``, ``range`` (volume, breast or slice: whose
    smallest and largest value the bins lie between) and ``distance``; without any, the maps are the run's own. They go
    through the evaluation of a network's maps, in its place. The run's own maps are computed for the first definition
    and kept beside ``folder`` for the others.

    Raises:
        ConfigError: a change that there is not.
    """
    usual = {"levels": settings["recipe"]["windows"]["levels"], "range": "volume", "distance": 1}
    if unknown := set(changes) - set(usual):
        told = f"a map has no {min(unknown)!r}"
        raise ConfigError(told, where="multiverse, map", remedy=f"Write some of: {', '.join(usual)}")
    if changes.get("range", "volume") not in RANGES:
        told = f"{changes['range']!r} is no range"
        raise ConfigError(told, where="multiverse, map.range", remedy=f"Write one of: {', '.join(RANGES)}")
    rows = list(_rows(settings, usual, {**usual, **changes}, given, folder.with_name(f"exact{usual['levels']}")))
    file = folder / "predictions_synthesis.csv"
    write_csv(file, pd.DataFrame(rows, columns=SYNTHESIS), exact=True)
    evaluate(
        {"synthesis": [file]},
        metrics=folder / "metrics.csv",
        cases=given.cases,
        bootstraps=given.bootstraps,
        seed=0,
    )
    return pd.read_csv(folder / "metrics.csv")


def _rows(
    settings: Mapping[str, Any], usual: Mapping[str, Any], other: Mapping[str, Any], given: Given, kept: Path
) -> Iterator[dict[str, Any]]:
    assert given.arrays is not None
    known = read_cases(given.cases).set_index("case")
    splits = read_splits(given.splits)
    tested = splits[splits["role"] == "test"].set_index("case")["fold"]
    for case in read_data(None, given.cases, given.splits, dict(settings)).table.index:
        stored, axis = open_case(given.arrays, case, channels=1), int(known.at[case, "slice_axis"])
        image, tissues = np.moveaxis(stored.images[0], axis, 0), np.moveaxis(np.array(stored.labels), axis, 0)
        exact = _own_map(kept / f"{case}.npy", image, tissues, usual, given.workers)
        changed = exact if other == usual else _map(image, tissues, other, given.workers)
        inner = np.zeros(image.shape, bool)
        inner[:, FAR:-FAR, FAR:-FAR] = True  # whole windows, as of a network's map
        lead = {"case": case, "fold": tested[case], "seed": 0, "role": "test", "selection": "last"}
        for tissue, value in TISSUES.items():
            own = inner & (tissues == value) & np.isfinite(exact) & np.isfinite(changed)
            found = moments(exact[own], changed[own])
            spread = {key: np.asarray(found[key]) for key in ("exact_var", "synthesised_var", "covariance")}
            named = {"variant": "published", "group": known.at[case, "group"], "tissue": tissue}
            yield {**lead, **named, "correlation": float(correlation(**spread)), **found}


def _own_map(
    file: Path, image: NDArray, tissues: NDArray[np.uint8], definition: Mapping[str, Any], threads: int
) -> NDArray[np.float32]:
    """Return the run's own map of a case, computed if ``file`` does not hold it yet, and memory-mapped."""
    if not file.exists():
        write_array(file, _map(image, tissues, definition, threads))
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _map(
    image: NDArray, tissues: NDArray[np.uint8], definition: Mapping[str, Any], threads: int
) -> NDArray[np.float32]:
    """Return the entropy around every voxel in its slice (slices, rows, columns), as the run's own map."""
    levels = _levels(image, tissues, definition["levels"], definition["range"])
    options = {"levels": definition["levels"], "window": PATCH, "distance": definition["distance"]}
    return glcm_map(levels, binning="none", in_plane=True, threads=threads, **options).astype(np.float32)


def _levels(image: NDArray, tissues: NDArray[np.uint8], count: int, extent: str) -> NDArray[np.uint16]:
    if extent == "slice":
        return np.stack([_equal(one, one, count) for one in image])
    return _equal(image, image if extent == "volume" else image[tissues > 0], count)


def _equal(image: NDArray, within: NDArray, count: int) -> NDArray[np.uint16]:
    """Return levels 1 to ``count`` between the ends of ``within``; what lies beyond has the first or the last."""
    ends = np.array([within.min(), within.max()], image.dtype)
    return to_levels(np.clip(image, *ends), None, bin_edges(ends, None, levels=count, binning="volume"))
