"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Whole workflows first: at the end one worker would be left alone with them.
    items.sort(key=lambda item: (ROOT / "tests" / "workflow" not in item.path.parents, item.path.name != "test_run.py"))
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes minutes: run with --slow"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data that RERAD_REAL_DATA names; without it the test is skipped."""
    folder = os.environ.get("RERAD_REAL_DATA")
    if not folder:
        pytest.skip("RERAD_REAL_DATA names no folder with the public data")
    if not Path(folder).is_dir():
        pytest.fail(f"RERAD_REAL_DATA names {folder}, which is no folder")
    return Path(folder)
