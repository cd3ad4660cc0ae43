"""The files of predictions, one a task, that every training writes and every evaluation reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.metrics.agreement import MOMENTS
from rerad.metrics.masks import METRICS

LEAD = ["case", "fold", "seed", "role", "selection", "variant"]
CLASSIFICATION = [*LEAD, "target", "score"]
SEGMENTATION = [*LEAD, "region", *METRICS]
REGRESSION = [*LEAD, "feature", "truth", "prediction"]
SYNTHESIS = [*LEAD, "group", "tissue", "correlation", *MOMENTS]
COLUMNS = {
    "classification": CLASSIFICATION,
    "segmentation": SEGMENTATION,
    "regression": REGRESSION,
    "synthesis": SYNTHESIS,
}
TEXTS = ("case", "role", "selection", "variant", "region", "feature", "group", "tissue")
HISTORY = ["fold", "epoch", "split", "quantity", "value"]


def rows(
    cases: pd.Index,
    target: np.ndarray,
    score: np.ndarray,
    *,
    fold: int,
    seed: int,
    role: str,
    selection: str,
    variant: str,
) -> pd.DataFrame:
    """Return one row a case with the columns of predictions_classification.csv."""
    table = pd.DataFrame({"case": list(cases), "target": target, "score": score})
    return table.assign(fold=fold, seed=seed, role=role, selection=selection, variant=variant)[CLASSIFICATION]


def by_method(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Group files ``trained/<cohort>/<method>/seed<s>/<chunk>/<file>`` by their method."""
    grouped: dict[str, list[Path]] = {}
    for path in paths:
        grouped.setdefault(path.parents[2].name, []).append(path)
    return grouped


def gather(paths: Sequence[Path], task: str, *, csv: Path) -> None:
    """Write the predictions of a task of all chunks and seeds of a method as one file, in the order of ``paths``.

    Every number stays as it is. Where one of them has no rows, that of the method has none: the others cover another
    set of patients.

    Raises:
        ReradError: a column is missing.
    """
    parts = [read(path, task) for path in paths]
    whole = parts and all(len(part) for part in parts)
    write_csv(csv, pd.concat(parts)[COLUMNS[task]] if whole else pd.DataFrame(columns=COLUMNS[task]), exact=True)


def read(path: Path, task: str = "classification") -> pd.DataFrame:
    """Read predictions of a task; the file of a method that failed, or has no such task, has no rows.

    Every number is the one that was written.

    Raises:
        ReradError: a column is missing.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str))
    missing = [name for name in COLUMNS[task] if name not in table.columns]
    if missing:
        raise ReradError(
            f"column {missing[0]!r} is missing", where=str(path), remedy=f"It needs {', '.join(COLUMNS[task])}"
        )
    return table
