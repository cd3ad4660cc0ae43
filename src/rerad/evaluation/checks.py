"""What must hold of out-of-fold predictions before a number is taken from them."""

from __future__ import annotations

import pandas as pd

from rerad.core.errors import ReradError

REMEDY = "Remove the method's folder below trained/ and run again"


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
