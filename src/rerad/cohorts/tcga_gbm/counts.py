"""Read the GDC's RNA sequencing (workflow STAR - Counts): one file a sample, and files.csv that tells whose it is.

It stands in for the microarrays that the GDC no longer holds. Values are log2(1 + TPM), so that they spread over genes
much as the logarithms of a microarray do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from rerad.cohorts.barcodes import read_barcode
from rerad.cohorts.manifest import Entry, check_file
from rerad.cohorts.tcga_gbm.table import Expression
from rerad.core.errors import CaseError, ReradError

COLUMNS = ("file", "sample", "aliquot")
GENE = "ENSG"  # the first rows count reads that belong to no gene


def read_counts(
    folder: Path, table: str, manifest: Mapping[str, Entry], *, column: str, gene_types: Sequence[str]
) -> Expression:
    """Return log2(1 + value) of every sample that can be read.

    Args:
        folder: acquired cohort.
        table: ``files.csv`` of the source gdc, its path there; the files lie below it.
        manifest: of the cohort.
        column: ``tpm_unstranded`` or another column of the files.
        gene_types: the kinds of genes that are kept, such as ``protein_coding``.

    Raises:
        ReradError: the table is broken, or no sample can be read.
    """
    listed = _read_list(folder / table)
    values, samples = [], []
    failed: dict[str, ReradError] = {}
    genes: pd.DataFrame | None = None
    for row in listed.itertuples(index=False):
        barcode = row.aliquot or row.sample
        file = str(PurePosixPath(table).parent / row.file)
        try:
            found = _read_sample(folder, file, manifest, column, gene_types)
            if genes is not None and not found["gene_id"].equals(genes["gene_id"]):
                raise CaseError("its genes are others than before", where=file, remedy="Fetch all of one release")
        except CaseError as error:
            failed[barcode] = error
            continue
        genes = found[["gene_id", "gene_name"]] if genes is None else genes
        values.append(np.log2(1 + found[column].to_numpy(np.float64)).astype(np.float32))
        samples.append(barcode)
    if genes is None:
        reasons = f"; for example {next(iter(failed.values()))}" if failed else ""
        raise ReradError(f"no sample of {len(listed)} can be read{reasons}", where=str(folder / table))
    told = pd.DataFrame({"gene": genes["gene_name"], "id": genes["gene_id"]})
    return Expression(np.stack(values), samples, told, failed)


def _read_list(path: Path) -> pd.DataFrame:
    try:
        listed = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read as a table ({error})", where=str(path)) from error
    missing = [name for name in COLUMNS if name not in listed.columns]
    if missing:
        raise ReradError(f"column {missing[0]!r} is missing", where=str(path), remedy=f"It needs {', '.join(COLUMNS)}")
    for row in listed.itertuples(index=False):
        if read_barcode(row.aliquot or row.sample) is None:
            raise ReradError(f"{row.aliquot or row.sample!r} is no barcode of one sample", where=f"{path}: {row.file}")
    return listed


def _read_sample(
    folder: Path, file: str, manifest: Mapping[str, Entry], column: str, gene_types: Sequence[str]
) -> pd.DataFrame:
    if file not in manifest:
        raise CaseError("the file is missing", where=file, remedy="Acquire the cohort again")
    path = check_file(folder, file, manifest[file])
    try:
        found = pd.read_csv(
            path, sep="\t", comment="#", usecols=["gene_id", "gene_name", "gene_type", column], keep_default_na=False,
            dtype={"gene_id": str, "gene_name": str, "gene_type": str}, na_values={column: [""]},
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise CaseError(f"cannot be read as STAR counts ({error})", where=file) from error
    found = found[found["gene_id"].str.startswith(GENE) & found["gene_type"].isin(list(gene_types))]
    numbers = pd.to_numeric(found[column], errors="coerce")
    if found.empty or not (np.isfinite(numbers) & (numbers >= 0)).all():
        what = "no gene of the kinds asked for" if found.empty else f"a {column} is no number of 0 or more"
        raise CaseError(what, where=file, remedy="Fetch the file again")
    return found.assign(**{column: numbers}).reset_index(drop=True)
