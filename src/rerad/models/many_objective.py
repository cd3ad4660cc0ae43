"""MOR: a linear model of the feature set that an evolutionary search finds best in sensitivity and specificity.

An approximation of the feature model of Chen et al. (Phys. Med. Biol. 64 (2019) 075011), of which the objectives are
theirs: this is a compact NSGA-II over feature sets with a ridge logistic regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from rerad.core.seeds import derive
from rerad.models.batched import fit_logistic
from rerad.models.fitted import Fitted
from rerad.models.preparing import learn, standardise
from rerad.models.resampling import check_inner_folds
from rerad.models.selection import reduce_by_gain

Array = NDArray[np.float64]
Sets = NDArray[np.bool_]


def choose(
    table: pd.DataFrame, target: NDArray, *, settings: dict[str, Any], seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Choose a feature set inside one training fold.

    ``table`` (cases, features), ``target`` (cases,) 0 or 1. ``settings``: ``features`` candidates are kept by gain;
    ``population`` sets of at most ``order`` of them evolve for ``generations``; ``mutation`` is the chance of a flip
    of each feature; sensitivity and specificity come from ``inner_folds`` stratified folds; ``ridge``,
    ``iterations``, ``tolerance`` are the regression's. Of the sets that none beats in both, the one with the highest
    sum wins, then the most balanced, then the smallest. Returns what was chosen and the last front.

    Raises:
        ReradError: a class has fewer cases than inner folds, or no feature varies.

    Source: Deb et al., IEEE Trans. Evol. Comput. 6 (2002) 182, for the search.
    """
    check_inner_folds(target, settings["inner_folds"])
    preparation = learn(table)
    values = standardise(table, preparation)
    whole = np.ones((1, len(target)))
    reduced = reduce_by_gain(values, target, whole, features=settings["features"], relevance=0.5, novelty=0.5)
    columns = [column for column, _ in reduced]
    names = [preparation.columns[column] for column in columns]
    front, objectives = evolve(values[:, columns], target, settings=settings, seed=seed)
    best = min(range(len(front)), key=lambda index: _preference(front[index], objectives[index]))
    described = ["+".join(name for name, taken in zip(names, row, strict=True) if taken) for row in front]
    history = [
        {
            "step": "front",
            "number": number + 1,
            "candidate": f"{described[number]} (sensitivity {sen:.3f}, specificity {spe:.3f})",
            "criterion": float((sen + spe) / 2.0),
            "chosen": int(number == best),
        }
        for number, (sen, spe) in enumerate(objectives)
    ]
    chosen = {
        "features": described[best].split("+"),
        "sensitivity": float(objectives[best][0]),
        "specificity": float(objectives[best][1]),
    }
    return chosen, history


