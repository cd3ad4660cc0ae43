"""What must hold of out-of-fold predictions before a number is taken from them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError

REMEDY = "Remove the method's folder below trained/ and run again"
AGAIN = "Remove it and run again"
LAST = "last"  # the selection that every fold has: an epoch that looks best needs numbers of the whole test side


def check_uncut(path: Path) -> None:
    """Refuse a file that ends within a line, or has none.

    Raises:
        ReradError: naming the file.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        if file.read(1) != b"\n":
            told = "its last line has no end: it was cut" if size else "it is empty: not even its header is there"
            raise ReradError(told, where=str(path), remedy=AGAIN)


def read_cases(path: Path) -> pd.DataFrame:
    """Read the cases of a cohort (cases.csv), names, grades and groups as text.

    Raises:
        ReradError: the file was cut, or a case is neither included nor left out.
    """
    check_uncut(path)
    table = pd.read_csv(path, dtype=dict.fromkeys(("case", "grade", "group"), str))
    unclear = table[~table["included"].isin([0, 1])] if "included" in table else table[:0]
    if len(unclear):
        case, value = unclear.iloc[0][["case", "included"]]
        raise ReradError(f"included is {value} of case {case}, neither 0 nor 1", where=str(path), remedy=AGAIN)
    return table


def check_none_emptied(tables: Mapping[str, Mapping[Path, pd.DataFrame]], costs: pd.DataFrame) -> None:
    """Refuse a chunk without predictions whose training did not fail.

    ``tables`` leads from a task to its files and what they hold, ``costs`` is the method's. A task without rows in any
    chunk is one that the method does not have, unless it is the only one.

    Raises:
        ReradError: naming the file.
    """
    trained = costs[(costs["stage"] == "train") & (costs["failed"] == "")]
    finished = {(f"seed{seed}", chunk) for seed, chunk in zip(trained["seed"], trained["chunk"], strict=True)}
    having = {task: parts for task, parts in tables.items() if any(len(part) for part in parts.values())}
    for parts in (having or tables).values():
        for path, part in parts.items():
            if part.empty and (path.parents[1].name, path.parent.name) in finished:
                raise ReradError("it has no rows, and its training did not fail", where=str(path), remedy=AGAIN)


def check_all_tested(parts: Mapping[Path, pd.DataFrame], task: str, included: Collection[str] = ()) -> None:
    """Refuse the predictions of a task if a case is not tested that must be.

    ``parts`` are all files of a method. With every seed each case must be tested that any of them names, trained on or
    tested, and each of ``included``. A best epoch tests all cases of a fold or none.

    Raises:
        ReradError: naming file, case and seed.
    """
    everything = pd.concat([part.assign(file=str(path)) for path, part in parts.items()], ignore_index=True)
    tested = everything[everything["role"] == "test"]
    names = sorted({*everything["case"], *included})
    for variant in sorted(everything["variant"].unique()):
        own = tested[tested["variant"] == variant]
        last = own[own["selection"] == LAST]
        for seed in sorted(everything["seed"].unique()):
            absent = _absent(names, last[last["seed"] == seed])
            if absent:
                raise _untested(absent, everything, task, seed, "")
        for (selection, seed, fold), best in own[own["selection"] != LAST].groupby(["selection", "seed", "fold"]):
            of_fold = last[(last["seed"] == seed) & (last["fold"] == fold)]
            absent = _absent(sorted(set(of_fold["case"])), best)
            if absent:
                told = f", selection {selection}, in fold {fold}"
                raise _untested(absent, everything[everything["fold"] == fold], task, seed, told)


def _absent(names: Sequence[str], rows: pd.DataFrame) -> list[str]:
    present = set(rows["case"])
    return [name for name in names if name not in present]


def _untested(absent: Sequence[str], rows: pd.DataFrame, task: str, seed: int, told: str) -> ReradError:
    """Return the error of cases without a test row, ``rows`` being those among which they were looked for."""
    others = f", nor are {len(absent) - 1} others" if len(absent) > 1 else ""
    files = rows[rows["seed"] == seed].groupby("file")["case"].agg(set)
    # A fold in a job of its own does not train on the cases that it tests: their names stand in the others' files.
    files = [file for file, cases in files.items() if absent[0] not in cases] or list(files.index)
    where = str(files[0]) if len(files) == 1 else f"{Path(files[0]).parents[1]}/*/predictions_{task}.csv"
    return ReradError(f"case {absent[0]} is tested 0 times with seed {seed}{told}{others}", where=where, remedy=AGAIN)


def check_tested_once(part: pd.DataFrame, task: str = "classification") -> None:
    """Refuse test rows of one selection and variant in which a case is not tested exactly once per seed.

    Of segmentation this holds for every region apart, of regression for every feature, of synthesis for every tissue.

    Raises:
        ReradError: naming the case, the region and the seed, or a case with two targets.
    """
    keys = _keys(part)
    everyone = pd.MultiIndex.from_product([sorted(part[name].unique()) for name in ("seed", *keys)])
    times = part.groupby(["seed", *keys]).size().reindex(everyone, fill_value=0)
    wrong = times[times != 1]
    if len(wrong):
        run, *which = wrong.index[0]
        name = f", {keys[-1]} ".join(map(str, which))
        told = f"case {name} is tested {wrong.iloc[0]} times with seed {run}, not once"
        raise ReradError(told, where=f"predictions_{task}.csv", remedy=REMEDY)
    truth = "truth" if "truth" in part.columns else "target"
    if truth not in part.columns:
        return
    targets = part.groupby(keys)[truth].nunique()
    if (targets > 1).any():
        twice = targets.index[targets > 1][0]
        told = f"case {twice if len(keys) == 1 else ', '.join(twice)} has two different {truth}s"
        raise ReradError(told, where=f"predictions_{task}.csv", remedy=REMEDY)


def check_once_a_fold(part: pd.DataFrame, task: str = "classification") -> None:
    """Refuse rows of one role, selection and variant in which a case stands twice in a fold and seed.

    Of segmentation this holds for every region apart, of synthesis for every tissue.

    Raises:
        ReradError: naming the case, the region, the fold and the seed.
    """
    keys = _keys(part)
    twice = part[part.duplicated(["fold", "seed", *keys])]
    if len(twice):
        first = twice.iloc[0]
        name = f", {keys[-1]} ".join(str(first[key]) for key in keys)
        told = f"case {name} stands twice in fold {first['fold']} with seed {first['seed']}"
        raise ReradError(told, where=f"predictions_{task}.csv", remedy=REMEDY)


def _keys(part: pd.DataFrame) -> list[str]:
    return ["case", *(name for name in ("region", "feature", "tissue") if name in part.columns)]
