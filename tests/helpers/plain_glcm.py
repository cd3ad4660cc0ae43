"""GLCM maps as the textbook has them: one matrix a window and direction, pair by pair. Slow, and nothing shared."""

from __future__ import annotations

import itertools

import numpy as np


def plain_maps(levels: np.ndarray, *, window: int, distance: int, planar: bool = False) -> dict[str, np.ndarray]:
    """Return the map of every feature of levels (z, y, x) from 1 on, 0 where nothing counts; nan without a pair."""
    top = int(levels.max())
    radius = window // 2
    reach = (0 if planar else radius, radius, radius)
    steps = range(-distance, distance + 1)
    around = [o for o in itertools.product(steps, repeat=3) if max(map(abs, o)) == distance and not (planar and o[0])]
    lines = {max(offset, tuple(-step for step in offset)) for offset in around}
    maps: dict[str, np.ndarray] = {}
    for place in np.argwhere(levels > 0):
        box = [range(max(0, p - r), min(n, p + r + 1)) for p, r, n in zip(place, reach, levels.shape, strict=True)]
        found = []
        for line in sorted(lines):
            matrix = np.zeros((top, top))
            for first in itertools.product(*box):
                second = tuple(f + s for f, s in zip(first, line, strict=True))
                if all(s in b for s, b in zip(second, box, strict=True)) and levels[first] and levels[second]:
                    matrix[levels[first] - 1, levels[second] - 1] += 1
                    matrix[levels[second] - 1, levels[first] - 1] += 1
            if matrix.any():
                found.append(plain_features(matrix / matrix.sum()))
        for name in NAMES:
            target = maps.setdefault(name, np.full(levels.shape, np.nan))
            if found:
                target[tuple(place)] = np.mean([values[name] for values in found])
    return maps


def plain_features(p: np.ndarray) -> dict[str, float]:
    """Return every feature of a normalised matrix of the levels 1, 2, …"""
    top = len(p)
    i, j = np.indices(p.shape) + 1
    apart, together = np.abs(i - j), i + j
    mean = (i * p).sum()
    variance = ((i - mean) ** 2 * p).sum()
    difference = np.array([p[apart == k].sum() for k in range(top)])
    total = np.array([p[together == k].sum() for k in range(2, 2 * top + 1)])
    k = np.arange(top)
    average = (k * difference).sum()
    covariance = ((i - mean) * (j - mean) * p).sum()
    return {
        "joint_entropy": entropy(p),
        "joint_energy": (p**2).sum(),
        "asm": (p**2).sum(),
        "difference_entropy": entropy(difference),
        "sum_entropy": entropy(total),
        "contrast": ((i - j) ** 2 * p).sum(),
        "difference_average": average,
        "dissimilarity": (apart * p).sum(),
        "difference_variance": ((k - average) ** 2 * difference).sum(),
        "id": (p / (1 + apart)).sum(),
        "idn": (p / (1 + apart / top)).sum(),
        "idm": (p / (1 + apart**2)).sum(),
        "homogeneity": (p / (1 + apart**2)).sum(),
        "idmn": (p / (1 + apart**2 / top**2)).sum(),
        "inverse_variance": (p[apart > 0] / apart[apart > 0] ** 2).sum(),
        "autocorrelation": (i * j * p).sum(),
        "joint_average": mean,
        "sum_average": (together * p).sum(),
        "sum_squares": variance,
        "correlation": covariance / variance if variance > 1e-12 else 1.0,
        "cluster_tendency": ((together - 2 * mean) ** 2 * p).sum(),
        "cluster_shade": ((together - 2 * mean) ** 3 * p).sum(),
        "cluster_prominence": ((together - 2 * mean) ** 4 * p).sum(),
    }


def entropy(p: np.ndarray) -> float:
    """Return the entropy in bits; a cell of probability 0 adds nothing."""
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())


NAMES = list(plain_features(np.full((2, 2), 0.25)))
