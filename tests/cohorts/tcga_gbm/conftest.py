"""A small phantom, and how to prepare it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from rerad.cohorts.tcga_gbm.acquire import acquire
from rerad.cohorts.tcga_gbm.describe import describe
from rerad.cohorts.tcga_gbm.prepare import prepare
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


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An acquired phantom that no test may change."""
    folder = tmp_path_factory.mktemp("phantom") / "tcga_gbm"
    acquire(folder, source="phantom", settings=SMALL, seed=0)
    return folder


@pytest.fixture
def raw(phantom: Path, tmp_path: Path) -> Path:
    """A copy of the files that a test may break before it is acquired as a local source."""
    return shutil.copytree(phantom, tmp_path / "raw", ignore=shutil.ignore_patterns("manifest.csv", "*.md"))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Return a function that prepares an acquired folder and reads what was written."""

    def prepared(folder: Path, *, name: str = "run", **changes: Any) -> SimpleNamespace:
        place = tmp_path / name
        arguments: dict[str, Any] = {"settings": PREPARE, "seed": 0, "permute_labels": False, "workers": 1, **changes}
        files = {key: place / f"{key}.csv" for key in ("cases", "patient_flow", "box_check", "slices")}
        prepare(folder, arrays=place / "arrays", **files, **arguments)
        tables = {key: pd.read_csv(file, dtype={"case": str}, keep_default_na=False) for key, file in files.items()}
        return SimpleNamespace(place=place, expression=open_expression(place / "arrays"), **tables)

    return prepared


@pytest.fixture
def run_local(tmp_path: Path, run: Callable[..., SimpleNamespace]) -> Callable[..., SimpleNamespace]:
    """Return a function that acquires a folder as a local source and prepares it."""

    def prepared(raw: Path, **changes: Any) -> SimpleNamespace:
        folder = tmp_path / "data" / "tcga_gbm"
        acquire(folder, source="local", settings={"path": str(raw), "licence": None, "doi": None}, seed=0)
        return run(folder, **changes)

    return prepared


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
