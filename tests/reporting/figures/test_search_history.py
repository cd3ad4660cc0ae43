"""The course of searches: means over searches, each search, and the lowest loss of α."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import rerad.reporting.figures.search_history as module
from rerad.reporting.searches import read_courses

ROWS = [{"method": "mmnas2d", "label": "2D"}, {"method": "row", "trained": "mmnas3d", "label": "3D"}]


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Figure, str]]:
    def run(searches: dict[str, Any], name: str = "x", **changes: Any) -> tuple[Figure, str]:
        kept: list[Any] = []
        made = module.new_figure
        monkeypatch.setattr(module, "new_figure", lambda *sizes: kept.append(made(*sizes)) or kept[-1])
        files = {"png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg"}
        chosen = {method: found.chosen for method, found in searches.items()}
        history = {method: found.history for method, found in searches.items()}
        module.plot_search_history(
            **{"rows": ROWS, "chosen": chosen, "history": history, "phantom": False, **files, **changes}
        )
        monkeypatch.undo()
        return kept[0], files["svg"].read_text()

    return run


def thick(axes: Any) -> list[np.ndarray]:
    """The means: the thick lines."""
    return [
        np.array(line.get_data()) for line in axes.lines if line.get_linewidth() > 1 and line.get_marker() == "None"
    ]


def test_means_and_lowest_by_hand(draw: Callable, write_search: Callable, tmp_path: Path) -> None:
    searches = {"mmnas2d": write_search("mmnas2d"), "mmnas3d": write_search("mmnas3d", together=True, folds=2)}
    figure, text = draw(searches)
    panels = {(axes.get_title(), axes.get_ylabel()): axes for axes in figure.axes}
    loss = next(axes for (title, _), axes in panels.items() if title.startswith("2D"))
    weights, alpha = thick(loss)
    epochs = np.arange(1, 5)
    assert weights == pytest.approx(np.array([epochs, 1 / epochs + 0.2]))
    assert alpha == pytest.approx(
        np.array([epochs, np.mean([(epochs - fold) ** 2 / 10 for fold in (1, 2, 3)], axis=0)])
    )
    dots = next(line for line in loss.lines if line.get_marker() == "o")
    # (e − f)² is lowest in epoch f of fold f.
    assert np.array(dots.get_data()).tolist() == [[1, 2, 3], [0, 0, 0]]
    thin = [line for line in loss.lines if line.get_linewidth() < 1 and line.get_marker() == "None"]
    assert len(thin) == 2 * 3
    entropy, skips = (panels["", name] for name in ("Entropy of α", "Skip share"))
    assert thick(entropy)[0][1] == pytest.approx(1 - epochs / 10)
    assert thick(skips)[0][1] == pytest.approx(epochs / 10)
    assert entropy.get_ylim() == skips.get_ylim() == pytest.approx((-0.03, 1.03))
    assert text.count("mean of 3 searches") == text.count("mean of 2 searches") == 1
    assert [
        line for line in ("Loss of the weights", "Loss of α", "lowest in each search") if f">{line}<" not in text
    ] == []
    draw(searches, "y")
    for suffix in ("png", "svg"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    assert "PHANTOM" not in text
    assert ">PHANTOM<" in draw(searches, "z", phantom=True)[1]


def test_searches_of_all_seeds_count(write_search: Callable) -> None:
    first, second = write_search("m", seed=0), write_search("m", seed=3)
    courses = read_courses([*first.history, *second.history])
    table = module.course_of(courses, "validation", "loss")
    assert list(table.columns) == [(seed, fold) for seed in (0, 3) for fold in (1, 2, 3)]
    assert table[3, 2].tolist() == pytest.approx([0.1, 0.0, 0.1, 0.4])


def test_what_has_no_course_does_not_bend_the_others(draw: Callable, write_search: Callable) -> None:
    searches = {
        "mmnas2d": write_search("mmnas2d", random=True),
        "mmnas3d": write_search("mmnas3d", failed=(2,)),
        "broken": write_search("broken", failed=(1,), together=True),
    }
    figure, text = draw(searches, rows=[*ROWS, {"method": "broken", "label": "Broken"}])
    assert (text.count(">no search<"), text.count(">failed<")) == (1, 1)
    assert "mean of 2 searches, 1 failed" in text
    # One panel instead of three where there is nothing to draw.
    assert sum(axes.axison for axes in figure.axes) == 1 + 3 + 1
    loss = next(axes for axes in figure.axes if axes.get_title().startswith("3D"))
    assert loss.get_ylabel() == "Loss"
    assert len(loss.get_yticks()) > 2
    assert loss.yaxis.get_tick_params()["labelleft"]


def test_none_has_a_course(draw: Callable, write_search: Callable) -> None:
    failed = {method: write_search(method, failed=(1,), together=True) for method in ("mmnas2d", "mmnas3d")}
    _, text = draw(failed)
    assert text.count(">failed<") == 2


def test_a_single_epoch_is_seen(draw: Callable, write_search: Callable) -> None:
    figure, _ = draw({method: write_search(method, epochs=1) for method in ("mmnas2d", "mmnas3d")})
    means = [line for axes in figure.axes for line in axes.lines if line.get_linewidth() == 1.7]
    assert len(means) == 8
    assert {line.get_marker() for line in means} == {"s"}
    assert all(tick == round(tick) for tick in figure.axes[-1].get_xticks())


def test_losses_alone_with_the_last_epoch_of_every_search(draw: Callable, write_search: Callable) -> None:
    figure, text = draw({"mmnas2d": write_search("mmnas2d", epochs=4)}, rows=ROWS[:1], panels=["Loss"])
    (axes,) = figure.axes
    assert [line.get_xdata()[0] for line in axes.lines if line.get_label() == "last epoch of a search"] == [4]
    assert ">last epoch of a search<" in text
    assert "Entropy" not in text


def test_kernel_and_hybrid_loss_are_those_of_the_steps(draw: Callable, write_search: Callable) -> None:
    found = write_search("mmnas2d", epochs=4)
    for file in found.history:
        table = pd.read_csv(file)
        steps = table[table["split"].eq("train") & table["quantity"].eq("loss")].assign(split="alpha")
        pd.concat([table, steps.assign(value=steps["value"] / 2)]).to_csv(file, index=False)
    figure, text = draw({"mmnas2d": found}, rows=ROWS[:1], panels=["Kernel and hybrid loss"])
    kernel, hybrid = (values[1] for values in thick(figure.axes[0]))
    # 1 / epoch + fold / 10, the mean over the folds 1, 2 and 3; α's half of it.
    assert kernel == pytest.approx(1 / np.arange(1, 5) + 0.2)
    assert hybrid == pytest.approx(kernel / 2)
    assert "hybrid loss (α)" in text
