"""Which gliomas a figure shows, in which slices and colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from glioma_run import Gliomas, prepare_gliomas
from matplotlib.figure import Figure

from rerad.core.errors import ReradError
from rerad.reporting.figures.gliomas import gliomas as choose
from rerad.reporting.figures.gliomas import legend, paint, section


def names(chosen: list) -> list[str]:
    return [one.case for one in chosen]


def test_of_each_grade_the_tumour_of_median_size(gliomas: Gliomas) -> None:
    # HGG: radii 6, 9, 7, so G3; of the LGG only G4 has enhancing tumour.
    assert names(choose(gliomas.cases, gliomas.arrays)) == ["G3", "G4"]
    assert [one.title for one in choose(gliomas.cases, gliomas.arrays)] == ["G3 · HGG", "G4 · LGG"]
    assert names(choose(gliomas.cases, gliomas.arrays, ["G5", "G1"])) == ["G5", "G1"]


def test_without_grades_there_is_one_case(tmp_path: Path) -> None:
    unknown = prepare_gliomas(tmp_path / "brats", grades=False)
    chosen = choose(unknown.cases, unknown.arrays)
    # Of the radii 6, 7, 8 and 9 the lower of the two in the middle.
    assert names(chosen) == ["G3"]
    assert chosen[0].title == "G3"


def test_cases_that_are_not_there_are_named(gliomas: Gliomas, tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"'G9' is no included case.*for example G1, G2, G3, G4"):
        choose(gliomas.cases, gliomas.arrays, ["G1", "G9"])
    table = pd.read_csv(gliomas.cases).assign(included=0)
    table.to_csv(tmp_path / "cases.csv", index=False)
    with pytest.raises(ReradError, match="there is no included case"):
        choose(tmp_path / "cases.csv", gliomas.arrays)


def test_slices_are_those_with_most_tumour_head_and_front_up(gliomas: Gliomas) -> None:
    one = choose(gliomas.cases, gliomas.arrays, ["G2"])[0]
    labels = gliomas.labels("G2")
    assert [one.largest(plane) for plane in ("axial", "coronal", "sagittal")] == [12, 14, 13]
    assert np.array_equal(one.drawn("axial"), labels[12])
    # The head has the last slices of z.
    assert np.array_equal(one.drawn("sagittal"), labels[::-1, :, 13])
    assert np.array_equal(one.scan("flair", "coronal"), one.images[3, ::-1, 14])


def test_a_section_is_a_plane_of_the_volume() -> None:
    volume = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(section(volume, "axial", 1), volume[1])
    assert np.array_equal(section(volume, "coronal", 2), [volume[1, 2], volume[0, 2]])
    assert section(volume, "sagittal", 0).tolist() == [[12, 16, 20], [0, 4, 8]]


def test_parts_have_the_colours_of_the_legend() -> None:
    axes = Figure().subplots()
    paint(axes, np.array([[0, 1], [2, 4]], np.uint8), alpha=1.0)
    image = axes.images[0]
    drawn = image.to_rgba(image.get_array())
    assert drawn[0, 0, 3] == 0
    colours = {handle.get_label(): handle.get_facecolor()[:3] for handle in legend()}
    assert tuple(drawn[0, 1, :3]) == pytest.approx(colours["necrotic, non-enhancing"])
    assert tuple(drawn[1, 0, :3]) == pytest.approx(colours["edema"])
    assert tuple(drawn[1, 1, :3]) == pytest.approx(colours["enhancing"])
