"""What searches leave for the figures: the architecture of every fold, and the course of the search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.reporting.artefacts import first_seed, seed_of
from rerad.search.graph import Architecture, architecture
from rerad.training.chosen import REMEDY, read_chosen
from rerad.training.predictions import HISTORY


def read_architectures(chosen: Sequence[Path]) -> dict[int, Architecture | None]:
    """Return the architecture of every fold at a method's lowest seed, in the order of the folds; None where it failed.

    ``chosen`` are files ``seed<s>/<chunk>/chosen.json``. A search of all folds in one chunk that failed has no folds.

    Raises:
        ReradError: a file is broken, or its search was not one for an architecture.
    """
    found: dict[int, Architecture | None] = {}
    for chunk in first_seed({path.parent for path in chosen}):
        path = chunk / "chosen.json"
        content = read_chosen(path)
        if content.failed and chunk.name.startswith("fold"):
            found[int(chunk.name.removeprefix("fold"))] = None
        for fold, choice in content.folds.items():
            if "genotype" not in choice:
                raise ReradError(
                    f"fold {fold} has no genotype", where=str(path), remedy="Draw methods of a network search"
                )
            found[int(fold)] = architecture(choice["genotype"], f"{path}: folds.{fold}.genotype")
    return dict(sorted(found.items()))


def read_courses(history: Sequence[Path]) -> pd.DataFrame:
    """Return the course of every search of a method: seed, fold, epoch, split, quantity, value.

    ``history`` are files ``seed<s>/<chunk>/search_history.csv``; those of a failed search, or of a random draw, have no
    rows.

    Raises:
        ReradError: a file is no course of a network search.
    """
    tables = [pd.DataFrame(columns=["seed", *HISTORY])]
    for path in history:
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise ReradError(f"cannot be read ({error})", where=str(path), remedy=REMEDY) from error
        missing = [name for name in HISTORY if name not in table.columns]
        if missing and len(table):
            raise ReradError(
                f"column {missing[0]!r} is missing", where=str(path), remedy=f"It needs {', '.join(HISTORY)}"
            )
        if len(table):
            tables.append(table[HISTORY].assign(seed=seed_of(path.parent)))
    return pd.concat(tables[1:] or tables, ignore_index=True)
