"""A small phantom, and how to prepare it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from rerad.cohorts.breast.acquire import acquire
from rerad.cohorts.breast.prepare import prepare

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


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture(scope="session")
def prepare_settings() -> dict[str, Any]:
    return dict(PREPARE)


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An acquired phantom that no test may change."""
    folder = tmp_path_factory.mktemp("phantom") / "breast"
    acquire(folder, source="phantom", settings=SMALL, seed=0)
    return folder


@pytest.fixture
def raw(phantom: Path, tmp_path: Path) -> Path:
    """A copy of the scans that a test may break before it is acquired as a local source."""
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
        return SimpleNamespace(place=place, arrays=place / "arrays", **tables)

    return prepared


@pytest.fixture
def run_local(tmp_path: Path, run: Callable[..., SimpleNamespace]) -> Callable[..., SimpleNamespace]:
    """Return a function that acquires a folder as a local source and prepares it."""

    def prepared(raw: Path, *, clinical: Path | None = None, **changes: Any) -> SimpleNamespace:
        folder = tmp_path / "data" / "breast"
        settings = {"path": str(raw), "clinical": str(clinical) if clinical else None, "licence": None, "doi": None}
        acquire(folder, source="local", settings=settings, seed=0)
        return run(folder, **changes)

    return prepared
