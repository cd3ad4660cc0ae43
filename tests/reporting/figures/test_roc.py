"""ROC curves against scikit-learn and hand-made ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score, roc_curve

from rerad.reporting.figures.roc import mean_curve, plot_roc

ROWS = [
    {"method": "hc_rf", "label": "HC + RF"},
    {"method": "dlhn", "trained": "volume_only", "label": "Volume"},
]


def test_mean_of_two_steps_by_hand() -> None:
    # One curve jumps to 1 at once, the other only at the end: the mean runs at one half.
    perfect = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])
    useless = np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0])
    abscissa, ordinate = mean_curve([perfect, useless])
    assert abscissa.tolist() == [0, 0, 1, 1]
    assert ordinate.tolist() == [0, 0.5, 0.5, 1]


@pytest.mark.parametrize("digits", [1, 9])
def test_area_of_the_mean_is_the_mean_area(digits: int) -> None:
    # One digit makes ties, which are slopes instead of steps, and seeds with other abscissas.
    generator = np.random.default_rng(digits)
    curves, areas = [], []
    for negatives in (7, 24, 24):
        target = np.repeat([0, 1], [negatives, 11])
        score = np.round(generator.normal(target, 1.5), digits)
        curves.append(roc_curve(target, score, drop_intermediate=False)[:2])
        areas.append(roc_auc_score(target, score))
    abscissa, ordinate = mean_curve(curves)
    assert auc(abscissa, ordinate) == pytest.approx(np.mean(areas), abs=1e-12)
    assert (np.diff(abscissa) >= 0).all()
    assert (np.diff(ordinate) >= -1e-12).all()


def test_one_seed_is_its_own_curve() -> None:
    target, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    false, true, _ = roc_curve(target, score, drop_intermediate=False)
    abscissa, ordinate = mean_curve([(false, true)])
    assert set(zip(false, true, strict=True)) <= set(zip(abscissa, ordinate, strict=True)) | {(0.0, 0.5)}
    assert auc(abscissa, ordinate) == 1.0


def test_figure_files(tmp_path: Path, write_trained: Callable) -> None:
    predictions, metrics = {}, {}
    for method, cases in (("hc_rf", 48), ("volume_only", 34)):
        predictions[method], metrics[method] = write_trained(method, seeds=2, cases=cases)
    files = []
    for turn, phantom in (("a", True), ("b", True), ("c", False)):
        png, svg = tmp_path / turn / "fig3.png", tmp_path / turn / "fig3.svg"
        plot_roc(rows=ROWS, predictions=predictions, metrics=metrics, phantom=phantom, png=png, svg=svg)
        assert png.read_bytes().startswith(b"\x89PNG")
        files.append((png.read_bytes(), svg.read_bytes()))
        assert sorted(path.name for path in png.parent.iterdir()) == ["fig3.png", "fig3.svg"]
    assert files[0] == files[1]
    assert files[0][0] != files[2][0]
    assert b">PHANTOM<" in files[0][1]
    assert b"PHANTOM" not in files[2][1]
    text = files[0][1].decode()
    # AUC and interval are those of metrics.csv.
    pooled = pd.read_csv(metrics["hc_rf"]).query("metric == 'auc' and scope == 'pooled'").iloc[0]
    assert f"HC + RF: {pooled['value']:.3f} [{pooled['low']:.3f}, {pooled['high']:.3f}] (n = 48)" in text
    assert "(n = 34)" in text


def test_a_failed_method_is_named(tmp_path: Path, write_trained: Callable) -> None:
    good, metrics = write_trained("hc_rf")
    empty = tmp_path / "empty.csv"
    empty.write_text("case,fold,seed,role,selection,variant,target,score\n")
    svg = tmp_path / "x.svg"
    plot_roc(
        rows=ROWS, predictions={"hc_rf": good, "volume_only": [*good, empty]}, metrics={"hc_rf": metrics},
        phantom=False, png=tmp_path / "x.png", svg=svg,
    )  # fmt: skip
    assert "Volume: failed" in svg.read_text()
    assert "HC + RF: failed" not in svg.read_text()


def test_each_method_has_a_band_of_its_own(tmp_path: Path, write_trained: Callable) -> None:
    good, metrics = write_trained("hc_rf")
    empty = tmp_path / "empty.csv"
    empty.write_text("case,fold,seed,role,selection,variant,target,score\n")
    known = {"metrics": {"hc_rf": metrics}, "phantom": False, "png": tmp_path / "x.png", "svg": tmp_path / "x.svg"}
    counts = []
    for other in (good, [empty]):
        plot_roc(rows=ROWS, predictions={"hc_rf": good, "volume_only": other}, **known)
        counts.append(known["svg"].read_text().count("FillBetweenPolyCollection"))
    assert counts == [2, 1]
    # Where everything failed there is no curve, no band and still a figure.
    plot_roc(rows=ROWS, predictions={"hc_rf": [empty], "volume_only": [empty]}, **known)
    text = known["svg"].read_text()
    assert "HC + RF: failed" in text
    assert "band" not in text
