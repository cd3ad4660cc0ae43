"""How far the features of networks tell the patients apart: t-SNE, and a number for it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rerad.core.errors import ReradError
from rerad.core.pictures import COLOURS, SOFT, new_figure, save, style
from rerad.metrics.intervals import wilson
from rerad.reporting.artefacts import Fold, read_folds
from rerad.reporting.figures.image import TRUTH, absent
from rerad.reporting.scores import read_scores
from rerad.training.threads import one_thread

WIDTH, TITLE = 4.8, 0.45  # inches: of the figure, and above a panel
LETTERS = 19  # of a title on one line
BY_ROW = 3  # panels side by side: more are not readable at 400 pixels
LOOKS = {0: (COLOURS[0], "o"), 1: (COLOURS[1], "^")}
NOTE = (
    "Each case from the network that never saw it. Units of two networks do not correspond: features are standardised "
    "per fold and turned onto their principal axes, each signed by the network's own score, not by the outcome. "
    "{neighbours}-NN: share of cases of whose nearest other cases in these features most have the same outcome, with "
    "the 95 % Wilson interval. Distances between far points mean nothing."
)


def plot_tsne(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    perplexity: float,
    neighbours: int,
    phantom: bool,
    png: Path,
    svg: Path,
    seed: int = 0,
) -> None:
    """Draw one panel a method: the out-of-fold features of all cases in two dimensions, by colour and shape of class.

    ``rows`` are those of the study's figure (method, trained, label); ``predictions`` lead from the trained id to its
    files predictions_classification.csv, beside which the artefacts lie; the lowest seed counts. ``perplexity`` is
    lowered to a third of the cases less one where there are too few; ``neighbours`` belong to the number in the title.

    Raises:
        ReradError: see ``read_folds``; a case of the artefacts without a score.
    """
    lines = math.ceil(len(rows) / BY_ROW)
    columns = min(BY_ROW, len(rows))
    title = TITLE + 0.14 * max(len(textwrap.wrap(row["label"], LETTERS)) - 1 for row in rows)
    height = lines * (WIDTH / columns + title)
    note = textwrap.fill(NOTE.format(neighbours=neighbours), 98)
    with style():
        foot = 0.42 + 0.135 * (note.count("\n") + 1)
        figure = new_figure(WIDTH, height + foot, pad=0.04)
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[height, foot]).ravel()
        grid = above.subplots(lines, columns, squeeze=False).ravel()
        for axes, row in zip(grid, rows, strict=False):
            paths = predictions[row.get("trained", row["method"])]
            _panel(axes, row["label"], read_folds(paths), read_scores(paths, row), perplexity, neighbours, seed)
        for axes in grid[len(rows) :]:
            axes.set_axis_off()
        below.legend(handles=_legend(), loc="upper center", ncols=2, frameon=False, handletextpad=0.2)
        below.text(0.02, 1 - 0.36 / foot, note, ha="left", va="top", fontsize=6.8, color=SOFT, linespacing=1.25)
        save(figure, png, svg, phantom=phantom)


def _panel(
    axes: Axes,
    label: str,
    folds: Sequence[Fold],
    scores: pd.DataFrame,
    perplexity: float,
    neighbours: int,
    seed: int,
) -> None:
    axes.set_box_aspect(1)
    axes.set_anchor("S")
    title = textwrap.fill(label, LETTERS)
    if not folds or scores.empty or any("features" not in fold for fold in folds):
        axes.set_title(title, fontsize=8.5, weight="bold")
        absent(axes, "no features" if folds and not scores.empty else "failed", size=10)
        return
    features, target = aligned(folds, scores)
    right = nearest(features, target, neighbours)
    low, high = wilson(int(right.sum()), len(right), level=0.95)
    axes.set_title(title, fontsize=8.5, weight="bold", pad=15)
    under = f"n = {len(target)}, {neighbours}-NN {right.mean():.2f} [{low:.2f}, {high:.2f}]"
    small = axes.text(0.5, 1.02, under, ha="center", va="bottom", fontsize=7, color=SOFT, transform=axes.transAxes)
    small.set_in_layout(False)  # the title above it keeps its place, and its width must not shrink the panel
    places = embedded(features, perplexity, seed)
    for kind, (colour, marker) in LOOKS.items():
        chosen = places[target == kind]
        axes.plot(
            chosen[:, 0], chosen[:, 1], linestyle="none", marker=marker, markersize=4.6, color=colour, alpha=0.85,
            markeredgecolor="white", markeredgewidth=0.5,
        )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.margins(0.08)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=5.5, label=TRUTH[kind].capitalize())
        for kind, (colour, marker) in LOOKS.items()
    ]


def aligned(folds: Sequence[Fold], scores: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return features (cases, axes) of the networks of all folds that can be set beside each other, and targets.

    Per fold every feature is standardised over the fold's test cases, then all are turned onto their principal axes,
    which are in the order of their spread; the sign of an axis is that of its covariance with the network's own score,
    never with the target. As many axes are kept as the smallest fold has.

    Raises:
        ReradError: a case has no score.
    """
    first = scores[scores["seed"] == scores["seed"].min()].set_index("case")
    turned, targets = [], []
    for fold in folds:
        unknown = [case for case in fold["cases"] if case not in first.index]
        if unknown:
            raise ReradError(f"case {unknown[0]} has features but no score", where=f"artefacts of fold {fold['fold']}")
        values = np.asarray(fold["features"], dtype=float)
        spread = values.std(axis=0)
        standard = (values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0]
        axes = min(len(values) - 1, standard.shape[1])
        left, sizes, _ = np.linalg.svd(standard, full_matrices=False)
        principal = (left * sizes)[:, :axes]
        score = first.loc[fold["cases"], "score"].to_numpy(float)
        signs = np.where(principal.T @ (score - score.mean()) < 0, -1.0, 1.0)
        turned.append(principal * signs)
        targets.append(first.loc[fold["cases"], "target"].to_numpy(int))
    kept = min(part.shape[1] for part in turned)
    return np.concatenate([part[:, :kept] for part in turned]), np.concatenate(targets)


def nearest(features: np.ndarray, target: np.ndarray, neighbours: int) -> np.ndarray:
    """Return for each case whether most of its ``neighbours`` nearest other cases have its class; a tie is wrong."""
    apart = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    number = min(neighbours, len(target) - 1)
    closest = np.argsort(apart, axis=1, kind="stable")[:, :number]
    return (target[closest] == target[:, None]).sum(axis=1) * 2 > number


def embedded(features: np.ndarray, perplexity: float, seed: int) -> np.ndarray:
    """Return t-SNE places (cases, 2), exact and from the first two principal axes; source: scikit-learn ``TSNE``."""
    from sklearn.manifold import TSNE

    if not features.size or not np.ptp(features, axis=0).any():  # a network whose units all are silent
        return np.zeros((len(features), 2))
    if features.shape[1] < 2:  # a network of which a single unit answers: its cases lie on a line
        features = np.pad(features, ((0, 0), (0, 2 - features.shape[1])))
    bounded = min(perplexity, (len(features) - 1) / 3)
    made = TSNE(perplexity=bounded, init="pca", method="exact", random_state=seed)
    with one_thread():  # sums in another order end in another picture
        return made.fit_transform(features.astype(np.float64))
