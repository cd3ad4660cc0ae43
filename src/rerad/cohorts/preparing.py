"""What preparing cohorts has in common: columns of its tables, and cases that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rerad.core.errors import ReradError
from rerad.imaging.stored import file_names

FLOW_COLUMNS = ["case", "stage", "modality", "status", "reason"]
BOX_COLUMNS = ["case", "extent_z_mm", "extent_y_mm", "extent_x_mm", "clipped_fraction"]
SLICE_COLUMNS = ["case", "row", "slice"]
FlowRow = tuple[str, str, str, str, str]


def excluded(case: str, modality: str, reason: str) -> FlowRow:
    """Return the row of what preparing could not use."""
    return case, "prepare", modality, "excluded", reason


def without_folder(error: object, folder: Path) -> str:
    """Return what an error says with paths in the cohort's folder, so that it is the same wherever the data lies."""
    return str(error).replace(f"{folder}/", "")


def keep_only(arrays: Path, cases: Sequence[str], flow: Sequence[FlowRow], folder: Path) -> None:
    """Keep the arrays of the cases that can be used; others left some where they failed half-way.

    Raises:
        ReradError: no case of the cohort in ``folder`` can be used; with a reason from the flow, if there is one.
    """
    if not cases:
        reasons = f"; for example {min(flow)[4]}" if flow else ""
        raise ReradError(
            f"none of {len(flow)} cases can be used{reasons}", where=str(folder), remedy="Check the cohort's source"
        )
    wanted = {name for case in cases for name in file_names(case)}
    for path in arrays.iterdir():
        if path.name not in wanted:
            path.unlink()
