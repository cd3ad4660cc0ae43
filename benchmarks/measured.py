"""What a benchmark tells: each figure on a line for people and, where ``RERAD_MEASURED`` names a file, as JSON in it.

A script calls :func:`measured` for each figure and :func:`not_measured` for what this machine lacks the means for, and
ends with what :func:`verdict` returns. ``benchmarks/run.py`` reads the file back with :func:`read`.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

FILE = "RERAD_MEASURED"
MET, MISSED, NO_TARGET, NOT_MEASURED, FAILED = OUTCOMES = ("met", "missed", "no target", "not measured", "failed")
VALUE, RATIO = "value", "ratio"
AT_MOST, AT_LEAST = "at most", "at least"
ENDED = {"ended": True}
NOTHING_MEASURED = 2


class Target(NamedTuple):
    """A limit and what it is for: the value, or its ratio to the peer's."""

    bound: str
    limit: float
    judged: str


@dataclass(frozen=True)
class Figure:
    """One row of the table; ``ours`` and ``peer_value`` in ``unit``, ``ratio`` is ours to the peer's."""

    benchmark: str
    what: str
    outcome: str
    ours: float | None = None
    unit: str = ""
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    judged: str | None = None
    bound: str | None = None
    limit: float | None = None
    note: str = ""


def at_most(limit: float, judged: str = VALUE) -> Target:
    """Return a target that nothing above ``limit`` meets."""
    return Target(AT_MOST, limit, judged)


def at_least(limit: float, judged: str = VALUE) -> Target:
    """Return a target that nothing below ``limit`` meets."""
    return Target(AT_LEAST, limit, judged)


def measured(
    what: str,
    ours: float,
    unit: str = "",
    *,
    peer: tuple[str, float] | None = None,
    target: Target | None = None,
    note: str = "",
) -> bool:
    """Tell a figure, beside its peer's (name and value in the same unit); return False if it misses its target."""
    given: dict[str, Any] = {"ours": float(ours), "unit": unit, "note": note, "outcome": NO_TARGET}
    if peer is not None:
        name, value = peer
        given |= {"peer": name, "peer_value": float(value), "ratio": float(ours / value) if value else math.nan}
    if target is not None:
        judged = given["ours"] if target.judged == VALUE else given["ratio"]
        # So written that what is no number misses its target.
        met = judged <= target.limit if target.bound == AT_MOST else judged >= target.limit
        given |= target._asdict() | {"outcome": MET if met else MISSED}
    _tell(Figure(_benchmark(), what, **given))
    return given["outcome"] != MISSED


def not_measured(what: str, why: str) -> None:
    """Tell that a figure is missing, and why."""
    _tell(Figure(_benchmark(), what, NOT_MEASURED, note=why))


def verdict(kept: Sequence[bool]) -> int:
    """Record that the script came to its end and return its exit code: 1 for a missed target, 2 if it measured nothing.

    ``kept`` is what :func:`measured` returned, in any order.
    """
    _append(ENDED)
    if not kept:
        return NOTHING_MEASURED
    return int(not all(kept))


def read(path: Path, benchmark: str) -> tuple[list[Figure], bool]:
    """Return what a script left in ``path`` and whether it came to its end.

    A line that is no figure, as of a process that was killed while it wrote, becomes a row that says so.
    """
    figures, ended = [], False
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    for line in lines:
        try:
            record = json.loads(line)
            if record == ENDED:
                ended = True
            else:
                figures.append(_checked(record))
        except (ValueError, TypeError) as error:
            figures.append(Figure(benchmark, "a line of its measures", FAILED, note=f"cannot be read: {error}"))
    return figures, ended


def sentence(figure: Figure) -> str:
    """Return a figure as one line."""
    if figure.outcome in (NOT_MEASURED, FAILED):
        return f"{figure.what}: {figure.outcome} ({figure.note})"
    text = f"{figure.what}: {quantity(figure.ours, figure.unit)}"
    if figure.peer is not None:
        text += f"; {figure.peer}: {quantity(figure.peer_value, figure.unit)}; ratio {number(figure.ratio)}"
    if figure.bound is not None:
        text += f"; target: {target_text(figure)}, {figure.outcome}"
    return text + (f" ({figure.note})" if figure.note else "")


def target_text(figure: Figure) -> str:
    """Return what a figure should be; nothing where it has no target."""
    if figure.bound is None:
        return ""
    if figure.judged == RATIO:
        return f"ratio {figure.bound} {number(figure.limit)}"
    return f"{figure.bound} {quantity(figure.limit, figure.unit)}"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit."""
    return f"{number(value)} {unit}".strip()


def number(value: float | None) -> str:
    """Return four significant digits, large numbers whole and tiny ones with an exponent."""
    if value is None:
        return ""
    if abs(value) >= 1000 and math.isfinite(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if 0 < abs(value) < 1e-3 else f"{value:.4g}"


def _checked(record: Any) -> Figure:
    if not isinstance(record, dict):
        raise ValueError("is no object")
    figure = Figure(**record)
    for field in fields(Figure):
        value, kinds = getattr(figure, field.name), (int, float) if "float" in str(field.type) else (str,)
        if not isinstance(value, kinds) and (value is not None or "None" not in str(field.type)):
            raise ValueError(f"{field.name} is {value!r}")
    if figure.outcome not in OUTCOMES:
        raise ValueError(f"outcome is {figure.outcome!r}")
    return figure


def _benchmark() -> str:
    return Path(sys.argv[0]).stem


def _tell(figure: Figure) -> None:
    print(sentence(figure), flush=True)
    _append({key: value for key, value in asdict(figure).items() if value is not None})


def _append(record: dict[str, Any]) -> None:
    # Line by line: what was measured before a script fails is kept.
    if path := os.environ.get(FILE):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
