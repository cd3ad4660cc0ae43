"""Figs. 8 and 9: painted labels beside the true ones, and boxes of every case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from glioma_run import Gliomas, paint_gliomas

import rerad.reporting.figures.boxes as boxes
import rerad.reporting.figures.overlays as overlays
from rerad.cohorts.brats.labels import region
from rerad.core.errors import ReradError
from rerad.metrics import segmentation
from rerad.training.predictions import SEGMENTATION

ROWS = [{"method": "unet3d", "label": "3D-U-Net"}, {"method": "row", "trained": "nas3dunet", "label": "NAS-3D-U-Net"}]


@pytest.fixture
def predictions(tmp_path: Path, gliomas: Gliomas) -> dict[str, list[Path]]:
    """Two methods, one exact on what it trained on, and one that failed."""
    folder = tmp_path / "trained" / "brats"
    broken = folder / "broken" / "seed0" / "all" / "predictions_segmentation.csv"
    (broken.parent / "artefacts").mkdir(parents=True)
    broken.write_text(",".join(SEGMENTATION) + "\n")
    return {
        "unet3d": paint_gliomas(folder / "unet3d", gliomas, step=1),
        "nas3dunet": paint_gliomas(folder / "nas3dunet", gliomas, step=4),
        "broken": [broken],
    }


@pytest.fixture
def draw(
    gliomas: Gliomas, predictions: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Any, str]]:
    def run(module: Any, name: str = "x", **changes: Any) -> tuple[Any, str]:
        kept: list[Any] = []
        saved = module.save
        monkeypatch.setattr(
            module, "save", lambda figure, *more, **told: kept.append(figure) or saved(figure, *more, **told)
        )
        files = {"png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg"}
        given: dict[str, Any] = {"rows": ROWS, "predictions": predictions, "phantom": False, **files}
        if module is overlays:
            given |= {"cases": gliomas.cases, "arrays": gliomas.arrays}
            overlays.plot_overlays(**{**given, **changes})
        else:
            boxes.plot_boxes(**{**given, **changes})
        monkeypatch.undo()
        return kept[0], files["svg"].read_text()

    return run


@pytest.mark.parametrize("module", [overlays, boxes])
def test_the_same_bytes_twice_and_phantom_inside(draw: Callable, tmp_path: Path, module: Any) -> None:
    _, text = draw(module)
    draw(module, "y")
    for suffix in ("png", "svg"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    assert "PHANTOM" not in text
    assert ">PHANTOM<" in draw(module, "z", phantom=True)[1]


def test_labels_stand_beside_the_true_ones_with_their_dice(draw: Callable, gliomas: Gliomas) -> None:
    figure, text = draw(overlays, names=["G2"])
    plain, true, unet, nas = (axes for axes in figure.axes if axes.images)
    labels = gliomas.labels("G2")
    assert [len(axes.images) for axes in (plain, true, unet, nas)] == [1, 2, 2, 2]
    painted = [np.ma.filled(axes.images[1].get_array(), 0) for axes in (true, unet, nas)]
    assert np.array_equal(painted[0] > 0, labels[12] > 0)
    assert np.array_equal(painted[1], np.roll(painted[0], 1, axis=1))
    assert np.array_equal(painted[2], np.roll(painted[0], 4, axis=1))
    for step in (1, 4):
        moved = np.roll(labels, step, axis=2)
        dice = [segmentation(region(labels, name), region(moved, name), 1)["dice"] for name in ("WT", "TC", "ET")]
        assert " · ".join(f"{value:.2f}" for value in dice) in text
    assert "Dice of WT, TC, ET" in text


def test_of_each_grade_a_case_is_shown(draw: Callable) -> None:
    _, text = draw(overlays)
    assert all(f">{title}<" in text for title in ("G3 · HGG", "G4 · LGG"))


def test_what_failed_or_kept_nothing_says_so(draw: Callable, predictions: dict) -> None:
    rows = [*ROWS, {"method": "broken", "label": "Broken"}]
    for file in predictions["unet3d"]:
        kept = file.parent / "artefacts" / f"{file.parent.name}.npz"
        with np.load(kept) as content:
            arrays = {name: content[name] for name in ("cases", "slice")}
        np.savez(kept, **arrays)
    _, text = draw(overlays, rows=rows, names=["G1"])
    assert (text.count(">no labels<"), text.count(">failed<")) == (1, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slice": np.array([3, 3, 3])}, r"3D-U-Net, case G1: .*slice 3, the tumour is largest in slice 12|slice 3"),
        ({"labels_0": np.zeros((4, 4), np.uint8)}, r"slice is \(4, 4\), that of the brain cube \(34, 30\)"),
        ({"labels_7": np.zeros((4, 4), np.uint8)}, r"labels_<index> are 4, not one for each of 3 cases"),
    ],
)
def test_artefacts_of_other_arrays_are_refused(draw: Callable, predictions: dict, change: dict, said: str) -> None:
    kept = predictions["unet3d"][0].parent / "artefacts" / "fold1.npz"
    with np.load(kept) as content:
        arrays = dict(content.items())
    np.savez(kept, **{**arrays, **change})
    with pytest.raises(ReradError, match=said):
        draw(overlays, names=["G1"])


def test_boxes_hold_every_case_once(draw: Callable, predictions: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[tuple[str, int], list[np.ndarray]] = {}
    box = boxes._box

    def watch(axes: Any, numbers: np.ndarray, *more: Any) -> None:
        place = axes.get_subplotspec()
        drawn.setdefault((place.rowspan.start, place.colspan.start), []).append(numbers)
        box(axes, numbers, *more)

    monkeypatch.setattr(boxes, "_box", watch)
    figure, text = draw(boxes)
    table = pd.concat([pd.read_csv(file) for file in predictions["unet3d"]])
    chosen = table[(table["region"] == "WT") & (table["role"] == "test")].sort_values("case")
    # By region (ET, WT, TC) and method; one value a case.
    train, test = drawn[0, 0], drawn[0, 1]
    assert len(test) == len(train) == 2 * 3
    assert test[1] == pytest.approx(chosen["dice"].to_numpy())
    # Exact on what it saw; a case without ET that is painted without it is right as well.
    assert train[0].tolist() == [1.0] * 5
    assert len(test[0]) == 5
    # Sensitivity of ET is defined for four of the five.
    assert len(drawn[1, 1][0]) == 4
    means = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert means[6].get_ydata() == pytest.approx([test[0].mean()])
    assert all(f">{name}<" in text for name in ("Training cases", "Held-out cases", "HD95 (mm)", "3D-U-Net", "mean"))


def test_a_method_that_failed_leaves_the_others_standing(draw: Callable) -> None:
    both = [*ROWS, {"method": "broken", "label": "Broken"}]
    assert ">failed<" not in draw(boxes, rows=both)[1]
    assert draw(boxes, rows=both[2:])[1].count(">failed<") == 8
