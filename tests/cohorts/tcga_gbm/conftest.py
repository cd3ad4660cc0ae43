"""A small phantom, and how to prepare it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from small_cohort import phantom_fixture, raw_fixture, run_fixture, run_local_fixture

from rerad.cohorts.tcga_gbm.describe import describe
from rerad.cohorts.tcga_gbm.stored import open_expression

SMALL: dict[str, Any] = {
    "patients": 10,
    "imaged": 5,
    "recurrent": 2,
    "genes": 12,
    "effect_size": 0.9,
    "size": [24, 32, 28],
    "spacing_mm": [6.0, 5.0, 5.0],
    "enhancing_ml": [8, 30],
    "edema_ml": [15, 60],
    "irregularity": [0.05, 0.2],
    "elongation": [1.0, 1.6],
}
ROIS = {"enhancing": [4], "edema": [2]}
PREPARE: dict[str, Any] = {"rois": ROIS, "counts": {"column": "tpm_unstranded", "gene_types": ["protein_coding"]}}
DESCRIBE: dict[str, Any] = {"rois": ROIS, "axes": "extent"}

phantom = phantom_fixture("tcga_gbm", SMALL)
raw = raw_fixture("manifest.csv", "*.md")
run = run_fixture("tcga_gbm", PREPARE, reading={"expression": open_expression})
run_local = run_local_fixture("tcga_gbm")


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture
def described(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Return a function that describes a prepared folder and reads what was written."""

    def of(folder: Path, cases: Path, *, name: str = "described", **changes: Any) -> SimpleNamespace:
        place = tmp_path / name
        arguments: dict[str, Any] = {"settings": DESCRIBE, "workers": 1, **changes}
        describe(folder, cases, features=place / "features.csv", patient_flow=place / "flow.csv", **arguments)
        return SimpleNamespace(
            place=place,
            features=pd.read_csv(place / "features.csv", dtype={"case": str}),
            flow=pd.read_csv(place / "flow.csv", dtype=str, keep_default_na=False),
        )

    return of
