"""Compare two finished runs: ``python -m rerad.reporting.runs A B``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rerad.core.errors import ReradError
from rerad.reporting.runs.compare import compare_runs


def main() -> int:
    """Print the comparison of two runs, or what is wrong with one of them."""
    parser = argparse.ArgumentParser(prog="make compare", description="Set two finished runs side by side.")
    parser.add_argument("a", help="a run: its name in the folder of results, or its folder")
    parser.add_argument("b", help="the run to compare it with")
    parser.add_argument("--results", type=Path, default=Path("results"), help="the folder of results (%(default)s)")
    given = parser.parse_args()
    try:
        print(compare_runs(given.a, given.b, results=given.results))
    except ReradError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
