"""One split per cohort: a file of (case, fold, role), the same for all methods and seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.seeds import derive

COLUMNS = ["case", "fold", "role"]


def make_splits(cases: pd.DataFrame, *, folds: int, seed: int) -> pd.DataFrame:
    """Return (case, fold 1…folds, role) with every included case tested once.

    Folds are as equal as can be and stratified by what the cohort knows: by target and by the availability of CT, so
    that methods that need both modalities meet balanced folds as well, or by grade, or by group. The cases of a patient
    are all on one side of a fold. ``cases`` has the columns case and included, and any of target, has_ct, grade, group
    and patient.

    Raises:
        ReradError: fewer cases of a class, or fewer patients, than folds.
    """
    used = cases[cases["included"] == 1].sort_values("case")
    used = used.assign(patient=used.get("patient", used["case"]), stratum=_strata(used))
    patients = used.drop_duplicates("patient")
    _check_enough(patients, folds)
    generator = np.random.default_rng(derive(seed, "split"))
    # Dealing the strata out like cards, one class after the other, balances classes, modalities and sizes at once.
    order: list[str] = []
    for name in sorted(patients["stratum"].unique(), reverse=True):
        members = patients.loc[patients["stratum"] == name, "patient"].to_numpy()
        order.extend(generator.permutation(members))
    turns = generator.permutation(folds)
    fold_of = {patient: int(turns[index % folds]) + 1 for index, patient in enumerate(order)}
    rows = [
        (case, fold, "test" if fold_of[patient] == fold else "train")
        for fold in range(1, folds + 1)
        for case, patient in zip(used["case"], used["patient"], strict=True)
    ]
    splits = pd.DataFrame(rows, columns=COLUMNS)
    check_splits(splits)
    return splits


def _strata(used: pd.DataFrame) -> pd.Series:
    """Return the stratum of every case as text."""
    stratum = pd.Series("", index=used.index)
    for name in ("target", "has_ct"):
        if name in used:
            stratum += used[name].astype(int).astype(str)
    for name in ("grade", "group"):
        if name in used:  # where nobody knows it, one stratum of its own
            stratum += used[name].map(lambda told: told if isinstance(told, str) else "")
    return stratum


def _check_enough(patients: pd.DataFrame, folds: int) -> None:
    remedy = "Lower folds in every study of this cohort, or bring more cases"
    if "target" in patients:
        smallest = patients["target"].astype(int).value_counts().reindex([0, 1], fill_value=0)
        if (smallest < folds).any():
            told = f"{smallest[1]} positive and {smallest[0]} negative cases"
            raise ReradError(f"{told} are too few for {folds} folds", where="folds", remedy=remedy)
    if len(patients) < folds:
        raise ReradError(f"{len(patients)} patients are too few for {folds} folds", where="folds", remedy=remedy)


def check_splits(splits: pd.DataFrame) -> None:
    """Refuse a split with a case on both sides of a fold, or one that is not tested exactly once.

    Raises:
        ReradError: naming the case and the fold.
    """
    missing = [name for name in COLUMNS if name not in splits.columns]
    if missing:
        raise ReradError(
            f"column {missing[0]!r} is missing", where="splits.csv", remedy=f"It needs {', '.join(COLUMNS)}"
        )
    wrong = splits[~splits["role"].isin(["train", "test"])]
    if len(wrong):
        raise ReradError(
            f"role {wrong['role'].iloc[0]!r} of case {wrong['case'].iloc[0]} is neither train nor test",
            where="splits.csv",
        )
    double = splits[splits.duplicated(["case", "fold"])]
    if len(double):
        case, fold = double.iloc[0][["case", "fold"]]
        raise ReradError(
            f"case {case} stands twice in fold {fold}",
            where="splits.csv",
            remedy="A case belongs to one side of a fold only",
        )
    tested = splits[splits["role"] == "test"]["case"].value_counts().reindex(splits["case"].unique(), fill_value=0)
    if (tested != 1).any():
        case = tested.index[tested != 1][0]
        raise ReradError(f"case {case} is tested {tested[case]} times, not once", where="splits.csv")


def read_splits(path: str | Path) -> pd.DataFrame:
    """Read and check ``splits.csv``."""
    splits = pd.read_csv(path, dtype={"case": str})
    check_splits(splits)
    return splits


def split(cases: Path, *, folds: int, seed: int, splits: Path) -> None:
    """Write the split of a cohort from its ``cases.csv``."""
    table = pd.read_csv(cases, dtype=dict.fromkeys(("case", "patient", "grade", "group"), str))
    write_csv(splits, make_splits(table, folds=folds, seed=seed))
