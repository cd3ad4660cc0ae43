"""Regions: the largest connected part of some labels, told by its shape."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.cohorts.tcga_gbm.regions import Labels, features_of, largest_component
from rerad.core.errors import CaseError
from rerad.radiomics import morphology

ROIS = {"enhancing": [4], "edema": [2]}


def labels(values: np.ndarray) -> Labels:
    return Labels(sitk.Image(), values.astype(np.uint8), (3.0, 1.0, 1.0), "et4")


def test_voxels_that_share_a_corner_belong_together() -> None:
    mask = np.zeros((5, 9, 9), bool)
    mask[1, 1, 1] = mask[2, 2, 2] = mask[3, 3, 3] = True
    mask[1, 6:8, 6] = True
    expected = mask.copy()
    expected[1, 6:8, 6] = False
    np.testing.assert_array_equal(largest_component(mask), expected)
    np.testing.assert_array_equal(largest_component(expected), expected)


def test_of_equal_parts_the_first_counts() -> None:
    mask = np.zeros((3, 3, 9), bool)
    mask[1, 1, 1] = mask[1, 1, 5] = True
    assert np.argwhere(largest_component(mask)).tolist() == [[1, 1, 1]]


def test_features_are_those_of_the_largest_part() -> None:
    values = np.zeros((8, 20, 20))
    values[2:6, 3:9, 3:9] = 2
    values[3:5, 4:7, 4:7] = 4
    values[6, 15:17, 15:17] = 4  # a part apart
    values[3, 4, 4] = 1
    found = features_of(labels(values), ROIS, axes="extent", where="X")
    core = np.zeros(values.shape, bool)
    core[3:5, 4:7, 4:7] = True
    core[3, 4, 4] = False
    assert found["enhancing"] == morphology(core, (3.0, 1.0, 1.0))
    shell = values == 2
    assert found["edema"] == morphology(shell, (3.0, 1.0, 1.0))
    whole = features_of(labels(values), {"edema": [1, 2, 4]}, axes="extent", where="X")
    assert whole["edema"]["volume"] == 4 * 6 * 6 * 3


def test_a_region_that_is_not_there_or_too_small_is_told() -> None:
    values = np.zeros((8, 20, 20))
    values[2:6, 3:9, 3:9] = 2
    with pytest.raises(CaseError, match=r"X: no voxel is enhancing \(label 4\)"):
        features_of(labels(values), ROIS, axes="extent", where="X")
    values[3, 4, 4:6] = 4
    with pytest.raises(CaseError, match=r"X: enhancing \(label 4\) is so small that its minor_axis is 0"):
        features_of(labels(values), ROIS, axes="extent", where="X")
    with pytest.raises(CaseError, match=r"no voxel is edema \(label 1 \+ 4\)"):
        features_of(labels(np.where(values == 4, 0, values)), {"edema": [1, 4]}, axes="extent", where="X")
