"""Time the choice of an elastic net over folds against R's cv.glmnet, on the same folds, l1 ratios and λ, in turns.

    python benchmarks/elastic_net.py [--turns 1] [--cases 109] [--genes 12042] [--only grid|fine|ridge|targets]

Expression of low rank and correlated like genes', ten folds, one thread on either side; glmnet at its own tolerance of
1e-7, which leaves its predictions up to 1e-2 sd off, ours exact. Three measurements: one target over 21 l1 ratios with
100 λ, l1 ratio 0.5 with 4000 λ, and ridge with 100 λ. Wall times are compared, CPU seconds are told beside them. They
need R with glmnet (Debian: r-base-core r-cran-glmnet). A fourth tells how much faster several targets are on two
processes than on one. Fails where a ratio of the wall times is over its target or a fit violates its optimality.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import glmnet
from measured import RATIO, at_most, measured, not_measured, verdict

from rerad.models import elastic_net_cv, elastic_net_path

FOLDS = 10
GRID = [number / 20 for number in range(21)]
# What is measured: l1 ratios, number of λ, target for the ratio of wall times.
MEASURED = {"grid": (GRID, 100, 0.6), "fine": ([0.5], 4000, 0.2), "ridge": ([0.0], 100, 0.05)}
TARGETS = 4
R_CODE = """
suppressMessages(library(glmnet))
read <- function(name, rows) matrix(readBin(name, 'double', file.size(name) / 8), rows)
given <- as.integer(commandArgs(TRUE)); n <- given[1]; alphas <- read('alphas', 1)[1, ]
x <- read('x', n); y <- read('y', n)[, 1]; folds <- read('folds', n)[, 1]; lambdas <- read('lambdas', given[2])
start <- proc.time()
for (i in seq_along(alphas))
  cv.glmnet(x, y, alpha = alphas[i], lambda = lambdas[, i], foldid = folds, thresh = 1e-7)
took <- proc.time() - start
cat(took[['elapsed']], took[['user.self']] + took[['sys.self']], '\\n')
"""


def main() -> int:
    """Measure both sides and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--cases", type=int, default=109)
    parser.add_argument("--genes", type=int, default=12_042)
    parser.add_argument("--only", choices=[*MEASURED, "targets"])
    given = parser.parse_args()
    x, targets = expression(given.cases, given.genes)
    folds = np.random.default_rng(1).permutation(np.arange(given.cases) % FOLDS) + 1
    kept, peer = [], glmnet()
    for name in MEASURED:
        if given.only not in (None, name):
            continue
        if peer is None:
            not_measured(title(name, x), "R or its package glmnet is missing (Debian: r-base-core r-cran-glmnet)")
            continue
        kept += compare(name, x, targets[:, 0], folds, given.turns)
    if given.only in (None, "targets"):
        kept.append(scaling(x, targets, folds))
    return verdict(kept)


def expression(cases: int, genes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return expression (cases, genes) of 25 overlapping programmes with noise, and targets of six of them."""
    generator = np.random.default_rng(0)
    loads = generator.normal(size=(25, genes)) * (generator.random((25, genes)) < 0.3)
    programmes = generator.normal(size=(cases, 25))
    values = (programmes * np.geomspace(3.0, 0.5, 25)) @ loads
    values += generator.normal(size=(cases, genes)) * generator.uniform(0.4, 1.5, genes)
    targets = programmes[:, :6] @ generator.normal(size=(6, TARGETS)) + 1.5 * generator.normal(size=(cases, TARGETS))
    return values + generator.uniform(3.0, 12.0, genes), targets


def title(name: str, x: np.ndarray) -> str:
    """Return what a measurement is of."""
    ratios, models, _ = MEASURED[name]
    what = "ridge" if name == "ridge" else f"{len(ratios)} l1 ratio{'s' * (len(ratios) > 1)}"
    return f"{what}, {models} λ, {FOLDS} folds of {' × '.join(map(str, x.shape))}"


def compare(name: str, x: np.ndarray, y: np.ndarray, folds: np.ndarray, turns: int) -> list[bool]:
    """Time both sides in turns; return which targets are met."""
    ratios, models, most = MEASURED[name]
    lambdas = [elastic_net_path(x, y, l1_ratio=ratio, n_lambdas=models).lambdas for ratio in ratios]
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    violation = 0.0
    for _ in range(turns):
        wall, cpu = time.perf_counter(), time.process_time()
        (choice,) = elastic_net_cv(x, y, folds, l1_ratios=ratios, n_lambdas=models)
        ours.append((time.perf_counter() - wall, time.process_time() - cpu))
        violation = max(violation, choice.violation)
        theirs.append(timed_in_r(x, y, folds, ratios, lambdas))
    (wall, cpu), (r_wall, r_cpu) = (tuple(map(statistics.median, zip(*side, strict=True))) for side in (ours, theirs))
    what, allowed = title(name, x), 1e-9 if max(ratios) < 1 else 1e-6
    processor = f"processor's time: {cpu:.1f} s, glmnet {r_cpu:.1f} s, ratio {cpu / r_cpu:.3f}"
    return [
        measured(what, wall, "s", peer=("cv.glmnet", r_wall), target=at_most(most, RATIO), note=processor),
        measured(f"{what}: largest violation of a fit's optimality", violation, target=at_most(allowed)),
    ]


def timed_in_r(x: np.ndarray, y: np.ndarray, folds: np.ndarray, ratios: list, lambdas: list) -> tuple[float, float]:
    """Return wall and CPU seconds of cv.glmnet over the l1 ratios, without starting R and reading the data."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given: dict[str, Any] = {"x": x.T, "y": y, "folds": folds, "alphas": ratios, "lambdas": lambdas}
        for key, values in given.items():
            np.ascontiguousarray(values, dtype=np.float64).tofile(folder / key)
        (folder / "script.R").write_text(R_CODE)
        command = ["Rscript", "script.R", str(len(x)), str(len(lambdas[0]))]
        told = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, cpu = map(float, told.split())
    return wall, cpu


def scaling(x: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> bool:
    """Tell how much faster two processes choose for several targets than one."""
    seconds = []
    for workers in (1, 2):
        # The processes are started first: a run has them for many targets.
        elastic_net_cv(x[:, :5], targets, folds, l1_ratios=[0.5], n_lambdas=2, workers=workers)
        wall = time.perf_counter()
        elastic_net_cv(x, targets, folds, l1_ratios=[0.3, 0.5, 0.7], workers=workers)
        seconds.append(time.perf_counter() - wall)
    one, two = seconds
    what = f"{TARGETS} targets, 3 l1 ratios, {FOLDS} folds of {' × '.join(map(str, x.shape))}, two processes"
    return measured(what, two, "s", peer=("one process", one), note=f"{one / two:.2f} times as fast")


if __name__ == "__main__":
    sys.exit(main())
