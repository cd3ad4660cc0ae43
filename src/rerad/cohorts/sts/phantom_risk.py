"""Who of a phantom cohort metastasises, and what in the scan tells it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from rerad.core.errors import ConfigError
from rerad.core.seeds import derive

Array = NDArray[np.float64]

# Half of the tolerance of ±0.02 that a planted cohort promises for its oracle.
ORACLE_TOLERANCE = 0.01
DRAWS = 2000
NOISE = np.concatenate([[0.0], np.geomspace(0.05, 20.0, 120)])


class Planted(NamedTuple):
    """One patient: risk, outcome, and the standard normal scores of what the scan shows."""

    case: str
    risk: float
    target: int | None
    outcome: str
    has_ct: bool
    heterogeneity: float
    size: float
    irregularity: float


def plant(settings: dict[str, Any], seed: int) -> list[Planted]:
    """Return the patients of a phantom cohort, sorted by case.

    The AUC of the risk is ``oracle_auc`` to within 0.01, with exactly ``positives`` metastases, for every seed.

    Raises:
        ConfigError: the settings contradict each other, or no noise gives the AUCs they ask for.
    """
    _check(settings)
    generator = np.random.default_rng(derive(seed, "phantom", "risk"))
    count, extra = settings["cases"], settings["recurrences"]
    risk = generator.permutation(norm.ppf((np.arange(count) + 0.5) / count))
    target = _label(risk, settings["positives"], settings["oracle_auc"], generator)
    effect = settings["effect_size"]
    heterogeneity = _follow(risk, effect, generator)
    size = _size(risk, target, settings, generator)
    irregularity = _follow(risk, effect * settings["shape_weight"], generator)
    has_ct = _with_ct(target, settings["without_ct"], generator)
    outcomes = [_outcome(value, generator) for value in target]

    others = generator.standard_normal((extra, 4))
    total = count + extra
    # Recurrences stand anywhere among the others, as in the real table.
    numbers = np.sort(generator.permutation(total)[:extra]) + 1
    names = [f"PHANTOM_{number:03d}" for number in range(1, total + 1) if number not in numbers]
    patients = [
        Planted(name, float(r), int(t), outcome, bool(ct), float(h), float(s), float(i))
        for name, r, t, outcome, ct, h, s, i in zip(
            names, risk, target, outcomes, has_ct, heterogeneity, size, irregularity, strict=True
        )
    ]
    kinds = ("Recurrence – local", "Recurrence – regional")
    for number, (r, h, s, i) in zip(numbers, others, strict=True):
        kind = kinds[int(number) % len(kinds)]
        patients.append(Planted(f"PHANTOM_{number:03d}", float(r), None, kind, True, float(h), float(s), float(i)))
    return sorted(patients)


def auc(score: Array, target: NDArray[np.int_]) -> float:
    """Return the area under the ROC curve, ties counting half."""
    positives = int(target.sum())
    negatives = len(target) - positives
    above = rankdata(score)[target == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _label(risk: Array, positives: int, wanted: float, generator: np.random.Generator) -> NDArray[np.int_]:
    """Return labels such that exactly ``positives`` are 1 and the AUC of the risk is as wanted."""
    for _ in range(DRAWS if 0.5 <= wanted <= 1 else 0):
        noise = generator.standard_normal(len(risk))
        labels = [_top(risk + sd * noise, positives) for sd in NOISE]
        error = [abs(auc(risk, label) - wanted) for label in labels]
        best = int(np.argmin(error))
        if error[best] <= ORACLE_TOLERANCE:
            return labels[best]
    raise ConfigError(
        f"no labelling of {len(risk)} cases gives the risk an AUC of {wanted}",
        where="cohorts.sts.phantom.oracle_auc",
        remedy="Write a value between 0.5 and 1, or raise cases",
    )


def _top(score: Array, count: int) -> NDArray[np.int_]:
    label = np.zeros(len(score), int)
    label[np.argsort(score)[len(score) - count :]] = 1
    return label


def _follow(risk: Array, correlation: float, generator: np.random.Generator) -> Array:
    return correlation * risk + np.sqrt(1 - correlation**2) * generator.standard_normal(len(risk))


def _size(risk: Array, target: NDArray[np.int_], settings: dict[str, Any], generator: np.random.Generator) -> Array:
    """Return scores of size; where there is an effect, volume alone does not tell more than it may."""
    effect, limit = settings["effect_size"], settings["volume_auc_max"]
    for _ in range(DRAWS):
        size = _follow(risk, effect * settings["volume_weight"], generator)
        # Without an effect nothing may be steered by the labels: that would be one.
        if effect == 0 or 1 - limit <= auc(size, target) <= limit:
            return size
    raise ConfigError(
        f"no sizes with a volume_weight of {settings['volume_weight']} keep the AUC of volume below {limit}",
        where="cohorts.sts.phantom.volume_auc_max",
        remedy="Lower volume_weight or raise volume_auc_max",
    )


def _with_ct(target: NDArray[np.int_], without: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Return who has a CT: those without are taken from both classes in turn."""
    groups = [list(generator.permutation(np.flatnonzero(target == value))) for value in (1, 0)]
    has_ct = np.ones(len(target), bool)
    for turn in range(without):
        group = groups[turn % 2] or groups[1 - turn % 2]
        has_ct[group.pop()] = False
    return has_ct


def _outcome(target: int, generator: np.random.Generator) -> str:
    # 19 of the collection's 24 patients with metastases have them in the lungs.
    site = generator.choice(["lungs", "bones", "spine", "abdomen"], p=[0.79, 0.09, 0.06, 0.06])
    return f"Mets – {site}" if target else "--"


def _check(settings: dict[str, Any]) -> None:
    cases, positives = settings["cases"], settings["positives"]
    if not 0 < positives < cases:
        raise ConfigError(
            f"{positives} of {cases} cases: both classes need one",
            where="cohorts.sts.phantom.positives",
            remedy=f"Write a number from 1 to {cases - 1}",
        )
    if not 0 <= settings["without_ct"] <= cases:
        raise ConfigError(
            f"{settings['without_ct']} of {cases} cases",
            where="cohorts.sts.phantom.without_ct",
            remedy=f"Write a number from 0 to {cases}",
        )
    for key in ("effect_size", "volume_weight", "shape_weight"):
        if not 0 <= settings[key] <= 1:
            raise ConfigError(
                f"{settings[key]} is no correlation", where=f"cohorts.sts.phantom.{key}", remedy="Write 0 to 1"
            )
