"""The prepared expression on disk: one array of all patients, and what its columns are.

The contract: below the folder of the cohort's arrays lie

``expression.npy``
    float32, shape (patients, genes), C order, as measured; row ``row`` of ``cases.csv``. Patients who take part with
    their images come first;
``genes.csv``
    column, gene (symbol; may stand twice), id (Entrez or Ensembl): one row a column.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.core.files import write_csv

EXPRESSION, GENES = "expression.npy", "genes.csv"
GENE_COLUMNS = ["column", "gene", "id"]
_AGAIN = "Remove the cohort's folder below cohorts/ and run again"


class Stored(NamedTuple):
    """Expression (patients, genes), memory-mapped, and the genes (column, gene, id)."""

    values: NDArray[np.float32]
    genes: pd.DataFrame


def store_expression(arrays: Path, values: NDArray[np.float32], genes: pd.DataFrame) -> None:
    """Write the two files."""
    np.save(arrays / EXPRESSION, np.ascontiguousarray(values, np.float32))
    write_csv(arrays / GENES, genes.assign(column=np.arange(len(genes)))[GENE_COLUMNS])


def open_expression(arrays: Path) -> Stored:
    """Open the expression without reading its values, and read the genes.

    Raises:
        ReradError: a file is missing or broken, or the two do not fit each other.
    """
    path = arrays / EXPRESSION
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        genes = pd.read_csv(arrays / GENES, dtype={"gene": str, "id": str}, keep_default_na=False)
    except (OSError, ValueError, EOFError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=_AGAIN) from error
    if values.dtype != np.float32 or values.ndim != 2 or not values.flags.c_contiguous:
        told = f"{values.dtype} of {values.ndim} dimensions, not float32 of 2 in C order"
        raise ReradError(told, where=str(path), remedy=_AGAIN)
    if list(genes.columns) != GENE_COLUMNS or genes["column"].tolist() != list(range(values.shape[1])):
        told = f"it does not list the {values.shape[1]} columns of {EXPRESSION}"
        raise ReradError(told, where=str(arrays / GENES), remedy=_AGAIN)
    return Stored(values, genes)
