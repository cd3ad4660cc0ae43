"""From a figure's entry in its study to the picture: which kind is drawn by what, from which files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rerad.core.errors import ReradError
from rerad.reporting.figures.bland_altman import plot_agreement
from rerad.reporting.figures.boxes import plot_boxes
from rerad.reporting.figures.cells import plot_cells
from rerad.reporting.figures.confusion import plot_confusion
from rerad.reporting.figures.errors import plot_errors
from rerad.reporting.figures.forest import plot_forest
from rerad.reporting.figures.learning_curves import plot_learning_curves
from rerad.reporting.figures.maps import plot_maps
from rerad.reporting.figures.modalities import plot_modalities
from rerad.reporting.figures.network import plot_network
from rerad.reporting.figures.overlays import plot_overlays
from rerad.reporting.figures.patches import plot_patches
from rerad.reporting.figures.roc import plot_roc
from rerad.reporting.figures.scans import plot_scans
from rerad.reporting.figures.search_history import plot_search_history
from rerad.reporting.figures.segmentations import plot_segmentations
from rerad.reporting.figures.synthesis import plot_synthesis
from rerad.reporting.figures.tsne import plot_tsne
from rerad.reporting.figures.weights import plot_weights
from rerad.training.predictions import by_method

ALONE = ("scans", "modalities", "patches")  # kinds that show a cohort and no method
CELLS = ("shown", "fold", "every_fold", "by_hand")  # what an entry may say of its cells


def draw_figure(
    *,
    settings: Mapping[str, Any],
    primary: str,
    classification: Sequence[Path],
    segmentation: Sequence[Path],
    chosen: Sequence[Path],
    history: Sequence[Path],
    networks: Mapping[str, Mapping[str, Any]],
    metrics: Sequence[Path],
    comparisons: Path | None,
    published: Path | None,
    cases: Path,
    arrays: Path | None,
    spacing_mm: float | None,
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw one figure of a study from the results of its methods.

    ``settings`` is the figure's entry, ``primary`` the metric of the study's verdicts. ``classification`` and
    ``segmentation`` are the files of predictions, beside which the artefacts lie; ``published`` is needed by a forest
    plot, ``cases`` and ``arrays`` (``spacing_mm`` apart) by figures with pictures of scans. Figures of searches need
    ``chosen`` (chosen.json) and ``history`` (search_history.csv; learning curves: history.csv), those of errors
    ``comparisons`` (comparisons.csv); ``networks`` leads from a trained id to its entry's
    ``network``.

    Raises:
        ReradError: a file that the kind needs is not given, or the drawing's own.
    """
    kind = settings["kind"]
    scores, masks, found = by_method(classification), by_method(segmentation), by_method(chosen)
    measured = {path.parent.name: path for path in metrics}
    target: dict[str, Any] = {"phantom": phantom, "png": png, "svg": svg}
    if kind in ALONE:
        images = {"cases": cases, "arrays": _given(arrays, kind, png), "names": settings.get("cases", ())}
        drawers: dict[str, Any] = {"scans": plot_scans, "modalities": plot_modalities, "patches": plot_patches}
        more = {"scans": {"spacing_mm": spacing_mm}, "patches": {"patch": settings.get("patch")}}
        drawers[kind](**images, **more.get(kind, {}), **target)
        return
    target["rows"] = settings["rows"]
    if kind == "roc":
        plot_roc(predictions=scores, metrics=measured, **target)
    elif kind == "confusion":
        plot_confusion(predictions=scores, metrics=measured, **target)
    elif kind == "weights":
        plot_weights(metrics=measured, **target)
    elif kind == "tsne":
        known = {name: settings[name] for name in ("perplexity", "neighbours")}
        plot_tsne(predictions=scores, **known, **target)
    elif kind == "cells":
        plot_cells(chosen=found, **{name: settings[name] for name in CELLS if name in settings}, **target)
    elif kind == "network":
        plot_network(chosen=found, networks=networks, fold=settings.get("fold"), **target)
    elif kind == "search_history":
        panels = {"panels": settings["panels"]} if "panels" in settings else {}
        plot_search_history(chosen=found, history=by_method(history), **panels, **target)
    elif kind == "synthesis":
        plot_synthesis(predictions=scores, cases=cases, **target)
    elif kind == "agreement":
        plot_agreement(predictions=scores, metrics=measured, **target)
    elif kind == "learning_curves":
        plot_learning_curves(history=by_method(history), **target)
    elif kind == "errors":
        plot_errors(metrics=measured, comparisons=comparisons, **target)
    elif kind == "boxes":
        plot_boxes(predictions=masks, **target)
    elif kind == "forest":
        plot_forest(metrics=measured, published=_given(published, kind, png), **_columns(settings, primary), **target)
    else:
        pictures: dict[str, Any] = {
            "maps": (plot_maps, scores),
            "segmentations": (plot_segmentations, masks),
            "overlays": (plot_overlays, masks),
        }
        draw, files = pictures[kind]
        images = {"cases": cases, "arrays": _given(arrays, kind, png), "names": settings.get("cases", ())}
        draw(predictions=files, **images, **target)


def _columns(settings: Mapping[str, Any], primary: str) -> dict[str, Any]:
    """Return what a forest plot takes from its table: task, primary metric, the metric of each column, its panels."""
    known: dict[str, Any] = {"primary": settings.get("primary", primary)}
    known |= {name: settings[name] for name in ("other_patients",) if name in settings}
    if "columns" in settings:
        columns = {name: metric for name, metric in settings["columns"].items() if not metric.startswith("hd95")}
        panels = [name for name in settings.get("panels", columns) if name in columns]
        known |= {"task": settings.get("task", "classification"), "columns": columns, "panels": tuple(panels)}
    return known


def _given(path: Path | None, kind: str, png: Path) -> Path:
    if path is None:
        needed = {"forest": "published values"}.get(kind, "the cohort's arrays")
        remedy = {"forest": "Name its table in the study"}.get(kind, "Prepare the cohort")
        raise ReradError(f"a figure of the kind {kind} needs {needed}", where=str(png), remedy=remedy)
    return path
