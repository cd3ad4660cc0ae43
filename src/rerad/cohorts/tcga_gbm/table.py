"""Read cBioPortal's table of gene expression: a row a gene, a column a sample."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.cohorts.barcodes import read_barcode
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)

SYMBOL, ENTREZ = "Hugo_Symbol", "Entrez_Gene_Id"
MISSING = ("", "NA", "NaN", "nan", "null", "[Not Available]")


class Expression(NamedTuple):
    """Values (samples, genes), the samples' barcodes, the genes (gene, id), and samples that cannot be read."""

    values: NDArray[np.float32]
    samples: list[str]
    genes: pd.DataFrame
    failed: dict[str, ReradError]


def read_table(path: Path) -> Expression:
    """Return the values of a table; those that are missing are nan.

    Raises:
        ReradError: naming the line or the column that is broken.
    """
    with open(path, encoding="utf-8") as file:
        header = file.readline().rstrip("\r\n").split("\t")
        first = _check_header(header, path)
        rows = [line.rstrip("\r\n").split("\t") for line in file if line.strip()]
    if not rows:
        raise ReradError("no gene", where=str(path), remedy="Bring the whole file")
    values = np.empty((len(header) - first, len(rows)), np.float32)
    for index, fields in enumerate(rows):
        values[:, index] = _numbers(fields, header, first, where=f"{path}, line {index + 2}")
    names = [fields[0] or fields[first - 1] for fields in rows]
    genes = pd.DataFrame({"gene": names, "id": [fields[1] if first == 2 else "" for fields in rows]})
    twice = Counter(names).most_common(1)[0]
    if twice[1] > 1:
        log.info("%s: %s stands in %d rows; each is a gene of its own", path.name, *twice)
    return Expression(values, header[first:], genes, {})


def _check_header(header: list[str], path: Path) -> int:
    """Return in which column the samples begin."""
    first = 2 if header[1:2] == [ENTREZ] else 1
    if header[0] != SYMBOL or len(header) <= first:
        raise ReradError(
            f"the columns are {', '.join(header[:3])}, …",
            where=str(path),
            remedy=f"The table of cBioPortal begins with {SYMBOL}, {ENTREZ} and has a column a sample",
        )
    unknown = [name for name in header[first:] if read_barcode(name) is None]
    if unknown:
        remedy = "Name samples such as TCGA-02-0001-01"
        raise ReradError(f"column {unknown[0]!r} is no barcode of a sample", where=str(path), remedy=remedy)
    name, count = Counter(header[first:]).most_common(1)[0]
    if count > 1:
        raise ReradError(f"{count} columns are named {name}", where=str(path), remedy="Keep one of them")
    return first


def _numbers(fields: list[str], header: list[str], first: int, *, where: str) -> NDArray[np.float32]:
    if len(fields) != len(header):
        raise ReradError(
            f"{len(fields)} fields under {len(header)} columns",
            where=where,
            remedy="The file may be cut: bring it anew",
        )
    try:
        return np.array(fields[first:], dtype=np.float32)
    except ValueError:
        pass
    values = np.full(len(fields) - first, np.nan, np.float32)
    for index, text in enumerate(fields[first:]):
        if text in MISSING:
            continue
        try:
            values[index] = float(text)
        except ValueError as error:
            told = f"{text!r} of {header[first + index]} is no number"
            raise ReradError(told, where=where, remedy="Correct the table") from error
    return values
