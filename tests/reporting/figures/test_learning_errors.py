"""Learning curves, and errors of two methods against each other: what is drawn where."""

from __future__ import annotations

from pathlib import Path

import matplotlib.axes
import numpy as np
import pandas as pd
import pytest

from rerad.reporting.figures.errors import plot_errors
from rerad.reporting.figures.learning_curves import plot_learning_curves

NETS = [
    {"method": "nn", "label": "No pre-training", "printed": {"training": 0.2, "validation": 0.3}},
    {"method": "nn", "label": "Autoencoder", "quantity": "autoencoder_mse"},
]
PAIR = [{"method": "nn", "label": "Neural network"}, {"method": "linear", "label": "Linear regression"}]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """What is plotted: (x, y, colour of the face or the line)."""
    seen: list = []
    plot = matplotlib.axes.Axes.plot

    def spy(self, x, y, *rest, **more):
        seen.append((np.asarray(x), np.asarray(y), more))
        return plot(self, x, y, *rest, **more)

    monkeypatch.setattr(matplotlib.axes.Axes, "plot", spy)
    return seen


def history(path: Path) -> Path:
    rows = [
        {"fold": fold, "epoch": epoch, "split": split, "quantity": quantity, "value": fold / epoch + (split == "test")}
        for fold in (1, 3)
        for epoch in (1, 2, 4)
        for quantity, split in (("mae", "train"), ("mae", "test"), ("autoencoder_mse", "train"), ("mae_nested", "test"))
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_thick_curves_are_means_over_folds(tmp_path: Path, drawn: list) -> None:
    files = {"png": tmp_path / "a.png", "svg": tmp_path / "a.svg"}
    plot_learning_curves(rows=NETS, history={"nn": [history(tmp_path / "h.csv")]}, phantom=True, **files)
    thick = [(x.tolist(), y.tolist()) for x, y, more in drawn if more["linewidth"] > 1]
    assert thick == [([1, 2, 4], [2, 1, 0.5]), ([1, 2, 4], [3, 2, 1.5]), ([1, 2, 4], [2, 1, 0.5])]
    thin = [y for _, y, more in drawn if more["linewidth"] < 1]
    assert thin[1].tolist() == [[2, 4], [1.5, 2.5], [1.25, 1.75]]
    assert "PHANTOM" in files["svg"].read_text()


def test_a_network_that_failed_has_no_curve(tmp_path: Path, drawn: list) -> None:
    empty = tmp_path / "h.csv"
    empty.write_text("fold,epoch,split,quantity,value\n")
    files = {"png": tmp_path / "a.png", "svg": tmp_path / "a.svg"}
    plot_learning_curves(rows=NETS[:1], history={"nn": [empty]}, phantom=False, **files)
    assert drawn == []
    assert "failed" in files["svg"].read_text()


def metrics(path: Path, error: float) -> Path:
    features = {"enhancing_volume": 100.0, "edema_volume": 50.0}
    rows = []
    for name, largest in features.items():
        rows += [{"metric": f"mae_{name}", "value": error}, {"metric": f"mape_{name}", "value": 3 * error}]
        rows += [{"metric": f"truth_max_{name}", "value": largest}]
    shared = {"task": "regression", "scope": "pooled", "selection": "last", "variant": "published", "role": "test"}
    pd.DataFrame(rows).assign(**shared, group="all", low=0.0, high=9.0, n=5).to_csv(path, index=False)
    return path


def test_a_dot_is_a_feature_and_a_filled_one_differs(tmp_path: Path, drawn: list) -> None:
    known = {"nn": metrics(tmp_path / "nn.csv", 10.0), "linear": metrics(tmp_path / "linear.csv", 20.0)}
    comparisons = tmp_path / "comparisons.csv"
    line = {"method": "nn", "against": "linear", "selection": "last", "variant": "published"}
    tested = [{**line, "metric": "mae_edema_volume", "p": 0.02}, {**line, "metric": "mae_enhancing_volume", "p": 0.03}]
    pd.DataFrame(tested).to_csv(comparisons, index=False)
    files = {"png": tmp_path / "a.png", "svg": tmp_path / "a.svg"}
    plot_errors(rows=PAIR, metrics=known, comparisons=comparisons, phantom=False, **files)
    dots = [(float(x), float(y), more["markerfacecolor"] != "white") for x, y, more in drawn if "marker" in more]
    # Two tests: 0.02 becomes 0.04, 0.03 becomes 0.06.
    assert dots == [(0.1, 0.2, False), (0.2, 0.4, True), (30.0, 60.0, False), (30.0, 60.0, False)]
    files2 = {"png": tmp_path / "b.png", "svg": tmp_path / "b.svg"}
    plot_errors(rows=PAIR, metrics=known, comparisons=comparisons, phantom=False, **files2)
    assert files["svg"].read_bytes() == files2["svg"].read_bytes()
