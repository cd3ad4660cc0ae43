"""What every training cost, in one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv

MEASURED = ["wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb"]
COLUMNS = ["cohort", "method", "seed", "chunk", "stage", *MEASURED, "failed"]


def gather_costs(costs: Sequence[Path], *, csv: Path) -> pd.DataFrame:
    """Write and return one row a search and a training, in a fixed order.

    ``costs`` are ``trained/<cohort>/<method>/seed<s>/<chunk>/cost.json`` and ``search_cost.json``.

    Raises:
        ReradError: a file is no JSON object or lies elsewhere.
    """
    rows = sorted((_row(Path(path)) for path in costs), key=lambda row: [row[name] for name in COLUMNS[:5]])
    frame = pd.DataFrame(rows, columns=COLUMNS)
    write_csv(csv, frame)
    return frame


def _row(path: Path) -> dict:
    chunk, seed, method, cohort = (folder.name for folder in list(path.resolve().parents)[:4])
    if not seed.removeprefix("seed").isdigit():
        raise ReradError(
            f"the folder {seed!r} is no seed<number>", where=str(path), remedy="Costs lie in seed<s>/<chunk>/cost.json"
        )
    try:
        record = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ReradError(f"is no JSON object ({error})", where=str(path), remedy="Train the method again") from error
    place = {"cohort": cohort, "method": method, "seed": int(seed.removeprefix("seed")), "chunk": chunk}
    place["stage"] = "search" if path.name.startswith("search") else "train"
    return {**place, **{name: record.get(name) for name in MEASURED}, "failed": record.get("failed") or ""}
