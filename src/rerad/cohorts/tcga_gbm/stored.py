"""The prepared cohort on disk: expression of all patients, and the labels of each segmentation.

The contract: below the folder of the cohort's arrays lie

``expression.npy``
    float32, shape (patients, genes), C order, as measured; row ``row`` of ``cases.csv``. Patients who take part with
    their images come first;
``genes.csv``
    column, gene (symbol; may stand twice), id (Entrez or Ensembl): one row a column;
``<patient>.labels.npy``
    uint8 (0, 1, 2, 4), shape (z, y, x): the smallest box around the tumour whose geometry ``cases.csv`` holds. In a
    null run it belongs to the patient ``tumour_of``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.core.files import write_array, write_csv

EXPRESSION, GENES = "expression.npy", "genes.csv"
GENE_COLUMNS = ["column", "gene", "id"]
_AGAIN = "Remove the cohort's folder below cohorts/ and run again"


class Stored(NamedTuple):
    """Expression (patients, genes), memory-mapped, and the genes (column, gene, id)."""

    values: NDArray[np.float32]
    genes: pd.DataFrame


def store_expression(arrays: Path, values: NDArray[np.float32], genes: pd.DataFrame) -> None:
    """Write the two files."""
    write_array(arrays / EXPRESSION, values.astype(np.float32, copy=False))
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


def store_labels(arrays: Path, patient: str, labels: NDArray[np.uint8]) -> None:
    """Write the labels of a patient's segmentation."""
    write_array(arrays / f"{patient}.labels.npy", labels.astype(np.uint8, copy=False))


def open_labels(arrays: Path, patient: str) -> NDArray[np.uint8]:
    """Open the labels of a patient's segmentation without reading them.

    Raises:
        ReradError: the file is missing or broken, or holds something else.
    """
    path = arrays / f"{patient}.labels.npy"
    try:
        labels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=_AGAIN) from error
    if labels.dtype != np.uint8 or labels.ndim != 3:
        told = f"{labels.dtype} of {labels.ndim} dimensions, not uint8 of 3"
        raise ReradError(told, where=str(path), remedy=_AGAIN)
    return labels
