"""HC+RF: selected handcrafted features in a random forest whose classes are balanced by partition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from rerad.core.seeds import derive
from rerad.metrics.points import point_metrics
from rerad.models.fitted import Fitted
from rerad.models.preparing import fill, learn, standardise
from rerad.models.resampling import balanced_bootstraps, partitions, stratified_subsplits
from rerad.models.selection import forward_selection, reduce_by_gain

Array = NDArray[np.float64]


def choose(
    table: pd.DataFrame, target: NDArray, *, settings: dict[str, Any], seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Choose features and the weight of the positive class inside one training fold.

    ``table`` (cases, features), ``target`` (cases,) 0 or 1; ``settings`` is the method's ``search`` entry. Returns what
    was chosen and the history (step, number, candidate, criterion, chosen).

    Raises:
        ReradError: too few cases of a class, or no feature that varies.

    Source: Vallières et al., Sci. Rep. 7 (2017) 10117.
    """
    preparation = learn(table)
    values = standardise(table, preparation)
    history: list[dict[str, Any]] = []

    def drawn(purpose: str) -> Array:
        generator = np.random.default_rng(derive(seed, purpose))
        return balanced_bootstraps(target, samples=settings["bootstraps"], generator=generator)

    reduced = reduce_by_gain(
        values,
        target,
        drawn("reduce"),
        features=settings["features"],
        relevance=settings["relevance"],
        novelty=settings["novelty"],
    )
    names = [preparation.columns[column] for column, _ in reduced]
    for number, (name, (_, gain)) in enumerate(zip(names, reduced, strict=True), 1):
        history.append(_row("reduce", number, name, gain, True))

    steps = forward_selection(
        values[:, [column for column, _ in reduced]],
        target,
        drawn("select"),
        order=settings["order"],
        starts=settings["starts"],
        ridge=settings["ridge"],
        iterations=settings["iterations"],
        tolerance=settings["tolerance"],
    )
    best = max(range(len(steps)), key=lambda index: steps[index].criterion)
    for index, step in enumerate(steps):
        candidate = "+".join(names[column] for column in step.features)
        history.append(_row("select", index + 1, candidate, step.criterion, index == best))
    features = [names[column] for column in steps[best].features]

    tried = tune_weight(fill(table[features], learn(table[features])), target, settings=settings, seed=seed)
    # Of equals the one nearest to no weighting at all.
    weight = max(tried, key=lambda value: (tried[value], -abs(np.log(value))))
    for number, (value, criterion) in enumerate(tried.items(), 1):
        history.append(_row("weight", number, f"{value:g}", criterion, value == weight))
    chosen = {"features": features, "weight": weight, "auc_632_plus": steps[best].criterion, "balance": tried[weight]}
    return chosen, history


def tune_weight(values: Array, target: NDArray, *, settings: dict[str, Any], seed: int) -> dict[float, float]:
    """Return 0.5 · AUC + 0.5 · (1 − |sensitivity − specificity|) on stratified sub-splits for every weight tried.

    Each of the three is first averaged over the sub-splits; a case is called positive from a score of 0.5.
    """
    generator = np.random.default_rng(derive(seed, "subsplits"))
    splits = stratified_subsplits(
        target, splits=settings["subsplits"], held_out=settings["held_out"], generator=generator
    )
    tried = {}
    for weight in settings["weights"]:
        points = []
        for number, (train, test) in enumerate(splits):
            # The same seed for every weight: only the weight differs.
            forest = grow(
                values[train], target[train], trees=settings["trees"], weight=weight, seed=derive(seed, "tune", number)
            )
            found = point_metrics(target[test], score_forest(forest, values[test]))
            points.append([found[name] for name in ("auc", "sen", "spe")])
        area, sensitivity, specificity = np.mean(points, axis=0)
        tried[float(weight)] = float(0.5 * area + 0.5 * (1.0 - abs(sensitivity - specificity)))
    return tried


def fit(table: pd.DataFrame, target: NDArray, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Fitted:
    """Grow the forest of the chosen features and weight on a training fold (cases, features)."""
    preparation = learn(table[chosen["features"]])
    forest = grow(
        fill(table, preparation), target, trees=recipe["trees"], weight=chosen["weight"], seed=derive(seed, "forest")
    )
    importance = np.mean([part.feature_importances_ for part in forest], axis=0)
    summary = {
        "importance": dict(zip(preparation.columns, importance.tolist(), strict=True)),
        "median": dict(zip(preparation.columns, preparation.median.tolist(), strict=True)),
        "partitions": len(forest),
        "weight": chosen["weight"],
    }
    return Fitted(lambda cases: score_forest(forest, fill(cases, preparation)), summary)


def grow(values: Array, target: NDArray, *, trees: int, weight: float, seed: int) -> list[RandomForestClassifier]:
    """Grow about ``trees`` trees, an equal number for every partition that balances the classes.

    ``weight`` is that of the positive class; each tree is grown on a bootstrap of its partition.
    """
    parts = partitions(target, generator=np.random.default_rng(derive(seed, "partitions")))
    forest = []
    for number, part in enumerate(parts):
        classifier = RandomForestClassifier(
            n_estimators=-(-trees // len(parts)),
            class_weight={0: 1.0, 1: weight},
            random_state=derive(seed, "trees", number),
        )
        forest.append(classifier.fit(values[part], target[part]))
    return forest


def score_forest(forest: list[RandomForestClassifier], values: Array) -> Array:
    """Return the mean probability of the positive class over all trees (cases,)."""
    single = values.astype(np.float32)
    # Straight from the trees: the forest's own method checks its input anew for each and adds up in any order.
    votes = [tree.tree_.predict(single)[:, 1] for part in forest for tree in part.estimators_]
    return np.mean(votes, axis=0)


def _row(step: str, number: int, candidate: str, criterion: float, chosen: bool) -> dict[str, Any]:
    return {"step": step, "number": number, "candidate": candidate, "criterion": criterion, "chosen": int(chosen)}
