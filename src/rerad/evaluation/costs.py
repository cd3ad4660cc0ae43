"""What every search and training cost, in one table a method and one a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv

PLACE = ["cohort", "method", "seed", "chunk", "stage"]
MEASURED = ["wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb"]
SAID = ["code", "failed", "note"]
COLUMNS = [*PLACE, *MEASURED, *SAID]
TEXTS = ("cohort", "method", "chunk", "stage", "device", *SAID)
_UNKNOWN = dict.fromkeys(("seed", *MEASURED), "")  # no other column says by a gap that nobody knows


def gather_costs(costs: Sequence[Path], *, csv: Path) -> None:
    """Write one row a search and a training, in a fixed order.

    ``costs`` are ``trained/<cohort>/<method>/seed<s>/<chunk>/cost.json`` and ``search_cost.json``. ``code`` is the
    digest of what trained, ``failed`` why it ended, ``note`` what else its rows are to say; empty if nothing.

    Raises:
        ReradError: a file is no JSON object or lies elsewhere.
    """
    _write(pd.DataFrame([_row(Path(path)) for path in costs], columns=COLUMNS), csv)


def join_costs(tables: Sequence[Path], *, csv: Path) -> pd.DataFrame:
    """Write the costs of all methods (costs.csv of each) as one table, in a fixed order, and return it.

    Raises:
        ReradError: a table lacks a column.
    """
    _write(pd.concat([read_costs(path) for path in tables] or [pd.DataFrame(columns=COLUMNS)]), csv)
    return read_costs(csv)


def read_costs(csv: Path) -> pd.DataFrame:
    """Return a table of costs; what is not known, as of a method that was trained elsewhere, is NaN.

    Raises:
        ReradError: a column is missing.
    """
    table = pd.read_csv(csv, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values=_UNKNOWN)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ReradError(f"column {missing[0]!r} is missing", where=str(csv), remedy="Remove it and run again")
    return table[COLUMNS]


def trainings(csv: Path | None) -> pd.DataFrame:
    """Return the rows of trainings of a method's costs, without those of searches; none of no file."""
    table = pd.DataFrame(columns=COLUMNS) if csv is None else read_costs(csv)
    return table[table["stage"] == "train"]


def first_said(table: pd.DataFrame, name: str) -> str:
    """Return the first text of a column (code, failed or note) that is not empty; empty if there is none."""
    return next((text for text in table[name] if text), "")


def _write(table: pd.DataFrame, csv: Path) -> None:
    write_csv(csv, table.sort_values(PLACE, ignore_index=True))


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
    # A carriage return of a message would end its row where the table is read.
    said = {name: "\n".join(str(record.get(name) or "").splitlines()) for name in SAID}
    return {**place, **{name: record.get(name) for name in MEASURED}, **said}
