"""Run the benchmarks one after the other and write one table: results/benchmarks.md and results/benchmarks.csv.

    python benchmarks/run.py [--only NAME …] [--results results]

Each is a process of its own; where one fails or misses its target the others go on. The table is written anew after
each script, so that a run that is ended early leaves what it has. What cannot be measured here is listed with the
reason. Ends with an error if a target is missed or a script fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import table
from machine import machine
from measured import FAILED, FILE, MISSED, NOT_MEASURED, NOTHING_MEASURED, Figure, read, sentence
from table import Ran

HERE = Path(__file__).resolve().parent
# The quick ones first: whoever ends the run early has most of the table.
BENCHMARKS = (
    "morphology", "report_page", "dry_run", "download", "glcm_map", "patches", "handcrafted", "interval_coverage",
    "null_run", "elastic_net", "search_step", "train_step",
)  # fmt: skip


def main() -> int:
    """Run what was asked for, write the tables and return 1 if a target is missed or a script fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--results", type=Path, default=HERE.parent / "results", help="folder of the two files")
    given = parser.parse_args()
    about = machine()
    scripts = run_all(
        [HERE / f"{name}.py" for name in BENCHMARKS],
        chosen=given.only or BENCHMARKS,
        after=lambda scripts: table.write(given.results, about, scripts),
    )
    print(f"\nThe table: {given.results / 'benchmarks.md'}")
    return int(any(figure.outcome in (MISSED, FAILED) for ran in scripts for figure in ran.figures))


def run_all(paths: Sequence[Path], *, chosen: Sequence[str], after: Callable[[list[Ran]], None]) -> list[Ran]:
    """Run the chosen scripts in the order of ``paths`` and return what each told.

    ``after`` is called after each with all of them: those to come, and those that were not chosen, say so in a row.
    """
    waiting = {path.stem: "its turn did not come" if path.stem in chosen else "was not asked for" for path in paths}
    scripts = {
        name: Ran(name, [Figure(name, "all its figures", NOT_MEASURED, note=why)]) for name, why in waiting.items()
    }
    for path in paths:
        if path.stem in chosen:
            print(f"\n{path.stem}", flush=True)
            scripts[path.stem] = run(path)
            after(list(scripts.values()))
    return list(scripts.values())


def run(path: Path) -> Ran:
    """Run a script and return what it told; a script that did not come to its end has a row that says how it ended."""
    name, load, start = path.stem, os.getloadavg()[0], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "measured.jsonl")
        code, last = started(path, file)
        figures, ended = read(file, name)
    if not ended or code not in (0, 1, NOTHING_MEASURED):
        figures.append(Figure(name, "the script", FAILED, note=f"{ending(code)}: {last or 'it said nothing'}"))
        print(sentence(figures[-1]), flush=True)
    return Ran(name, figures, time.perf_counter() - start, load)


def started(path: Path, file: Path) -> tuple[int, str]:
    """Run a script that writes its measures to ``file``; return its exit code and the last line of its errors."""
    last = ""
    with subprocess.Popen(
        [sys.executable, str(path)],
        env=os.environ | {FILE: str(file)},
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stderr or ():
            print(line, end="", file=sys.stderr, flush=True)
            last = line.strip() or last
    return process.returncode, last


def ending(code: int) -> str:
    """Say how a process ended."""
    return f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"


if __name__ == "__main__":
    sys.exit(main())
