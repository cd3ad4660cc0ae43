"""Confusion matrices against counts by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from rerad.reporting.figures.confusion import count, plot_confusion


def test_counts_of_the_published_row() -> None:
    # 19 of 24 positive and 17 of 24 negative patients called right, once with the threshold itself as a score.
    target = [1] * 24 + [0] * 24
    score = [0.5] * 19 + [0.499] * 5 + [0.1] * 17 + [0.9] * 7
    scores = pd.DataFrame({"case": range(48), "seed": 0, "target": target, "score": score})
    assert count(scores, 0.5).tolist() == [[17, 7], [5, 19]]


def test_mean_over_seeds() -> None:
    first = pd.DataFrame({"case": [1, 2], "seed": 0, "target": [0, 1], "score": [0.1, 0.9]})
    second = first.assign(seed=1, score=[0.9, 0.9])
    assert count(pd.concat([first, second]), 0.5).tolist() == [[0.5, 0.5], [0, 1]]


def test_figure_files(tmp_path: Path, write_trained: Callable) -> None:
    rows = [
        {"method": "hc_rf", "label": "HC + RF"},
        {"method": "bad", "label": "Bad"},
        {"method": "hc_rf", "label": "C"},
    ]
    empty = tmp_path / "empty.csv"
    empty.write_text("case,fold,seed,role,selection,variant,target,score\n")
    good, metrics = write_trained("hc_rf")
    predictions = {"hc_rf": good, "bad": [empty]}
    accuracy = pd.read_csv(metrics).query("metric == 'acc' and scope == 'pooled'").iloc[0]
    files = []
    for turn in "ab":
        png, svg = tmp_path / turn / "figs1.png", tmp_path / turn / "figs1.svg"
        plot_confusion(rows=rows, predictions=predictions, metrics={"hc_rf": metrics}, phantom=True, png=png, svg=svg)
        files.append((png.read_bytes(), svg.read_bytes()))
    assert files[0] == files[1]
    assert b">PHANTOM<" in files[0][1]
    assert b">failed<" in files[0][1]
    text = f"accuracy {accuracy['value']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}]"
    assert files[0][1].decode().count(text) == 2
    plot_confusion(rows=rows, predictions=predictions, metrics={"hc_rf": metrics}, phantom=False, png=png, svg=svg)
    assert b"PHANTOM" not in svg.read_bytes()
