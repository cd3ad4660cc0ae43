"""Fixtures of a small cohort: acquired as a phantom, copied so that a test may break it, prepared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from rerad.cohorts import stage

Run = Callable[..., SimpleNamespace]
TABLES = ("cases", "patient_flow", "box_check", "slices")


def phantom_fixture(cohort: str, small: Mapping[str, Any]) -> Any:
    """Make the fixture ``phantom``: the folder of an acquired phantom."""

    @pytest.fixture(scope="session")
    def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """An acquired phantom that no test may change."""
        folder = tmp_path_factory.mktemp("phantom") / cohort
        stage(cohort, "acquire").acquire(folder, source="phantom", settings=dict(small), seed=0)
        return folder

    return phantom


def raw_fixture(*left: str) -> Any:
    """Make the fixture ``raw``: a copy of the phantom without the files that are ``left`` out."""

    @pytest.fixture
    def raw(phantom: Path, tmp_path: Path) -> Path:
        """A copy of the files that a test may break before it is acquired as a local source."""
        return shutil.copytree(phantom, tmp_path / "raw", ignore=shutil.ignore_patterns(*left))

    return raw


def run_fixture(
    cohort: str,
    settings: Mapping[str, Any],
    *,
    empty: bool = False,
    reading: Mapping[str, Callable[[Path], Any]] = {},
) -> Any:
    """Make the fixture ``run``.

    ``empty``: empty cells are nan, not ""; ``reading``: what else is read of the arrays' folder, by name.
    """

    @pytest.fixture
    def run(tmp_path: Path) -> Run:
        """Return a function that prepares an acquired folder and reads what was written.

        It takes the name of a folder for that, settings over the usual ones, and other arguments of ``prepare``.
        """

        def prepared(folder: Path, *, name: str = "run", **changes: Any) -> SimpleNamespace:
            place = tmp_path / name
            arguments = {"seed": 0, "permute_labels": False, "workers": 1} | changes
            arguments["settings"] = {**settings, **changes.get("settings", {})}
            files = {key: place / f"{key}.csv" for key in TABLES}
            stage(cohort, "prepare").prepare(folder, arrays=place / "arrays", **files, **arguments)
            found = {key: pd.read_csv(file, dtype={"case": str}, keep_default_na=empty) for key, file in files.items()}
            more = {key: read(place / "arrays") for key, read in reading.items()}
            return SimpleNamespace(place=place, arrays=place / "arrays", **found, **more)

        return prepared

    return run


def run_local_fixture(cohort: str, *, table: str | None = None) -> Any:
    """Make the fixture ``run_local``; ``table`` is the setting that names a table beside the folder."""

    @pytest.fixture
    def run_local(tmp_path: Path, run: Run) -> Run:
        """Return a function that acquires a folder as a local source and prepares it, see ``run``."""

        def prepared(raw: Path, **changes: Any) -> SimpleNamespace:
            folder = tmp_path / "data" / cohort
            settings = {"path": str(raw), "licence": None, "doi": None}
            if table:
                given = changes.pop(table, None)
                settings[table] = str(given) if given else None
            stage(cohort, "acquire").acquire(folder, source="local", settings=settings, seed=0)
            return run(folder, **changes)

        return prepared

    return run_local


def same_bytes(one: SimpleNamespace, two: SimpleNamespace) -> int:
    """Check that what two runs of ``prepare`` wrote is the same byte for byte; return the number of files."""
    files, others = (
        sorted(path.relative_to(run.place) for path in run.place.rglob("*") if path.is_file()) for run in (one, two)
    )
    assert files == others
    for file in files:
        assert (one.place / file).read_bytes() == (two.place / file).read_bytes(), file
    return len(files)
