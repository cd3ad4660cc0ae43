"""Grey levels against values worked out by hand and against PyRadiomics' own."""

from __future__ import annotations

import numpy as np
import pytest
from radiomics.imageoperations import binImage

from rerad.core.errors import CaseError
from rerad.radiomics.glcm_levels import bin_edges, to_levels


def levels_of(
    values: np.ndarray, inside: np.ndarray | None = None, *, levels: int = 64, binning: str | float
) -> np.ndarray:
    return to_levels(values, inside, bin_edges(values, inside, levels=levels, binning=binning))


def test_equal_bins_by_hand() -> None:
    values = np.array([[-2.0, -1.1, -1.0, 0.0, 1.9, 2.0]])
    assert levels_of(values, levels=4, binning="volume").tolist() == [[1, 1, 2, 3, 4, 4]]
    inside = np.array([[True, True, True, True, False, False]])
    assert levels_of(values, inside, levels=4, binning="volume").tolist() == [[1, 1, 2, 3, 0, 0]]
    assert levels_of(values, inside, levels=4, binning="mask").tolist() == [[1, 2, 3, 4, 0, 0]]


def test_bins_of_a_width_begin_at_a_multiple_of_it() -> None:
    values = np.array([[54, 74, 75, 100, 166]], np.int16)
    assert levels_of(values, binning=25).tolist() == [[1, 1, 2, 3, 5]]
    assert levels_of(np.array([[250, 255]], np.uint8), binning=25).tolist() == [[1, 1]]
    assert levels_of(np.array([[-30, -1, 0]]), binning=25).tolist() == [[1, 2, 3]]


def test_levels_may_be_given() -> None:
    assert levels_of(np.array([[3.0, 1.0], [64.0, 2.0]]), binning="none").tolist() == [[3, 1], [64, 2]]
    for broken in ([[0, 1]], [[1, 65]], [[1.5, 2]]):
        with pytest.raises(CaseError, match="not whole numbers from 1 to 64"):
            levels_of(np.array(broken), binning="none")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint16])
@pytest.mark.parametrize("settings", [{"binCount": 64}, {"binCount": 7}, {"binWidth": 25}, {"binWidth": 3}])
def test_levels_are_those_of_pyradiomics(dtype: type, settings: dict[str, int]) -> None:
    generator = np.random.default_rng(0)
    values = np.round(generator.normal(500, 60, (40, 50)), 1).astype(dtype)  # many lie on an edge
    inside = generator.random(values.shape) < 0.8
    expected = binImage(values, inside, **settings)[0]
    binning = settings.get("binWidth", "mask")
    found = levels_of(values, inside, levels=settings.get("binCount", 64), binning=binning)
    assert (found == expected).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_on_an_edge_and_next_to_it(dtype: type) -> None:
    # Where an edge cannot be written exactly, arithmetic alone puts its value into the bin below as often as not.
    ends = np.array([0.1, 1.3], dtype)
    edges = np.histogram(ends, 49)[1].astype(dtype)
    values = np.concatenate([ends, edges, np.nextafter(edges[1:], dtype(-9)), np.nextafter(edges[:-1], dtype(9))])
    values = values[(values >= ends[0]) & (values <= ends[1])][np.newaxis]
    expected = binImage(values, values > 0, binCount=49)[0]
    assert (levels_of(values, levels=49, binning="mask") == expected).all()
    assert len(np.unique(expected)) == 49


def test_a_flat_image_has_the_level_that_pyradiomics_gives_it() -> None:
    values = np.full((3, 3), -4.2)
    for levels in (1, 2, 5, 64):
        assert (
            levels_of(values, levels=levels, binning="mask") == binImage(values, values < 0, binCount=levels)[0]
        ).all()


def test_an_image_in_other_units_is_refused() -> None:
    with pytest.raises(CaseError, match=r"more than 1024 levels of 0\.25"):
        levels_of(np.array([[0.0, 40000.0]]), binning=0.25)
    with pytest.raises(CaseError, match="cannot be told apart"):
        levels_of(np.array([[1e20, 1e20 + 2**15]]), binning=50)


def test_bins_that_rounding_ends_before_the_largest_value_are_refused() -> None:
    # A third is 0.3125 among 32-bit numbers of this size: 30.67 / 0.3125 bins are more than 30.67 · 3.
    values = np.array([[545854.625, 545870.0, 545885.3]])
    with pytest.raises(CaseError, match=r"bins of 0\.333333 cannot be told apart at 545855 in float32"):
        levels_of(values.astype(np.float32), binning=1 / 3)
    assert levels_of(values, binning=1 / 3).max() == 93
