"""Gene expression of the acquired samples, whichever source they come from."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from rerad.cohorts.manifest import Entry, check_table
from rerad.cohorts.tcga_gbm.counts import read_counts
from rerad.cohorts.tcga_gbm.naming import COUNTS_TABLE, TABLE
from rerad.cohorts.tcga_gbm.table import Expression, read_table
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)


def read_expression(folder: Path, manifest: Mapping[str, Entry], settings: dict[str, Any]) -> Expression:
    """Return the expression of an acquired cohort; values that are missing are nan.

    ``settings``: ``column`` and ``gene_types`` of the GDC's counts, see :mod:`rerad.cohorts.tcga_gbm.counts`.

    Raises:
        ReradError: there is none or more than one, a file changed since it was acquired, or a table is broken.
    """
    tables = [file for file in sorted(manifest) if PurePosixPath(file).name in (TABLE, COUNTS_TABLE)]
    if len(tables) != 1:
        raise ReradError(
            f"{len(tables)} tables of expression{': ' if tables else ''}{', '.join(tables)}",
            where=str(folder),
            remedy=f"Keep one {TABLE}, or the GDC's files with their {COUNTS_TABLE}",
        )
    path = check_table(folder, tables[0], manifest[tables[0]])
    if path.name == TABLE:
        return read_table(path)
    return read_counts(folder, tables[0], manifest, **settings)


def taken(expression: Expression, rows: Sequence[int]) -> Expression:
    """Return some samples, in that order, and the genes that have a value in each and not the same in all.

    Raises:
        ReradError: no gene is left; names the sample that lacks most.
    """
    values = expression.values[list(rows)]
    missing = ~np.isfinite(values)
    kept = ~missing.any(axis=0) & (values.max(axis=0) > values.min(axis=0))
    samples = [expression.samples[row] for row in rows]
    if not kept.any():
        worst = int(missing.sum(axis=1).argmax())
        raise ReradError(
            f"no gene has a value in every sample; {samples[worst]} lacks {int(missing[worst].sum())} of {len(kept)}",
            where="expression",
            remedy="Leave out that sample",
        )
    if lost := int((~kept).sum()):
        log.warning("%d of %d genes are left out: a value is missing, or all are the same", lost, len(kept))
    genes = expression.genes[kept].reset_index(drop=True)
    return Expression(np.ascontiguousarray(values[:, kept]), samples, genes, expression.failed)
