"""Figs. 1 and 2: what is drawn of a case, and where its patches lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glioma_run import Gliomas
from matplotlib.patches import Rectangle

import rerad.reporting.figures.modalities as modalities
import rerad.reporting.figures.patches as patches
from rerad.reporting.figures.image import ORANGE


@pytest.fixture
def draw(gliomas: Gliomas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, str]]:
    """A function that draws with a module and returns the figure and its SVG."""

    def run(module: Any, name: str = "x", **changes: Any) -> tuple[Any, str]:
        kept: list[Any] = []
        made = module.new_figure
        monkeypatch.setattr(module, "new_figure", lambda *sizes, **more: kept.append(made(*sizes, **more)) or kept[-1])
        files = {"png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg"}
        plot = getattr(module, f"plot_{module.__name__.rpartition('.')[2]}")
        plot(**{"cases": gliomas.cases, "arrays": gliomas.arrays, "phantom": False, **files, **changes})
        monkeypatch.undo()
        return kept[0], files["svg"].read_text()

    return run


def same_twice(draw: Callable, module: Any, tmp_path: Path, **changes: Any) -> None:
    draw(module, "one", **changes)
    draw(module, "two", **changes)
    for suffix in ("png", "svg"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_four_modalities_and_the_labels_in_three_planes(draw: Callable, gliomas: Gliomas, tmp_path: Path) -> None:
    figure, text = draw(modalities)
    assert all(f">{name}<" in text for name in ("T1", "T1Gd", "T2", "FLAIR", "Labels", "G3 · HGG", "Sagittal", "edema"))
    assert len(figure.axes) == 15
    grid = np.array(figure.axes).reshape(3, 5)
    # All slices are as wide as the longer axis; each modality has its own image, the last column labels over T1.
    assert {axes.images[0].get_array().shape[1] for axes in figure.axes} == {32}
    assert [len(axes.images) for axes in grid[2]] == [1, 1, 1, 1, 2]
    painted = np.ma.filled(grid[2, 4].images[1].get_array(), 0)
    assert (painted > 0).sum() == (gliomas.labels("G3")[12] > 0).sum()
    assert not np.array_equal(grid[2, 0].images[0].get_array(), grid[2, 1].images[0].get_array())
    assert np.array_equal(grid[2, 0].images[0].get_array(), grid[2, 4].images[0].get_array())
    same_twice(draw, modalities, tmp_path)


def test_patches_lie_where_the_formula_puts_them(draw: Callable, tmp_path: Path) -> None:
    figure, text = draw(patches, patch=12)
    # G3 is 28 x 32 x 30. z: 3 patches of 12 overlap by 4, from 0; y: 3 by 2, from 0; x: 3 by 3, from 0.
    told = (
        "z: brain 28, 3 patches of 12, overlap 4, step 8, start 0",
        "y: brain 32, 3 patches of 12, overlap 2, step 10, start 0",
        "x: brain 30, 3 patches of 12, overlap 3, step 9, start 0",
    )
    assert all(line in text for line in told)
    sagittal, axial = (axes for axes in figure.axes if axes.images)
    boxes = [patch for patch in sagittal.patches if isinstance(patch, Rectangle)]
    assert len(boxes) == len(axial.patches) == 3 * 3 + 1
    # The head is up: the first patch of z ends at the picture's last row.
    assert {(box.get_x() + 0.5, box.get_y() + 0.5) for box in boxes[:-1]} == {
        (left, 28 - 12 - top) for left in (0, 10, 20) for top in (0, 8, 16)
    }
    assert {(box.get_x() + 0.5, box.get_y() + 0.5) for box in axial.patches[:-1]} == {
        (left, top) for left in (0, 9, 18) for top in (0, 10, 20)
    }
    cube = boxes[-1]
    assert (cube.get_width(), cube.get_height()) == (32, 28)
    assert "PHANTOM" not in text
    same_twice(draw, patches, tmp_path, patch=12)


@pytest.mark.parametrize(
    ("brain", "patch", "said"),
    [
        # Section 2.3 by hand: n = 3, l_o = floor(52 / 2) = 26, start = -floor((192 - 52 - 140) / 2) = 0.
        (140, 64, "z: brain 140, 3 patches of 64, overlap 26, step 38, start 0"),
        # n = 3, l_o = floor(15 / 2) = 7, start = -floor((192 - 14 - 177) / 2) = 0.
        (177, 64, "z: brain 177, 3 patches of 64, overlap 7, step 57, start 0"),
        # n = 2, l_o = 60 - 1 = 119 - …: 2 · 128 - 137 = 119, start 0.
        (137, 128, "z: brain 137, 2 patches of 128, overlap 119, step 9, start 0"),
        # Smaller than a patch: one, centred.
        (100, 128, "z: brain 100, 1 patch of 128, centred, start −14"),
        # n = 4, l_o = floor(6 / 3) = 2 leaves nothing; with 5 left over, floor(5 / 3) = 1 and 2 voxels, one on either side.
        (35, 10, "z: brain 35, 4 patches of 10, overlap 1, step 9, start −1"),
    ],
)
def test_the_numbers_under_the_slices_by_hand(brain: int, patch: int, said: str) -> None:
    assert patches.fit(brain, patch).told("z") == said


@pytest.mark.parametrize(("module", "more"), [(modalities, {}), (patches, {"patch": 12})])
def test_phantom_is_written_inside(
    draw: Callable, tmp_path: Path, pixels: Callable, count: Callable, module: Any, more: dict
) -> None:
    _, plain = draw(module, "plain", **more)
    _, marked = draw(module, "marked", phantom=True, **more)
    assert "PHANTOM" not in plain
    assert ">PHANTOM<" in marked
    # On the images too, where the stamp is lost.
    assert [count(pixels(tmp_path / f"{name}.png"), ORANGE) > 300 for name in ("plain", "marked")] == [False, True]
