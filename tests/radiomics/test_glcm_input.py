"""What a GLCM map refuses, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rerad.core.errors import CaseError, ConfigError
from rerad.radiomics import glcm_map

IMAGE = np.arange(30.0).reshape(5, 6)


def changed(value: float, dtype: Any = float) -> np.ndarray:
    image = IMAGE.astype(dtype)
    image[2, 3] = value
    return image


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (changed(np.nan), r"1 values are not finite, the first \(nan\) at \(2, 3\)"),
        (changed(np.inf, np.float32), r"not finite, the first \(inf\) at \(2, 3\)"),
        (changed(-np.inf), r"not finite, the first \(-inf\)"),
        (np.arange(5.0), r"shape \(5,\)"),
        (np.zeros((2, 2, 2, 2)), r"shape \(2, 2, 2, 2\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (IMAGE + 1j, "complex128"),
        ([["a", "b"]], "<U1"),
        (np.ma.masked_less(IMAGE, 3), "masked array"),
        (np.array([[-1.7e308, 1.7e308]]), "cannot be told apart"),
        (np.array([[1.0, np.nextafter(1.0, 2)]]), "cannot be told apart"),
    ],
)
def test_an_image_that_cannot_be_used(image: Any, words: str) -> None:
    with pytest.raises(CaseError, match=words) as caught:
        glcm_map(image)
    assert caught.value.where == "image"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((5, 6)), "empty"),
        (np.ones((6, 5)), r"\(6, 5\) is not \(5, 6\)"),
        (changed(np.nan), "not a number"),
        (np.full((5, 6), "x"), "<U1"),
    ],
)
def test_a_mask_that_cannot_be_used(mask: np.ndarray, words: str) -> None:
    with pytest.raises(CaseError, match=words) as caught:
        glcm_map(IMAGE, mask)
    assert caught.value.where == "mask"


def test_a_broken_value_counts_unless_a_mask_leaves_it_out_of_the_levels_too() -> None:
    image, mask = changed(np.nan), np.ones(IMAGE.shape)
    with pytest.raises(CaseError, match="not finite"):
        glcm_map(image, mask, binning="mask")
    mask[2, 3] = 0
    with pytest.raises(CaseError, match="not finite"):
        glcm_map(image, mask)
    assert np.isfinite(glcm_map(image, mask, binning="mask")).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("feature", "entropy"),
        ("feature", "mcc"),
        ("levels", 0),
        ("levels", 1025),
        ("levels", 8.0),
        ("window", 4),
        ("window", 1),
        ("window", "5"),
        ("distance", 0),
        ("distance", 5),
        ("binning", "width"),
        ("binning", 0.0),
        ("binning", -1),
        ("binning", np.nan),
        ("binning", np.inf),
        ("binning", True),
        ("binning", None),
        ("threads", 0),
    ],
)
def test_an_option_that_cannot_be_used(key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        glcm_map(IMAGE, **{key: value})
    assert caught.value.where == key
    assert caught.value.remedy


def test_sums_that_would_not_fit_are_refused() -> None:
    image = np.arange(64 * 64 * 64).reshape(64, 64, 64) % 1024 + 1
    with pytest.raises(ConfigError, match="do not fit into 64 bits") as caught:
        glcm_map(image, window=127, levels=1024, binning="none", feature="cluster_prominence")
    assert caught.value.where == "window"
