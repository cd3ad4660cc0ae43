"""Features in two dimensions: made comparable across networks without a look at the outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from rerad.core.errors import ReradError
from rerad.reporting.figures.tsne import aligned, embedded, nearest, plot_tsne

Made = tuple[list[dict[str, Any]], pd.DataFrame]


def networks(strength: float, *, folds: int = 6, seed: int = 0, informed: bool = True) -> Made:
    """Folds of 8 cases whose features come from networks with units of their own, and the networks' scores.

    Features are a signal along each network's own direction plus noise; ``informed`` networks score along it.
    """
    generator = np.random.default_rng(seed)
    made, rows = [], []
    for fold in range(1, folds + 1):
        target = np.tile([0, 1], 4)
        direction = generator.normal(size=20)
        features = generator.normal(size=(8, 20)) + strength * np.outer(2 * target - 1, direction)
        cases = [f"c{fold}{n}" for n in range(8)]
        score = features @ direction if informed else generator.normal(size=8)
        made.append({"fold": fold, "cases": cases, "features": features * generator.uniform(0.1, 50) + 7})
        rows += [{"case": c, "seed": 0, "target": t, "score": s} for c, t, s in zip(cases, target, score, strict=True)]
    return made, pd.DataFrame(rows)


def test_networks_with_other_units_agree_after_alignment() -> None:
    folds, scores = networks(1.0)
    features, target = aligned(folds, scores)
    assert features.shape == (48, 7)
    assert nearest(features, target, 5).mean() > 0.95
    # Side by side as they are, the features of two networks have nothing in common: neighbours are of one fold.
    raw = np.concatenate([fold["features"] for fold in folds])
    assert nearest(raw, target, 5).mean() < 0.9


def test_where_nothing_is_to_be_found_alignment_finds_nothing() -> None:
    right = []
    for seed in range(12):
        features, target = aligned(*networks(0.0, seed=seed, informed=False))
        right.append(nearest(features, target, 5).mean())
    # 576 draws: chance is 0.5 with a standard error of about 0.02, a little less as one of four is left out.
    assert 0.4 < np.mean(right) < 0.56


def test_alignment_does_not_look_at_the_outcome() -> None:
    folds, scores = networks(0.5)
    features, target = aligned(folds, scores)
    other, flipped = aligned(folds, scores.assign(target=1 - scores["target"]))
    assert np.array_equal(features, other)
    assert np.array_equal(flipped, 1 - target)


def test_alignment_is_blind_to_units_and_scales() -> None:
    folds, scores = networks(0.7)
    features, _ = aligned(folds, scores)
    generator = np.random.default_rng(9)
    shuffled = []
    for fold in folds:
        order = generator.permutation(20)
        values = fold["features"][:, order] * generator.uniform(0.5, 2, 20) * generator.choice([-1, 1], 20)
        shuffled.append({**fold, "features": np.concatenate([values, np.full((8, 3), 4.0)], axis=1)})
    assert aligned(shuffled, scores)[0] == pytest.approx(features, abs=1e-8)


def test_nearest_neighbours_against_scikit_learn() -> None:
    features, target = aligned(*networks(0.3, seed=3))
    model = KNeighborsClassifier(5)
    expected = cross_val_predict(model, features, target, cv=LeaveOneOut()) == target
    assert np.array_equal(nearest(features, target, 5), expected)
    # Two of four neighbours are no majority.
    line = np.array([[0.0], [1.0], [1.1], [2.1], [2.2]])
    assert nearest(line, np.array([0, 0, 1, 0, 1]), 4).tolist() == [False] * 5


def test_places_are_the_same_twice_and_perplexity_is_bounded() -> None:
    features, _ = aligned(*networks(1.0, folds=2))
    assert np.array_equal(embedded(features, 500.0, 0), embedded(features, 5.0, 0))
    assert np.array_equal(embedded(features, 3.0, 0), embedded(features, 3.0, 0))
    assert not np.array_equal(embedded(features, 3.0, 0), embedded(features, 5.0, 0))


def test_a_case_without_score_is_named() -> None:
    folds, scores = networks(1.0)
    with pytest.raises(ReradError, match="case c34 has features but no score"):
        aligned(folds, scores[scores["case"] != "c34"])


def test_the_picture(tmp_path: Path, write_artefacts: Callable, failed: list[Path]) -> None:
    rows = [{"method": name, "label": name.upper()} for name in ("mcl3d", "cfl", "broken")]
    predictions = {
        "mcl3d": write_artefacts("mcl3d").classification,
        "cfl": write_artefacts("cfl", keep=("maps",)).classification,
        "broken": [failed[0].with_name("predictions_classification.csv")],
    }
    texts = []
    for turn, phantom in (("a", False), ("b", False), ("c", True)):
        svg = tmp_path / f"{turn}.svg"
        plot_tsne(
            rows=rows, predictions=predictions, perplexity=5, neighbours=3, phantom=phantom,
            png=tmp_path / f"{turn}.png", svg=svg,
        )  # fmt: skip
        texts.append(svg.read_text())
    assert texts[0] == texts[1]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert texts[0].count(">failed<") == texts[0].count(">no features<") == 1
    assert texts[0].count(">n = 7, 3-NN ") == 1
    assert "standardised" in texts[0]
    assert "Distant metastases" in texts[0]
    assert ">PHANTOM<" in texts[2]
    assert "PHANTOM" not in texts[0]


@pytest.mark.parametrize("units", [0, 1])
def test_a_network_with_hardly_a_unit_that_answers_is_drawn(units: int) -> None:
    features = np.random.default_rng(0).normal(size=(9, units))
    places = embedded(features, 5, 0)
    assert places.shape == (9, 2)
    assert np.isfinite(places).all()
