"""Linear regressions with L1 and L2 penalties, one a feature of the tumour, at penalties chosen beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.models.elastic_net import ElasticNetPath, elastic_nets
from rerad.models.fitted import Regressed

Array = NDArray[np.float64]


def fit(table: Array, target: Array, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Regressed:
    """Return the regressions of all outputs, ``target`` (cases, outputs), on ``table`` (cases, genes).

    ``chosen["penalties"]`` has a mapping an output, in their order, with ``l1_ratio`` and ``lam`` on glmnet's scale;
    ``lam`` None asks for the mean, where no model with a gene was found.

    Raises:
        ReradError: another number of penalties than outputs.

    Source: radiogenomics, section 2.3.
    """
    penalties = chosen.get("penalties", [])
    if len(penalties) != target.shape[1]:
        told = f"penalties of {len(penalties)} features for {target.shape[1]}"
        raise ReradError(told, where="chosen.json", remedy="Remove the method's folder below trained/ and run again")
    fits = fitted(table, target, penalties)
    means = target.mean(axis=0)

    def predict(cases: Array) -> Array:
        found = [
            np.full(len(cases), mean) if one is None else one.predict(cases)[:, 0]
            for mean, one in zip(means, fits, strict=True)
        ]
        return np.stack(found, axis=1)

    summary = [
        {**penalty, "genes": 0 if one is None else int(one.counts[0])}
        for penalty, one in zip(penalties, fits, strict=True)
    ]
    return Regressed(predict, {"features": summary})


def fitted(table: Array, target: Array, penalties: Sequence[Mapping[str, Any]]) -> list[ElasticNetPath | None]:
    """Return the regression of every output, ``target`` (cases, outputs), at its penalty; None where it has none."""
    known = [number for number, penalty in enumerate(penalties) if penalty["lam"] is not None]
    pairs = [(penalties[number]["l1_ratio"], penalties[number]["lam"]) for number in known]
    found = dict(zip(known, elastic_nets(table, target[:, known], pairs), strict=True)) if known else {}
    return [found.get(number) for number in range(len(penalties))]
