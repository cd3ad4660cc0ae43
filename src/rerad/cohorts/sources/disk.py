"""Whether there is space, asked before work begins."""

from __future__ import annotations

import shutil
from pathlib import Path

from rerad.core.errors import ReradError


def check_space(folder: Path, needed: int) -> None:
    """Refuse work that needs more bytes than are free where ``folder`` lies or will lie.

    Raises:
        ReradError: with the needed and the free bytes.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise ReradError(
            f"{amount(needed)} are needed and {amount(free)} are free",
            where=str(folder),
            remedy="Free space there, or set paths.data to a folder on a larger disk",
        )


def amount(size: float) -> str:
    """Return bytes as a person reads them (decimal units)."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"
