"""What changes nothing is told from a run, however its options are written."""

from __future__ import annotations

import pytest

from rerad.core.looking import only_looks


@pytest.mark.parametrize(
    "line",
    [
        "-n", "-np", "-nF", "-Fn", "-pn", "--dry-run", "--dryrun", "-c2 -n", "--cores 2 -np -- all", "--dag", "--dag dot",
        "--rulegraph", "--filegraph", "--d3dag", "--lint", "--summary", "-S", "--detailed-summary", "--detailed", "-D",
        "-l", "--list", "--list-rules", "--lt", "--list-target-rules", "--lc code", "--li", "--lp", "--list-untracked",
        "--list-conda-envs", "--print-compilation", "--containerize",
    ],
)  # fmt: skip
def test_looking(line: str) -> None:
    assert only_looks(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "", "-c2", "--cores all", "-F", "-kp", "-- all", "-c 1 -- -n", "--config run=-n", "--touch", "--unlock",
        "--delete-all-output", "--configfile config/demo.yaml --set-threads acquire=2 -j1",
    ],
)  # fmt: skip
def test_working(line: str) -> None:
    assert not only_looks(line.split())