def fit(table: pd.DataFrame, target: NDArray, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Fitted:
    """Fit the regression of the chosen features on a training fold; ``recipe`` has ridge, iterations, tolerance."""
    preparation = learn(table[chosen["features"]])
    design = _with_intercept(standardise(table, preparation))
    coefficients = fit_logistic(
        design[None],
        np.ones((1, len(target))),
        np.asarray(target, dtype=float),
        ridge=recipe["ridge"],
        iterations=recipe["iterations"],
        tolerance=recipe["tolerance"],
    )[0, 0]

    def score(cases: pd.DataFrame) -> Array:
        linear = _with_intercept(standardise(cases, preparation)) @ coefficients
        return 1.0 / (1.0 + np.exp(-np.clip(linear, -60.0, 60.0)))

    weights = dict(zip(preparation.columns, coefficients[:-1].tolist(), strict=True))
    return Fitted(score, {"coefficients": weights, "intercept": float(coefficients[-1])})


def evolve(values: Array, target: NDArray, *, settings: dict[str, Any], seed: int) -> tuple[Sets, Array]:
    """Return the first front of the last generation: feature sets (sets, columns) and their objectives (sets, 2).

    ``values`` (cases, columns), standardised, best column first. Parents are picked by tournaments of two, mixed
    feature by feature and mutated; the better half of parents and children lives on.
    """
    generator = np.random.default_rng(derive(seed, "evolve"))
    size, order, columns = settings["population"], settings["order"], values.shape[1]
    folds = list(
        StratifiedKFold(settings["inner_folds"], shuffle=True, random_state=derive(seed, "inner")).split(values, target)
    )
    known: dict[bytes, Array] = {}

    def judge(sets: Sets) -> Array:
        new = list({row.tobytes(): row for row in sets if row.tobytes() not in known}.values())
        if new:
            found = objectives_of(values, target, np.array(new), folds, settings)
            known.update({row.tobytes(): value for row, value in zip(new, found, strict=True)})
        return np.array([known[row.tobytes()] for row in sets])

    sets = np.array(
        [_repair(generator.random(columns) < order / (2.0 * columns), order, generator) for _ in range(size)]
    )
    objectives = judge(sets)
    for _ in range(settings["generations"]):
        rank, room = _rank(objectives)
        children = []
        for _ in range(size):
            mother, father = (_tournament(rank, room, generator) for _ in range(2))
            child = np.where(generator.random(columns) < 0.5, sets[mother], sets[father])
            child ^= generator.random(columns) < settings["mutation"]
            children.append(_repair(child, order, generator))
        # A set that is in both generations counts once, lest the population become one set.
        merged = np.unique(np.concatenate([sets, np.array(children)]), axis=0)
        found = judge(merged)
        rank, room = _rank(found)
        kept = np.lexsort((-room, rank))[:size]
        sets, objectives = merged[kept], found[kept]
    first = non_dominated(objectives)
    return sets[first], objectives[first]


def objectives_of(
    values: Array, target: NDArray, sets: Sets, folds: list[tuple[NDArray, NDArray]], settings: dict[str, Any]
) -> Array:
    """Return the cross-validated sensitivity and specificity (sets, 2), called positive from a probability of 0.5."""
    target = np.asarray(target, dtype=float)
    # A column of zeros keeps the coefficient zero: sets of any size share one shape.
    designs = np.stack([_with_intercept(values * row) for row in sets])
    held_in = np.ones((len(folds), len(target)))
    for number, (_, test) in enumerate(folds):
        held_in[number, test] = 0.0
    coefficients = fit_logistic(
        designs,
        held_in,
        target,
        ridge=settings["ridge"],
        iterations=settings["iterations"],
        tolerance=settings["tolerance"],
    )
    linear = coefficients @ designs.transpose(0, 2, 1)
    called = ((linear >= 0) & (held_in == 0)).sum(axis=1)
    positive = target == 1
    return np.column_stack([called[:, positive].mean(axis=1), 1.0 - called[:, ~positive].mean(axis=1)])


def non_dominated(objectives: Array) -> Sets:
    """Return which rows (n,) no other row beats: none is as good in every column and better in one."""
    at_least = (objectives[:, None] >= objectives[None]).all(axis=2)
    better = (objectives[:, None] > objectives[None]).any(axis=2)
    beaten = np.asarray((at_least & better).any(axis=0))
    return np.logical_not(beaten)


def _rank(objectives: Array) -> tuple[NDArray, Array]:
    # Fronts, peeled off one by one, and within each the room between neighbours.
    rank, room = np.full(len(objectives), -1), np.zeros(len(objectives))
    number = 0
    while (rank < 0).any():
        left = np.flatnonzero(rank < 0)
        front = left[non_dominated(objectives[left])]
        rank[front] = number
        for column in objectives.T:
            ordered = front[np.argsort(column[front], kind="stable")]
            room[ordered[[0, -1]]] = np.inf
            room[ordered[1:-1]] += column[ordered[2:]] - column[ordered[:-2]]
        number += 1
    return rank, room


def _tournament(rank: NDArray, room: Array, generator: np.random.Generator) -> int:
    pair = generator.integers(len(rank), size=2)
    return int(min(pair, key=lambda index: (rank[index], -room[index])))


def _repair(row: NDArray, order: int, generator: np.random.Generator) -> Sets:
    row = row.astype(bool)
    taken = np.flatnonzero(row)
    if len(taken) == 0:
        row[generator.integers(len(row))] = True
    elif len(taken) > order:
        row[generator.permutation(taken)[order:]] = False
    return row


def _preference(row: Sets, objectives: Array) -> tuple[float, float, int]:
    # Rounded: sums that are equal but for the last bit are equal.
    sen, spe = objectives
    return (-round(float(sen + spe), 9), round(abs(float(sen - spe)), 9), int(row.sum()))


def _with_intercept(values: Array) -> Array:
    return np.column_stack([values, np.ones(len(values))])
