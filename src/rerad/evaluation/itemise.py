"""The results of every case, of all methods of a study."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rerad.core.files import write_csv
from rerad.evaluation.evaluate import read_groups
from rerad.metrics.masks import METRICS
from rerad.training.predictions import read

log = logging.getLogger(__name__)
KEYS = ["case", "region", "role", "method"]
COLUMNS = ["case", "grade", "region", "role", "method", "networks", *METRICS]


def itemise(predictions: Mapping[str, Sequence[Path]], *, cases: Path, csv: Path) -> None:
    """Write one row a case, region, role (test, train) and method: its metrics, mean over ``networks``.

    ``predictions`` lead from a method to its files predictions_segmentation.csv. Only the last epoch counts. Networks
    are those of all seeds, and of the role train of all folds that were trained on the case. ``grade`` is that of
    ``cases`` (cases.csv), empty where nobody knows it. A method that failed in a chunk has no rows.
    """
    tables = [pd.DataFrame(columns=[*KEYS, "networks", *METRICS])]
    for method, paths in predictions.items():
        found = per_case([read(path, "segmentation") for path in paths])
        if found.empty:
            log.warning("%s has a chunk without predictions: its cases are left out", method)
            continue
        tables.append(found.assign(method=method))
    table = pd.concat(tables[1:] or tables, ignore_index=True).sort_values(KEYS, ignore_index=True)
    write_csv(csv, table.assign(grade=table["case"].map(read_groups(cases)))[COLUMNS])


def per_case(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return case, region, role, networks and the metrics' means over them, of the last epoch; none if a part is empty.

    ``parts`` are the predictions of the chunks and seeds of a method.
    """
    if not parts or any(part.empty for part in parts):
        return pd.DataFrame(columns=["case", "region", "role", "networks", *METRICS])
    whole = pd.concat(parts, ignore_index=True)
    last = whole[(whole["selection"] == "last") & (whole["variant"] == "published")]
    grouped = last.sort_values(["case", "region", "role", "seed", "fold"]).groupby(["case", "region", "role"])
    return grouped[list(METRICS)].mean().assign(networks=grouped.size()).reset_index()
