"""Predicted masks: what is found, missed and wrongly called, with the Dice of the predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.metrics import segmentation
from rerad.reporting.figures.image import ORANGE
from rerad.reporting.figures.segmentations import dice_of, plot_segmentations

ROWS = [{"method": "vnet", "label": "V-Net"}, {"method": "cfl", "label": "CFL"}, {"method": "broken", "label": "CHMFL"}]


@pytest.fixture
def draw(scanned: Any, tmp_path: Path, write_artefacts: Callable, failed: list[Path]) -> Callable[..., str]:
    predictions = {
        "vnet": write_artefacts("vnet").segmentation,
        "cfl": write_artefacts("cfl", keep=("features",)).segmentation,
        "broken": failed,
    }

    def run(name: str = "x", **changes: Any) -> str:
        settings: dict[str, Any] = {
            "rows": ROWS, "predictions": predictions, "cases": scanned.cases, "arrays": scanned.arrays,
            "phantom": False, "png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg",
        }  # fmt: skip
        plot_segmentations(**{**settings, **changes})
        return (tmp_path / f"{name}.svg").read_text()

    return run


def test_the_picture(draw: Callable, scanned: Any, tmp_path: Path, pixels: Callable, count: Callable) -> None:
    text = draw()
    for case in ("P2", "P3"):
        gtv = scanned.gtv(case)
        assert f"Dice {segmentation(gtv, np.roll(gtv, 1, axis=2), 2.0)['dice']:.3f}" in text
    assert text.count(">Dice ") == 2
    assert text.count(">no mask<") == text.count(">failed<") == 2
    assert all(told in text for told in ("tumour, found", "tumour, missed", "no tumour, but called so"))
    draw("y")
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()
    assert ">PHANTOM<" in draw("z", phantom=True)
    # On the images too, where the stamp is lost.
    assert [count(pixels(tmp_path / f"{name}.png"), ORANGE) > 300 for name in "xz"] == [False, True]
    assert "PHANTOM" not in text


def test_voxels_have_the_colours_of_the_legend(draw: Callable, scanned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import rerad.reporting.figures.segmentations as module

    seen = []
    drawn = module._overlay

    def watch(axes: Any, example: Any, mask: np.ndarray) -> None:
        drawn(axes, example, mask)
        seen.append(np.ma.filled(axes.images[-1].get_array(), 0))

    monkeypatch.setattr(module, "_overlay", watch)
    draw(rows=ROWS[:1], names=["P2"])
    gtv = scanned.gtv("P2")[6]
    moved = np.roll(gtv, 1, axis=1)
    true, predicted = seen
    assert np.array_equal(true == 1, gtv)
    assert (predicted == 1).sum() == (gtv & moved).sum()
    assert np.array_equal(predicted == 2, gtv & ~moved)
    assert np.array_equal(predicted == 3, ~gtv & moved)


def test_dice_is_that_of_the_last_epoch_and_the_lowest_seed(tmp_path: Path, write_artefacts: Callable) -> None:
    files = write_artefacts("vnet").segmentation
    expected = dice_of(files)
    assert set(expected) == {"P0", "P1", "P2", "P3", "P4", "P5", "P6"}
    whole = pd.read_csv(files[0])
    for change in ({"seed": 1}, {"selection": "best_test"}, {"role": "train"}, {"variant": "other"}):
        more = tmp_path / f"{next(iter(change))}.csv"
        whole.assign(dice=0.0, **change).to_csv(more, index=False)
        assert dice_of([*files, more]) == expected
