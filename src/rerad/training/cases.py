"""The cases of a method: their features, targets and sides of a fold."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ConfigError, ReradError
from rerad.core.splits import read_splits

log = logging.getLogger(__name__)


class Data(NamedTuple):
    """The cases of a method, sorted by name: features (cases, columns), targets (cases,), the split, grades (cases,).

    ``target`` is None where there is nothing to classify, ``grade`` where the cohort has no column of that name.
    """

    table: pd.DataFrame
    target: pd.Series | None
    splits: pd.DataFrame
    grade: pd.Series | None = None

    @property
    def classes(self) -> list[str]:
        """What cases should be dealt out by, case by case: their target, or their grade, which may be nobody's."""
        found = self.grade if self.target is None else self.target
        return [""] * len(self.table) if found is None else found.astype(str).tolist()


class Side(NamedTuple):
    """One side of a fold: features (cases, columns), indexed by case, and targets (cases,) 0 or 1, if there are any."""

    table: pd.DataFrame
    target: NDArray[np.int64]


def read_data(features: Path | None, cases: Path, splits: Path, settings: dict[str, Any]) -> Data:
    """Read the features of every included case that has all modalities of the method.

    ``settings`` is the method's entry in its study. With ``recipe.feature`` the table is that one column, of
    features.csv or of cases.csv; with ``recipe.table`` its columns are those of the modalities named there, and without
    ``features`` it has none. A modality without a single described feature counts as missing; the row that says
    why stands in patient_flow.csv.

    Raises:
        ConfigError: the feature or the columns of a modality are in neither table.
        ReradError: no case is left, or the split lacks one.
    """
    known = pd.read_csv(cases, dtype={"case": str}).set_index("case").sort_index()
    described = _described(features, known.index)
    usable = known["included"] == 1
    for name in (f"has_{modality.lower()}" for modality in settings["modalities"]):
        if name in known:  # a cohort without that column has no case without that modality
            usable &= known[name] == 1
    tabled = [] if features is None else settings.get("recipe", {}).get("table", settings["modalities"])
    columns = {m: [c for c in described.columns if c.startswith(f"{m}_")] for m in tabled}
    for modality, names in columns.items():
        if not names:
            raise ConfigError(f"no column begins with {modality}_", where=f"{features}, modalities of the method")
        usable &= described[names].notna().any(axis=1)

    feature = settings.get("recipe", {}).get("feature")
    if feature is None:
        table = described[[name for names in columns.values() for name in names]]
    else:
        table = _single(feature, described, known, f"{features} and {cases}")
        usable &= table[feature].notna()
    if not usable.any():
        raise ReradError(
            f"no case has {' and '.join(settings['modalities'])}",
            where=str(cases),
            remedy="See patient_flow.csv for the reasons",
        )
    dropped = known.index[(known["included"] == 1) & ~usable]
    if len(dropped):
        log.info("%d included cases lack a modality of this method: %s", len(dropped), ", ".join(dropped))
    split = read_splits(splits)
    lost = set(known.index[usable]) - set(split["case"])
    if lost:
        raise ReradError(f"case {min(lost)} is in no fold", where=str(splits), remedy="Remove the file and run again")
    target = known.loc[usable, "target"].astype(int) if "target" in known else None
    grade = (
        known.loc[usable, "grade"].map(lambda name: name if isinstance(name, str) else "") if "grade" in known else None
    )
    return Data(table[usable], target, split, grade)


def read_classified(features: Path | None, cases: Path, splits: Path, settings: dict[str, Any]) -> Data:
    """Read what :func:`read_data` does, for a method that cannot do without a target.

    Raises:
        ReradError: the cohort has none; or as of ``read_data``.
    """
    data = read_data(features, cases, splits, settings)
    if data.target is None:
        raise ReradError("there is no column target", where=str(cases), remedy="This cohort has nothing to classify")
    return data


def side(data: Data, fold: int, role: str) -> Side:
    """Return the training or test side of a fold, in the order of the case names.

    Raises:
        ReradError: the fold does not exist, or its training side lacks a class.
    """
    rows = data.splits[data.splits["fold"] == fold]
    if rows.empty:
        raise ReradError(f"fold {fold} is not in the split", where="splits.csv")
    wanted = set(rows.loc[rows["role"] == role, "case"])
    names = [case for case in data.table.index if case in wanted]
    if data.target is None:
        return Side(data.table.loc[names], np.empty(0, dtype=np.int64))
    target = data.target.loc[names].to_numpy()
    if role == "train" and len(np.unique(target)) < 2:
        raise ReradError(
            f"the {len(target)} training cases of fold {fold} are all of one class",
            where="splits.csv",
            remedy="Bring more cases, or use fewer folds",
        )
    return Side(data.table.loc[names], target)


def training_side(data: Data, fold: int) -> Data:
    """Return the training cases of a fold alone: nothing of the others can be read by mistake.

    Raises:
        ReradError: see :func:`side`.
    """
    names = side(data, fold, "train").table.index
    of_them = [None if column is None else column.loc[names] for column in (data.target, data.grade)]
    return Data(data.table.loc[names], of_them[0], data.splits, of_them[1])


def _described(features: Path | None, names: pd.Index) -> pd.DataFrame:
    if features is None:
        return pd.DataFrame(index=names)
    return pd.read_csv(features, dtype={"case": str}).set_index("case").reindex(names)


def _single(feature: str, described: pd.DataFrame, known: pd.DataFrame, where: str) -> pd.DataFrame:
    for source in (described, known):
        if feature in source.columns:
            return source[[feature]].astype(float)
    raise ConfigError(
        f"feature {feature!r} is not a column", where=where, remedy="Correct recipe.feature of the method"
    )


def standardised(table: NDArray[np.float64], train: Sequence[int]) -> NDArray[np.float32]:
    """Return a table (cases, columns) in standard deviations from the mean of the training cases.

    What is missing is the mean; a column that does not vary among the training cases is 0 for all.
    """
    finite = np.where(np.isfinite(table), table, np.nan)
    known = finite[list(train)]
    some = ~np.isnan(known).all(axis=0)
    mean, sd = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    mean[some], sd[some] = np.nanmean(known[:, some], axis=0), np.nanstd(known[:, some], axis=0)
    varies = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scaled = np.where(varies, (finite - mean) / np.where(varies, sd, 1), 0)
    return np.nan_to_num(scaled, nan=0.0).astype(np.float32)
