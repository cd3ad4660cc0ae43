"""Quality pictures of segmented tumours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from quality_pictures import PHANTOM, count, draw, drawn

from rerad.cohorts.tcga_gbm.stored import store_labels
from rerad.imaging.geometry import geometry_of, to_cells


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A patient with all regions, one whose tumour is another's, one without images."""
    (tmp_path / "arrays").mkdir()
    labels = np.zeros((20, 40, 30), np.uint8)
    labels[1:19, 2:38, 2:28] = labels[10] = labels[:, 20] = 2  # the slices that are drawn are the largest
    labels[5:15, 10:30, 8:22] = 4
    labels[8:12, 15:25, 12:26] = 1
    geometry = geometry_of(sitk.Image([48, 60, 50], sitk.sitkUInt8), (1, 2, 3), labels.shape)
    store_labels(tmp_path / "arrays", "A", labels)
    store_labels(tmp_path / "arrays", "B", labels[:, 10:30])
    smaller = geometry._replace(box_shape=(20, 20, 30))
    rows = [
        {"case": "A", "included": 1, "tumour_of": "B", "enhancing_ml": 1.2, "edema_ml": 3.4, **to_cells(smaller)},
        {"case": "B", "included": 1, "tumour_of": "A", "enhancing_ml": 2.8, "edema_ml": 20.0, **to_cells(geometry)},
        {"case": "C", "included": 0, "tumour_of": np.nan},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path


def test_one_picture_a_patient_with_images_the_same_in_every_run(prepared: Path) -> None:
    first = drawn(prepared, prepared / "first", "tcga_gbm")
    assert list(first) == ["A", "B"]
    assert drawn(prepared, prepared / "second", "tcga_gbm") == first


def test_every_region_has_its_contour(prepared: Path) -> None:
    drawn(prepared, prepared / "plain", "tcga_gbm")
    for colour in ((0x56, 0xB4, 0xE9), (0xD5, 0x5E, 0x00), (0xF0, 0xE4, 0x42)):
        assert count(prepared / "plain" / "B.png", colour) > 100


def test_phantom_is_written_inside(prepared: Path) -> None:
    drawn(prepared, prepared / "plain", "tcga_gbm")
    drawn(prepared, prepared / "marked", "tcga_gbm", phantom=True)
    assert count(prepared / "plain" / "B.png", PHANTOM) == 0
    assert count(prepared / "marked" / "B.png", PHANTOM) > 300


def test_missing_labels_are_told_and_the_others_drawn(prepared: Path) -> None:
    (prepared / "arrays" / "B.labels.npy").unlink()
    (error,) = draw(prepared, prepared / "x", "tcga_gbm")
    assert "B.labels.npy: cannot be read" in str(error)
    assert [path.stem for path in (prepared / "x").iterdir()] == ["B"]
