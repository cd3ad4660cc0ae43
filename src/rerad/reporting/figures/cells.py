"""The cells that searches found: those of one fold large, and those of every fold."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_letters
from typing import Any

from rerad.core.errors import ReradError
from rerad.core.pictures import save, style
from rerad.reporting.searches import read_architectures
from rerad.search.graph import INPUTS, Architecture
from rerad.search.layout import SHORT
from rerad.search.picture import (
    INSIDE,
    NETWORK,
    Part,
    absent,
    beside,
    compose,
    heading,
    large,
    network,
    note,
    small,
    title_of,
)
from rerad.search.wiring import fusion_by_hand

BY_ROW = 2  # cells side by side: more are not readable at 400 pixels
GAP = 0.16  # between them, in inches
EMPTY = 1.1  # height of a panel that shows a word
LETTERS = 84  # of a line under the figure


def plot_cells(
    *,
    rows: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Sequence[Path]],
    phantom: bool,
    png: Path,
    svg: Path,
    shown: Sequence[str] | None = None,
    fold: int | None = None,
    every_fold: bool = True,
    by_hand: str = "",
) -> None:
    """Draw, method by method, the cells of one fold large and then, with ``every_fold``, those of every fold smaller.

    ``rows`` are those of the study's figure (method, trained, label); ``chosen`` leads from the trained id to the files
    chosen.json, of which the lowest seed is shown. ``shown`` names the cells that are drawn large, all are without it;
    ``fold`` is theirs, or the first one that was found. ``by_hand`` names methods that fuse by hand: a sketch leads.

    Raises:
        ReradError: see ``read_architectures``; a fold or a cell that there is not.
    """
    letters = iter(ascii_letters)
    parts: list[Part] = []
    drawn: list[Architecture] = []
    if by_hand:
        sketch = network(fusion_by_hand(INSIDE, size=NETWORK))
        parts += [heading(f"({next(letters)}) Fusion by hand, as in {by_hand}"), sketch]
    for row in rows:
        folds = read_architectures(chosen[row.get("trained", row["method"])])
        drawn += [one for one in folds.values() if one]
        for title, part in _large(folds, row["label"], shown, fold):
            parts += [heading(f"({next(letters)}) {title}"), part]
        if every_fold and any(folds.values()):
            parts += [heading(f"({next(letters)}) The cells of every fold, {row['label']}"), *_every(folds)]
    under = note(legend(drawn, large=shown is None or bool(shown), small=every_fold))
    with style():
        save(compose([*parts, under]), png, svg, phantom=phantom)


def chosen_fold(
    folds: Mapping[int, Architecture | None], fold: int | None, label: str
) -> tuple[int, Architecture | None] | None:
    """Return a fold and its architecture, None where its search failed; without ``fold`` the first that was found.

    Where none was found there is no fold to return.

    Raises:
        ReradError: there is no such fold.
    """
    if fold is None or not folds:
        return next(((number, one) for number, one in folds.items() if one), None)
    if fold not in folds:
        known = ", ".join(map(str, folds))
        raise ReradError(f"there is no fold {fold}", where=label, remedy=f"Write one of: {known}")
    return fold, folds[fold]


def _large(
    folds: Mapping[int, Architecture | None], label: str, shown: Sequence[str] | None, fold: int | None
) -> list[tuple[str, Part]]:
    """Return title and drawing of each cell of one fold."""
    found = chosen_fold(folds, fold, label)
    if not found:
        return [(label, absent("failed", EMPTY))]
    number, one = found
    if not one:
        return [(f"{label}, fold {number}", absent("failed", EMPTY))]
    cells = one.cells if shown is None else [one.cell(name) for name in shown]
    return [(f"{title_of(one, cell)} of {label}, fold {number}", large(one, cell)) for cell in cells]


def _every(folds: Mapping[int, Architecture | None]) -> list[Part]:
    """Return the cells of every fold, small and side by side."""
    width = (INSIDE - (BY_ROW - 1) * GAP) / BY_ROW
    parts = []
    for number, one in folds.items():
        if not one:
            parts += [heading(f"Fold {number}", 8), absent("failed", EMPTY)]
            continue
        for start in range(0, len(one.cells), BY_ROW):
            line = one.cells[start : start + BY_ROW]
            parts.append(beside([heading(f"Fold {number}, {cell.name}", 8) for cell in line], width, GAP))
            parts.append(beside([small(one, cell, width) for cell in line], width, GAP))
    return parts


def legend(drawn: Sequence[Architecture], *, large: bool, small: bool) -> list[str]:
    """Return the lines under the figure, as far as its large and its small drawings need them."""
    cells = [cell for one in drawn for cell in one.cells]
    edges = [edge for cell in cells for edge in cell.edges]
    if not edges:
        return []
    text = "A number behind an operation is the size of its kernel"
    if large and any(edge.weight is not None for edge in edges):
        text += "; the one under it, its weight in the softmax"
    idle = any(place not in {edge.source for edge in cell.edges} for cell in cells for place in INPUTS)
    text += ". A dashed input leads nowhere." if idle else "."
    names = {edge.operation for edge in edges}
    # Spaces at which no line is broken.
    cut = [f"{short}\u00a0=\u00a0{word}" for word, short in SHORT.items() if any(word in name for name in names)]
    if small and cut:
        text += f" {'In the smaller drawings ' if large else ''}{', '.join(cut)}."
    return textwrap.wrap(text, LETTERS)
