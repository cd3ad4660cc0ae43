"""How far searches agree: the same edges with the same operations, over folds and over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.models.cells.genotype import Genotype
from rerad.models.cells.space import INPUTS, ZERO, Space
from rerad.training.chosen import read_chosen

COLUMNS = ["method", "cell", "between", "pairs", "share", "sd", "low", "high", "by_chance", "networks", "skip_share"]
ALL = "all"


class Found(NamedTuple):
    """The genotype of a method, seed and fold."""

    method: str
    seed: int
    fold: int
    genotype: Genotype


def read_found(path: Path) -> list[Found]:
    """Return the genotypes of ``trained/<cohort>/<method>/seed<s>/<chunk>/chosen.json``; none of a failed search.

    Raises:
        ReradError: the file or a genotype is broken; it names file and key.
    """
    _, seed, method = (folder.name for folder in list(path.parents)[:3])
    content = read_chosen(path)
    found = []
    for fold, chosen in ({} if content.failed else content.folds).items():
        where = f"{path}: folds.{fold}.genotype"
        if "genotype" not in chosen:
            raise ReradError("missing key", where=where, remedy="Only searches of architectures can be compared")
        genotype = Genotype.from_dict(chosen["genotype"], where=where)
        found.append(Found(method, int(seed.removeprefix("seed")), int(fold), genotype))
    return found


def shared(first: Genotype, second: Genotype, cell: str = ALL) -> float:
    """Return the share of edges, in a kind of cell or in all, that both have with the same operation."""
    pairs = [_edges(genotype, cell) for genotype in (first, second)]
    return len(pairs[0] & pairs[1]) / max(map(len, pairs))


def by_chance(space: Space, cell: str = ALL) -> float:
    """Return the expected share of two draws by lot.

    A node with m edges into it keeps k of them, so that both draws have an edge with probability (k / m)², and its
    operation alike with 1 / n, n its operations but zero.
    """
    both, kept = 0.0, 0
    for name in space.cells if cell == ALL else [cell]:
        edges = space.edges(name)
        for node in range(len(INPUTS), len(INPUTS) + space.nodes):
            into = [edge for edge in edges if edge.target == node]
            keep = min(space.keep, len(into))
            kept += keep
            both += sum((keep / len(into)) ** 2 / len(set(edge.operations) - {ZERO}) for edge in into)
    return both / kept


def agreement(found: Sequence[Found], space: Space) -> pd.DataFrame:
    """Return, of one method's genotypes, the mean share of equal edges between folds of a seed and seeds of a fold.

    One row a kind of cell, and one for all together; shares are missing where there is no pair. ``skip_share`` is the
    mean share of skip connections.
    """
    rows = []
    for cell in (ALL, *space.cells):
        skips = [one.genotype.skip_share(None if cell == ALL else cell) for one in found]
        for between in ("folds", "seeds"):
            shares = [shared(a.genotype, b.genotype, cell) for a, b in _pairs(found, between)]
            known = np.array(shares) if shares else np.array([np.nan])
            rows.append(
                {
                    "method": found[0].method if found else "",
                    "cell": cell,
                    "between": between,
                    "pairs": len(shares),
                    "share": known.mean(),
                    "sd": known.std(),
                    "low": known.min(),
                    "high": known.max(),
                    "by_chance": by_chance(space, cell),
                    "networks": len(found),
                    "skip_share": np.mean(skips) if skips else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _edges(genotype: Genotype, cell: str) -> set[tuple]:
    return {(name, *edge[:3]) for name, edges in genotype.cells.items() if cell in (ALL, name) for edge in edges}


def _pairs(found: Iterable[Found], between: str) -> Iterator[tuple[Found, Found]]:
    """Yield pairs that differ in fold alone, or in seed alone."""
    same = "seed" if between == "folds" else "fold"
    for first, second in combinations(found, 2):
        if getattr(first, same) == getattr(second, same):
            yield first, second
