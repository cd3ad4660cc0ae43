"""Gene expression of all patients, and the features of those with images, as a fold may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.cohorts.tcga_gbm.stored import EXPRESSION, open_expression
from rerad.core.errors import ReradError
from rerad.training.cases import Data, read_data, side
from rerad.training.job import Job
from rerad.training.regression.scaling import learn_genes, learn_largest, scale_genes

AGAIN = "Remove the cohort's folder below cohorts/ and run again"
Array = NDArray[np.float64]


class Cohort(NamedTuple):
    """Patients, those with images first: expression (patients, genes) and features (cases, features) as measured."""

    names: list[str]
    values: NDArray[np.float32]
    target: Array
    features: list[str]
    data: Data

    @property
    def cases(self) -> list[int]:
        """The patients with images, which are in the folds."""
        return list(range(len(self.target)))

    @property
    def others(self) -> list[int]:
        """The patients without images."""
        return list(range(len(self.target), len(self.names)))

    def side(self, fold: int, role: str) -> list[int]:
        """Return the patients on one side of a fold."""
        place = {name: index for index, name in enumerate(self.names)}
        return [place[name] for name in side(self.data, fold, role).table.index]


class Prepared(NamedTuple):
    """Scaled expression (patients, genes) and features (cases, features), which were divided by ``largest``.

    ``pretraining``: the patients that teach an autoencoder.
    """

    values: NDArray[np.float32]
    target: NDArray[np.float32]
    largest: Array
    pretraining: list[int]


def read_cohort(job: Job) -> Cohort:
    """Read the expression of every patient, and the features of all regions of the method.

    Raises:
        ReradError: the expression does not fit the table of cases, or a value is no number; it is named.
    """
    data = read_data(job.features, job.cases, job.splits, job.settings)
    known = pd.read_csv(job.cases, dtype={"case": str}).set_index("case")["row"].astype(int).sort_index()
    names = list(data.table.index)
    names += [name for name in known.index if name not in set(names)]
    values = _expression(job, [known[name] for name in names])
    target = data.table.to_numpy(dtype=float)
    for what, table in ((EXPRESSION, values), ("features.csv", target)):
        bad = ~np.isfinite(table).all(axis=1)
        if bad.any():
            told = f"case {names[int(np.argmax(bad))]} has a value that is no number"
            raise ReradError(told, where=what, remedy=AGAIN)
    return Cohort(names, values, target, list(data.table.columns), data)


def _expression(job: Job, rows: Sequence[int]) -> NDArray[np.float32]:
    assert job.arrays is not None  # the rules give every regressor its arrays
    values = open_expression(job.arrays).values
    if len(values) <= max(rows):
        told = f"it has {len(values)} patients and no row {max(rows)}"
        raise ReradError(told, where=str(job.arrays / EXPRESSION), remedy=AGAIN)
    return np.asarray(values[list(rows)])


def prepared(cohort: Cohort, variant: str, test: Sequence[int]) -> Prepared:
    """Return a cohort as a variant sees it, the patients ``test`` being those to predict.

    ``published``: genes and features are scaled by all, and all teach the autoencoder. Else those of ``test`` teach no
    scaling, and only patients without images teach the autoencoder.
    """
    left_out = set() if variant == "published" else set(test)
    patients = [index for index in range(len(cohort.names)) if index not in left_out]
    cases = [index for index in cohort.cases if index not in left_out]
    genes = learn_genes(cohort.values, patients)
    largest = learn_largest(cohort.target, cases, cohort.features)
    return Prepared(
        scale_genes(cohort.values, genes),
        (cohort.target / largest).astype(np.float32),
        largest,
        list(range(len(cohort.names))) if variant == "published" else cohort.others,
    )


def without_images(cohort: Cohort) -> Prepared:
    """Return a cohort as the patients without images see it: nobody else teaches scaling or autoencoder."""
    genes = learn_genes(cohort.values, cohort.others)
    target = np.zeros(cohort.target.shape, np.float32)
    return Prepared(scale_genes(cohort.values, genes), target, np.ones(len(cohort.features)), cohort.others)
