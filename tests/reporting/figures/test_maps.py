"""Feature maps: on the grid of the slice, cropped to the tumour, from the network that never saw the case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.figures.blocks import crop
from rerad.reporting.figures.image import ORANGE
from rerad.reporting.figures.maps import contrast, plot_maps, upsampled

ROWS = [
    {"method": "chmfl", "label": "CHMFL"},
    {"method": "cfl", "label": "CFL"},
    {"method": "broken", "label": "3DMCL"},
]


def test_upsampling_covers_the_same_field() -> None:
    # Cells of 2 × 4 voxels: their centres keep their values' linear course, and a plane stays a plane inside.
    coarse = np.add.outer(np.arange(4.0), 10 * np.arange(3.0))
    fine = upsampled(coarse, (8, 12))
    assert fine.shape == (8, 12)
    assert fine[1:7].mean(axis=1) == pytest.approx(np.arange(0.25, 3.0, 0.5) + 10)
    assert fine[0, 2:10].tolist() == pytest.approx((10 * np.arange(0.125, 2.0, 0.25)).tolist())
    same = np.random.default_rng(0).normal(size=(5, 6))
    assert np.array_equal(upsampled(same, (5, 6)), same)


def test_contrast_by_hand() -> None:
    gtv = np.zeros((4, 4), bool)
    gtv[1:3, 1:3] = True
    assert contrast(np.where(gtv, 3.0, 1.5), gtv) == "× 2"
    assert contrast(np.where(gtv, 3.0, 0.0), gtv) == "× –"
    assert contrast(np.ones((4, 4)), np.zeros((4, 4), bool)) == "× –"


def test_the_crop_is_a_square_around_the_tumour_inside_the_slice() -> None:
    mask = np.zeros((40, 60), bool)
    mask[10:20, 30:36] = True
    rows, columns = crop(mask, margin=0.5)
    assert (rows, columns) == (slice(5, 25), slice(23, 43))
    mask[:] = False
    mask[0:10, 55:60] = True
    rows, columns = crop(mask, margin=0.5)
    assert (rows, columns) == (slice(0, 20), slice(40, 60))
    assert crop(np.zeros((4, 6), bool)) == (slice(0, 4), slice(0, 6))
    assert crop(np.ones((4, 6), bool)) == (slice(0, 4), slice(0, 6))


def draw(scanned: Any, tmp_path: Path, predictions: dict, name: str = "x", **changes: Any) -> str:
    settings: dict[str, Any] = {
        "rows": ROWS, "predictions": predictions, "cases": scanned.cases, "arrays": scanned.arrays, "phantom": False,
        "png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg",
    }  # fmt: skip
    plot_maps(**{**settings, **changes})
    return (tmp_path / f"{name}.svg").read_text()


def test_the_picture(
    scanned: Any, write_artefacts: Callable, failed: list[Path], tmp_path: Path, pixels: Callable, count: Callable
) -> None:
    predictions = {
        "chmfl": write_artefacts("chmfl").classification,
        "cfl": write_artefacts("cfl", keep=("features",)).classification,
        "broken": failed,
    }
    text = draw(scanned, tmp_path, predictions)
    assert "P2 · no metastases" in text
    # Two cases: a map of one method, none of the next, and one that failed.
    assert text.count("GTV × ") == 2
    assert text.count(">no map<") == text.count(">failed<") == 2
    assert "PHANTOM" not in text
    draw(scanned, tmp_path, predictions, "y")
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()
    assert ">PHANTOM<" in draw(scanned, tmp_path, predictions, "z", phantom=True)
    # On the images too, where the stamp is lost.
    assert [count(pixels(tmp_path / f"{name}.png"), ORANGE) > 300 for name in "xz"] == [False, True]


def test_the_map_belongs_to_its_case(scanned: Any, write_artefacts: Callable, tmp_path: Path) -> None:
    # The map is the GTV itself on a coarse grid plus 1/4: about five times as strong inside, and less than five.
    files = write_artefacts("chmfl").classification
    text = draw(scanned, tmp_path, {"chmfl": files}, rows=ROWS[:1], names=["P2", "P3"])
    inside = [float(part.split("<")[0]) for part in text.split("GTV × ")[1:]]
    assert len(inside) == 2
    assert all(2.5 < value < 5 for value in inside)


def test_maps_of_another_slice_are_refused(scanned: Any, write_artefacts: Callable, tmp_path: Path) -> None:
    files = write_artefacts("chmfl").classification
    for file in files:
        archive = next((file.parent / "artefacts").glob("*.npz"))
        with np.load(archive) as content:
            arrays = dict(content)
        np.savez(archive, **{**arrays, "slice": arrays["slice"] + 1})
    with pytest.raises(ReradError, match=r"CHMFL, case P2: the artefact shows slice 7, the GTV is largest in slice 6"):
        draw(scanned, tmp_path, {"chmfl": files}, rows=ROWS[:1])
