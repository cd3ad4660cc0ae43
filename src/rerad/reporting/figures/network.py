"""Whole searched networks: how their cells are wired, and the cells of one fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rerad.core.pictures import save, style
from rerad.reporting.figures.cells import EMPTY, chosen_fold
from rerad.reporting.searches import read_architectures
from rerad.search.picture import Part, absent, compose, heading, whole


def plot_network(
    *,
    rows: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Sequence[Path]],
    networks: Mapping[str, Mapping[str, Any]],
    phantom: bool,
    png: Path,
    svg: Path,
    fold: int | None = None,
) -> None:
    """Draw the network of every row and under it its cells as one fold found them.

    ``rows``, ``chosen`` and ``fold`` as in ``plot_cells``; ``networks`` leads from the trained id to the entry's
    ``network``, which says how many cells it has.

    Raises:
        ReradError: see ``read_architectures``; a fold that there is not.
    """
    parts: list[Part] = []
    for row in rows:
        trained = row.get("trained", row["method"])
        found = chosen_fold(read_architectures(chosen[trained]), fold, row["label"])
        number, one = found or (None, None)
        parts.append(heading(row["label"] + (f", fold {number}" if number is not None else ""), 10))
        parts += whole(one, networks[trained]) if one else [absent("failed", EMPTY)]
    with style():
        save(compose(parts), png, svg, phantom=phantom)
