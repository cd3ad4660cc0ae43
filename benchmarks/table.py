"""The one table of ``make bench``: as Markdown for people, as CSV for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from measured import FAILED, MET, MISSED, NO_TARGET, NOT_MEASURED, Figure, number, quantity, target_text

from rerad.core.files import write_csv, write_text
from rerad.reporting.rendering import markdown_cell

HEADINGS = ["benchmark", "what", "ours", "peer", "ratio", "target", "met", "note"]
SCRIPT_HEADINGS = ["script", "seconds", "load at its start", "figures", "met", "missed", "not measured", "failed"]
# The whole name of what is in a cell of the column "met".
MARKS = {MET: "met", MISSED: "**missed**", NO_TARGET: "–", NOT_MEASURED: "not measured", FAILED: "**failed**"}
ABOUT = ["date", "ReRad's commit", "processor", "GPU"]  # in every row of the CSV, so that tables can be put together


@dataclass(frozen=True)
class Ran:
    """What a script told; ``seconds`` and ``load`` (of the last minute, before it began) are None if it did not run."""

    script: str
    figures: Sequence[Figure]
    seconds: float | None = None
    load: float | None = None


def write(results: Path, about: Mapping[str, str], scripts: Sequence[Ran]) -> None:
    """Write ``benchmarks.md`` and ``benchmarks.csv`` into a folder."""
    write_text(results / "benchmarks.md", markdown(about, scripts))
    write_csv(results / "benchmarks.csv", rows(about, scripts))


def markdown(about: Mapping[str, str], scripts: Sequence[Ran]) -> str:
    """Return machine and versions, the table of figures and that of the scripts."""
    figures = [figure for ran in scripts for figure in ran.figures]
    parts = [
        "# Benchmarks",
        _summary(figures),
        _listed(["", ""], [[markdown_cell(part) for part in pair] for pair in about.items()]),
        "## Figures\n\nThe ratio is ours to the peer's. Both are in the same unit.",
        _listed(HEADINGS, [_cells(figure) for figure in figures]),
        "## Scripts",
        _listed(SCRIPT_HEADINGS, [_script(ran) for ran in scripts]),
    ]
    return "\n\n".join(parts) + "\n"


def rows(about: Mapping[str, str], scripts: Sequence[Ran]) -> pd.DataFrame:
    """Return a row a figure: all that is known of it, its script's seconds and load, and the machine."""
    kept = {name: about[name] for name in ABOUT}
    found = [
        asdict(figure) | {"script_s": ran.seconds, "load": ran.load} | kept for ran in scripts for figure in ran.figures
    ]
    return pd.DataFrame(found)


def _summary(figures: Sequence[Figure]) -> str:
    count = {outcome: sum(figure.outcome == outcome for figure in figures) for outcome in MARKS}
    return (
        f"{count[MET]} of {count[MET] + count[MISSED]} targets met, {count[NO_TARGET]} more without a target, "
        f"{count[NOT_MEASURED]} not measured, {count[FAILED]} failed."
    )


def _cells(figure: Figure) -> list[str]:
    ours = quantity(figure.ours, figure.unit)
    peer = f"{figure.peer}: {quantity(figure.peer_value, figure.unit)}" if figure.peer else ""
    told = [figure.benchmark, figure.what, ours, peer, number(figure.ratio), target_text(figure)]
    return [*map(markdown_cell, told), MARKS[figure.outcome], markdown_cell(figure.note)]


def _script(ran: Ran) -> list[str]:
    count = [
        sum(figure.outcome == outcome for figure in ran.figures) for outcome in (MET, MISSED, NOT_MEASURED, FAILED)
    ]
    figures = sum(figure.ours is not None for figure in ran.figures)
    seconds = "did not run" if ran.seconds is None else f"{ran.seconds:.0f}"
    load = "" if ran.load is None else f"{ran.load:.1f}"
    return [ran.script, seconds, load, str(figures), *map(str, count)]


def _listed(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [headings, ["---"] * len(headings), *lines])
