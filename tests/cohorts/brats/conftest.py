"""A small phantom, and how to prepare it."""

from __future__ import annotations

from typing import Any

import pytest
from small_cohort import phantom_fixture, raw_fixture, run_fixture, run_local_fixture

SMALL: dict[str, Any] = {
    "cases": 6,
    "low_grade": 3,
    "without_enhancing": 1,
    "size": [32, 40, 36],
    "spacing_mm": [5.0, 5.0, 5.0],
    "tumour_ml": [20, 80],
    "contrast": 1.0,
    "noise": 0.03,
}
PREPARE: dict[str, Any] = {"intensity": {"scale": 100, "offset": 0.1}}

phantom = phantom_fixture("brats", SMALL)
raw = raw_fixture("*.csv", "*.md")
run = run_fixture("brats", PREPARE)
run_local = run_local_fixture("brats", table="grades")


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)
