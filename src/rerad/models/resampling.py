"""Resamples of a training set: imbalance-adjusted bootstraps, partitions, inner folds and sub-splits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

Indices = NDArray[np.intp]

# Vallières' samples hold at least two different cases of each class on either side; fewer give no AUC worth the name.
LEAST = 2


def balanced_bootstraps(target: NDArray, *, samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each case is drawn in each sample (samples, cases), both classes equally likely.

    Imbalance-adjusted bootstrap resampling: every draw is positive with probability one half. Samples with fewer than
    two different cases of a class inside or outside are drawn again.

    Raises:
        ReradError: a class has fewer than four cases, so that no such sample exists.

    Source: Vallières et al., Phys. Med. Biol. 60 (2015) 5471.
    """
    positive = np.asarray(target) == 1
    counts = np.array([positive.sum(), (~positive).sum()])
    if counts.min() < 2 * LEAST:
        raise ReradError(
            f"{counts[0]} positive and {counts[1]} negative training cases are too few to resample",
            remedy=f"Each class needs at least {2 * LEAST} training cases: use fewer folds or more cases",
        )
    chance = np.where(positive, 0.5 / counts[0], 0.5 / counts[1])
    drawn = np.empty((samples, len(positive)))
    for row in range(samples):
        while True:
            drawn[row] = generator.multinomial(len(positive), chance)
            inside = drawn[row] > 0
            kept = [np.sum(inside & positive), np.sum(inside & ~positive)]
            left = [np.sum(~inside & positive), np.sum(~inside & ~positive)]
            if min(kept + left) >= LEAST:
                break
    return drawn


def partitions(target: NDArray, *, generator: np.random.Generator) -> list[Indices]:
    """Return index sets that each hold the whole minority and an equal share of the majority.

    Their number is the ratio of the classes, rounded; the majority's cases are dealt out once, without repetition.

    Source: Vallières et al., Sci. Rep. 7 (2017) 10117, "imbalance adjustment".
    """
    target = np.asarray(target)
    classes = sorted((np.flatnonzero(target == label) for label in (0, 1)), key=len)
    minority, majority = classes
    number = max(1, round(len(majority) / len(minority)))
    shares = np.array_split(generator.permutation(majority), number)
    return [np.sort(np.concatenate([minority, share])) for share in shares]


def check_inner_folds(target: NDArray, folds: int) -> None:
    """Check that every stratified fold inside a training fold can hold a case of each class.

    Raises:
        ReradError: a class has fewer cases than ``folds``.
    """
    smallest = int(min(np.sum(target == 1), np.sum(target == 0)))
    if smallest < folds:
        raise ReradError(
            f"{smallest} training cases of one class are too few for {folds} inner folds",
            where="search.inner_folds",
            remedy="Lower it, use fewer folds or bring more cases",
        )


def stratified_subsplits(
    target: NDArray, *, splits: int, held_out: float, generator: np.random.Generator
) -> list[tuple[Indices, Indices]]:
    """Return ``splits`` random (train, test) index pairs with the share ``held_out`` of each class tested.

    Raises:
        ReradError: a class would be missing on one side.

    Source: Vallières et al., Sci. Rep. 7 (2017) 10117, "stratified random sub-sampling".
    """
    target = np.asarray(target)
    classes = [np.flatnonzero(target == label) for label in (0, 1)]
    sizes = [round(held_out * len(members)) for members in classes]
    if any(size < 1 or size >= len(members) for size, members in zip(sizes, classes, strict=True)):
        raise ReradError(
            f"{len(classes[1])} positive and {len(classes[0])} negative training cases cannot be sub-split "
            f"with {held_out:.3g} held out",
            remedy="Use fewer folds, more cases or another held_out",
        )
    pairs = []
    for _ in range(splits):
        shuffled = [generator.permutation(members) for members in classes]
        test = np.sort(np.concatenate([members[:size] for members, size in zip(shuffled, sizes, strict=True)]))
        pairs.append((np.setdiff1d(np.arange(len(target)), test), test))
    return pairs
