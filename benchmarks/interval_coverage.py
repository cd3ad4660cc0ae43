"""How often our 95 % intervals hold the truth, on cohorts of 48 whose truth is known.

    python benchmarks/interval_coverage.py [--cohorts 200] [--permutations 20] [--workers 2]

Simulated cohorts: 24 + 24 patients with normal scores whose true AUC is 0.75, judged at the threshold between the
classes. Null cohorts: permutations of the labels of one phantom, cheap methods, six folds; the truth of every AUC is
0.5. Prints shares of intervals that hold the truth, with their Wilson intervals, and the level of the tests that
compare two methods where there is no difference. Ends with an error if a target is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from measured import at_least, measured, verdict
from null_run import FILES, ROOT, make_cohort, one_permutation
from scipy.stats import norm

from rerad.core.parallel import map_cases
from rerad.evaluation.delong import delong_interval, delong_test
from rerad.evaluation.statistics import mcnemar, paired_wilcoxon, unpaired_t
from rerad.metrics import classification
from rerad.metrics.intervals import bootstrap_difference, wilson
from rerad.metrics.points import point_metrics
from rerad.studies import load
from rerad.studies.merge import merge

AREA, CLASS_SIZE, FOLDS = 0.75, 24, 6
DISTANCE = math.sqrt(2) * norm.ppf(AREA)  # of the two classes' means, in standard deviations
# Scores that vary: an interval of a constant always holds.
CHEAP = ("volume_only", "suvmax_only", "hc_elasticnet", "hc_elasticnet_pet")
TARGETS = {"pooled AUC, bootstrap": 0.90, "AUC per fold, Student's t": 0.85}


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--permutations", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    held = pd.DataFrame(row for number in range(options.cohorts) for row in simulated(number))
    print(f"{options.cohorts} simulated cohorts of {2 * CLASS_SIZE}, true AUC {AREA}; share of intervals that hold it,")
    print("and, of two equal methods, of tests with p < 0.05")
    kept = shares(held[held["kind"] == "held"], "holds the truth")
    kept += shares(held[held["kind"] == "found"], "finds a difference where there is none")
    null = null_cohorts(options.permutations, options.workers)
    kept += shares(null, "holds 0.5")
    print(f"(of the mean AUC per fold, each method: {by_method(null)})")
    return verdict(kept)


def simulated(number: int) -> Iterator[dict[str, object]]:
    """Yield what each interval and each test said about one simulated cohort and two methods of equal merit."""
    generator = np.random.default_rng(number)
    target = np.repeat([1, 0], CLASS_SIZE)
    own, shared = generator.normal(size=(2, len(target))), generator.normal(size=len(target))
    # Two methods see the same patient: half of what is not the class is common to both.
    scores = math.sqrt(0.5) * (own + shared) + DISTANCE * (target - 0.5)
    rate = float(norm.cdf(DISTANCE / 2))
    found = classification(target, scores[0], threshold=0.0, bootstraps=2000, seed=number)
    pooled = {"acc": "accuracy", "sen": "sensitivity", "spe": "specificity", "auc": "AUC"}
    for metric, name in pooled.items():
        truth = AREA if metric == "auc" else rate
        ends = found[metric]
        yield held(f"pooled {name}, bootstrap", ends["low"], ends["high"], truth)
        if metric != "auc":
            yield held(f"pooled {name}, Wilson", ends["wilson_low"], ends["wilson_high"], truth)
    for logit in (False, True):
        area = delong_interval(target, scores[0], logit=logit)
        yield held(f"pooled AUC, DeLong{' on the log-odds' if logit else ''}", area.low, area.high, AREA)
    apart = bootstrap_difference(
        target.astype(float), scores[0], scores[1], samples=2000, seed=number, threshold=0.0, level=0.95
    )
    for metric in ("acc", "auc"):
        yield held(f"difference of {pooled[metric]}, bootstrap", *apart[metric], 0.0)
    yield from tested(target, scores, generator)


def tested(target: np.ndarray, scores: np.ndarray, generator: np.random.Generator) -> Iterator[dict[str, object]]:
    """Yield which tests found a difference between two methods of equal merit."""
    right = (scores >= 0) == (target == 1)
    halves = [generator.permutation(np.flatnonzero(target == one)).reshape(FOLDS, -1) for one in (1, 0)]
    folds = np.concatenate(halves, axis=1)
    accuracy = right[:, folds].mean(axis=2)
    area = np.array([[point_metrics(target[fold], one[fold])["auc"] for fold in folds] for one in scores])
    p = {
        "accuracy, McNemar exact": mcnemar(*right),
        "accuracy, McNemar with continuity correction": mcnemar(*right, exact=False),
        "AUC, DeLong": delong_test(target, *scores).p,
        "accuracy, the papers' t-test over folds": unpaired_t(*accuracy),
        "AUC, the papers' t-test over folds": unpaired_t(*area),
        "accuracy, Wilcoxon over folds": paired_wilcoxon(*accuracy),
        "AUC, Wilcoxon over folds": paired_wilcoxon(*area),
    }
    yield from ({"kind": "found", "name": name, "yes": value < 0.05} for name, value in p.items())


def held(name: str, low: float, high: float, truth: float) -> dict[str, object]:
    """Return whether an interval holds the truth; its ends belong to it."""
    return {"kind": "held", "name": name, "yes": low - 1e-12 <= truth <= high + 1e-12}


def null_cohorts(permutations: int, workers: int) -> pd.DataFrame:
    """Return whether each AUC interval of each cheap method holds 0.5, one row a permutation, method and scope."""
    plan = load(merge(*(yaml.safe_load(file.read_text()) for file in FILES)), root=ROOT, files=FILES)
    plan = replace(plan, methods={"sts": {name: plan.methods["sts"][name] for name in CHEAP}})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_cohort(plan, folder, workers)
        work = partial(one_permutation, plan=plan, folder=folder)
        for result in map_cases(work, list(range(permutations)), workers=workers, label="permutations"):
            if isinstance(result, Exception):
                raise result
        return pd.DataFrame(null_intervals(folder, permutations))


def null_intervals(folder: Path, permutations: int) -> Iterator[dict[str, object]]:
    """Yield whether the intervals that the permutations left in ``folder`` hold 0.5."""
    names = {"pooled": "pooled AUC of null cohorts, bootstrap", "fold": "AUC per fold, Student's t"}
    for number in range(permutations):
        for method in CHEAP:
            metrics = pd.read_csv(folder / f"permutation{number}" / method / "metrics.csv").query("metric == 'auc'")
            for row in metrics.itertuples():
                yield {**held(names[row.scope], row.low, row.high, 0.5), "method": method}


def shares(rows: pd.DataFrame, does: str) -> list[bool]:
    """Tell the share of yes for each name, and return which targets are met."""
    kept = []
    for name, said in rows.groupby("name", sort=False)["yes"]:
        low, high = wilson(said.sum(), len(said), level=0.95)
        note = f"of {len(said)}; 95 % interval of the share {low:.3f} to {high:.3f}"
        target = at_least(TARGETS[name]) if name in TARGETS else None
        kept.append(measured(f"{name}: share that {does}", said.mean(), target=target, note=note))
    return kept


def by_method(null: pd.DataFrame) -> str:
    """Return the share of each method's per-fold intervals that hold 0.5."""
    part = null[null["name"] == "AUC per fold, Student's t"].groupby("method")["yes"].mean()
    return ", ".join(f"{method} {share:.2f}" for method, share in part.items())


if __name__ == "__main__":
    sys.exit(main())
