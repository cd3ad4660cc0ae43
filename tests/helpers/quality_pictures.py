"""Draw the quality pictures of a prepared cohort, and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rerad.core.errors import ReradError
from rerad.reporting.figures.quality import picture_cases

PHANTOM = (0xFF, 0xB3, 0x6B)  # the colour of the word in a picture


def draw(prepared: Path, folder: Path, cohort: str, *, phantom: bool = False, **settings: Any) -> list[ReradError]:
    """Draw the cases of the folder ``prepared`` into ``folder``; return what went wrong."""
    cases, arrays = prepared / "cases.csv", prepared / "arrays"
    return picture_cases(cases, arrays, folder, cohort=cohort, settings=settings, phantom=phantom, workers=1)


def drawn(prepared: Path, folder: Path, cohort: str, *, phantom: bool = False, **settings: Any) -> dict[str, bytes]:
    """Draw them all without an error and return the bytes of each case's picture."""
    assert draw(prepared, folder, cohort, phantom=phantom, **settings) == []
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


def pixels(path: Path) -> np.ndarray:
    """Return a picture (y, x, 3)."""
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def count(path: Path, colour: tuple[int, int, int]) -> int:
    """Count a picture's pixels near a colour."""
    return int((np.abs(pixels(path) - colour).sum(axis=2) < 40).sum())
