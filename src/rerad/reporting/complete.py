"""Whether a run is complete."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_text


def check_complete(costs: Path, *, done: Path) -> None:
    """Write ``done`` if no search and no training in ``costs`` (costs.csv, in the run's folder) failed.

    What failed is removed, so that the next run tries it again; the tables and the report keep its message until then.

    Raises:
        ReradError: naming what failed and why.
    """
    rows = pd.read_csv(costs, dtype=str, keep_default_na=False).to_dict("records")
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        place = f"{row['method']}/seed{row['seed']}/{row['chunk']}"
        told.setdefault((row["cohort"], place), []).extend(filter(None, [row["failed"]]))
    failed = {job: messages[0] for job, messages in told.items() if messages}  # a search's comes first, as the cause
    if not failed:
        write_text(done, f"{len(rows)} jobs, none failed\n")
        return
    for cohort, place in failed:
        for file in (costs.parent / "trained" / cohort / place).iterdir():
            if file.is_file():
                file.unlink()
    lines = "".join(f"\n  {place}: {message}" for (_, place), message in sorted(failed.items()))
    raise ReradError(
        f"{len(failed)} of {len(told)} trainings failed{lines}\nThe other rows stand, and the report is written",
        remedy="Mend the cause and run again: only these are repeated",
    )
