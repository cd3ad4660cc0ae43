"""Whether what was asked for is complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_text
from rerad.evaluation.costs import read_costs


def check_complete(costs: Sequence[Path], *, done: Path) -> None:
    """Write ``done`` if no search and no training in ``costs`` (trained/<cohort>/<method>/costs.csv) failed.

    What failed is removed with its method's costs, so that the next run tries it again; the tables and the report keep
    its message until then.

    Raises:
        ReradError: naming what failed and why.
    """
    told: dict[Path, list[str]] = {}
    for path in costs:
        for row in _rows(path).itertuples():
            told.setdefault(path.parent / f"seed{row.seed}" / row.chunk, []).extend(filter(None, [row.failed]))
    failed = {job: messages[0] for job, messages in told.items() if messages}  # a search's comes first, as the cause
    if not failed:
        write_text(done, f"{len(told)} trainings, none failed\n")
        return
    for job in failed:
        for file in [*job.iterdir(), job.parents[1] / "costs.csv"]:
            if file.is_file():
                file.unlink(missing_ok=True)
    lines = "".join(f"\n  {'/'.join(job.parts[-3:])}: {message}" for job, message in sorted(failed.items()))
    raise ReradError(
        f"{len(failed)} of {len(told)} trainings failed{lines}\nThe other rows stand",
        remedy="Mend the cause and run again: only these are repeated",
    )


def _rows(costs: Path) -> pd.DataFrame:
    try:
        return read_costs(costs)
    except FileNotFoundError as error:
        raise ReradError(
            "is gone: a training of this method failed, and another target said so",
            where=str(costs),
            remedy="Run again",
        ) from error
