"""A small phantom, and how to prepare it."""

from __future__ import annotations

from typing import Any

import pytest
from small_cohort import phantom_fixture, raw_fixture, run_fixture, run_local_fixture

SMALL: dict[str, Any] = {
    "normal": 1,
    "benign": 1,
    "malignant": 1,
    "size": [16, 64, 84],
    "spacing_mm": [6.0, 4.0, 4.0],
    "lesion_ml": [8, 20],
    "texture": 1.0,
    "noise": 0.05,
}
PREPARE: dict[str, Any] = {
    "fat": "dark", "skin_mm": 5, "margin_mm": 5, "depth_mm": 100, "one_breast_mm": 240, "min_voxels": 20,
}  # fmt: skip

phantom = phantom_fixture("breast", SMALL)
raw = raw_fixture("manifest.csv", "*.md")
run = run_fixture("breast", PREPARE)
run_local = run_local_fixture("breast", table="clinical")


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture(scope="session")
def prepare_settings() -> dict[str, Any]:
    return dict(PREPARE)
