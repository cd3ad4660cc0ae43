"""Shape features: formulas against the printed ranges, bounds of one feature by another, missing units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import log, pi

from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import SLACK, Interval, decimals, rounded
from rerad.evaluation.auditing.tables import Claim, Published, Table

ENDS = ("min", "max")


@dataclass(frozen=True)
class Formula:
    """A feature as factor^power · π^pi · volume^a · area^b, as printed."""

    name: str
    volume: Fraction
    area: Fraction
    pi: Fraction
    factor: float
    power: Fraction
    claim: Claim

    @property
    def coefficient(self) -> float:
        """Return factor^power · π^pi."""
        return float(self.factor ** float(self.power) * pi ** float(self.pi))


def _formula(claim: Claim) -> Formula:
    parts = {key: Fraction(claim.quantity.get(key, "0")) for key in ("volume", "area", "pi")}
    power = Fraction(claim.quantity.get("power", "1"))
    return Formula(
        claim.part("feature"), **parts, factor=float(claim.quantity.get("factor", "1")), power=power, claim=claim
    )


def exponent(first: Formula, second: Formula) -> Fraction | None:
    """Return e where the first feature is the second to the power e but for a constant, None if it is not."""
    if first.volume * second.area != first.area * second.volume:
        return None
    return first.area / second.area if second.area else first.volume / second.volume


def check_formulas(published: Published) -> list[Finding]:
    """Check printed formulas of volume and area against the printed ranges of the features, and count those alike."""
    findings = []
    for study in dict.fromkeys(claim.study for claim in published.claims_of("formula")):
        formulas = [_formula(claim) for claim in published.claims_of("formula", study)]
        table = published.table(study, formulas[0].claim.part("over"))
        kin = [one for one in formulas if sum(exponent(one, two) is not None for two in formulas) > 1]
        wrong = [one for one in kin if not any(_agree(table, one, two) for two in kin if one is not two)]
        right = [one for one in kin if one not in wrong]
        findings += [one for formula in formulas for one in _sphere(formula)]
        if not right:
            findings += [_disagree(table, kin)] if kin else []
            continue
        misprints = {one.name: _misprinted(table, one, right) for one in wrong}
        corrected = [one if misprints[one.name] else _corrected(table, one, right) for one in wrong]
        findings += [f for one in wrong for f in misprints[one.name] or [_wrong(table, one, right)]]
        findings += [*_powers(table, right, corrected), _alike(table, formulas, kin)]
    return findings


def _ends(table: Table, roi: str, name: str) -> list[Interval]:
    return [table.value(f"{roi} {name}", end) for end in ENDS]


def _rois(table: Table) -> list[str]:
    return list(dict.fromkeys(row.split(" ")[0] for row in table.cells))


def _predicted(table: Table, roi: str, first: Formula, second: Formula) -> list[Interval]:
    """Return minimum and maximum of the first feature from those of the second."""
    power = float(exponent(first, second) or 0)
    constant = first.coefficient / second.coefficient**power
    ends = [value**power * constant for value in _ends(table, roi, second.name)]
    return ends if power > 0 else ends[::-1]


def _agree(table: Table, first: Formula, second: Formula) -> bool:
    return all(
        value.overlaps(other)
        for roi in _rois(table)
        for value, other in zip(_ends(table, roi, first.name), _predicted(table, roi, first, second), strict=True)
    )


def _corrected(table: Table, formula: Formula, right: list[Formula]) -> Formula:
    return replace(formula, pi=needed(table, formula, right)[1])


def _exponents(table: Table, formula: Formula, right: list[Formula]) -> Interval:
    """Return the powers of π with which a formula gives every printed end; low beyond high where none does."""
    low, high = -float("inf"), float("inf")
    for other in right:
        for roi in _rois(table):
            predicted = _predicted(table, roi, formula, other)
            for value, end in zip(_ends(table, roi, formula.name), predicted, strict=True):
                if value.low <= 0 or end.low <= 0:  # a printed 0.000 says nothing of a power
                    continue
                ratio = value / end
                low, high = max(low, log(ratio.low) / log(pi)), min(high, log(ratio.high) / log(pi))
    return Interval(low + float(formula.pi), high + float(formula.pi))


def _misprinted(table: Table, formula: Formula, right: list[Formula]) -> list[Finding]:
    """Find the ends that no other feature predicts, where no power of π makes up for them: the print is wrong, not π.

    A wrong constant shifts all ends alike.
    """
    exponents = _exponents(table, formula, right)
    if exponents.low <= exponents.high + SLACK and needed(table, formula, right)[1] != formula.pi:
        return []
    findings = []
    for roi in _rois(table):
        every = [_predicted(table, roi, formula, other) for other in right]
        for index, (end, value) in enumerate(zip(ENDS, _ends(table, roi, formula.name), strict=True)):
            if any(value.overlaps(predicted[index]) for predicted in every):
                continue
            row = f"{roi} {formula.name}"
            implied = every[0][index].show(decimals(table.cells[row][end]) + 1)
            findings.append(
                Finding(
                    *(formula.claim.study, table.name),
                    f"the {end} of {row} is printed as {table.cells[row][end]}, with {right[0].name} it is {implied}",
                    "range_differs",
                    *(row, end, table.cells[row][end], implied),
                    f"formulas of {formula.claim.where}; {listed([one.name for one in right])} agree with each other",
                    f"{min(value.gap(predicted[index]) for predicted in every):.3g}",
                )
            )
    return findings


def _disagree(table: Table, kin: list[Formula]) -> Finding:
    return Finding(
        *(kin[0].claim.study, table.name),
        f"{listed([one.name for one in kin])} are powers of one another, but no two of them have ranges that agree",
        "formulas_disagree",
        column=", ".join(ENDS),
        assumption=f"formulas as printed in {kin[0].claim.where}",
        margin=f"{len(kin)} features",
    )


def needed(table: Table, formula: Formula, right: list[Formula]) -> tuple[Interval, Fraction]:
    """Return the power of π with which a formula gives the printed ranges, and the simplest fraction near it."""
    implied = _exponents(table, formula, right)
    return implied, Fraction((implied.low + implied.high) / 2).limit_denominator(6)


def _wrong(table: Table, formula: Formula, right: list[Formula]) -> Finding:
    implied, simple = needed(table, formula, right)
    roi = _rois(table)[0]
    ends = [f"{(one.low + one.high) / 2:.2f}" for one in _predicted(table, roi, formula, right[0])]
    printed = [table.cells[f"{roi} {formula.name}"][end] for end in ENDS]
    return Finding(
        *(formula.claim.study, formula.claim.where),
        f"the printed {formula.name} has π^({formula.pi}), the ranges in {table.name} need π^({implied.show(3)}), that "
        f"is π^({simple}): as printed, {roi} {formula.name} would go from {' to '.join(ends)}, not from "
        f"{' to '.join(printed)}",
        "formula_contradicted",
        *(formula.name, "", formula.claim.printed, f"π^({simple})"),
        f"minimum and maximum of {listed([one.name for one in right])}, each within its rounding",
        f"exponent off by {float(formula.pi) - (implied.low + implied.high) / 2:.3f}",
    )


def _sphere(formula: Formula) -> list[Finding]:
    """Compare a formula's value for a sphere with the one that the paper states."""
    stated = formula.claim.quantity.get("sphere")
    if stated is None:
        return []
    value = formula.coefficient * (4 * pi / 3) ** float(formula.volume) * (4 * pi) ** float(formula.area)
    agrees = rounded(stated).overlaps(value)
    return [
        Finding(
            *(formula.claim.study, formula.claim.where),
            f"the printed {formula.name} of a sphere is {value:.3f}, stated {stated}",
            "agrees_sphere" if agrees else "formula_contradicted",
            *(formula.name, "", stated, f"{value:.3f}", "formula as printed"),
            f"{abs(value - float(stated)):.3f}",
        )
    ]


def _powers(table: Table, right: list[Formula], corrected: list[Formula]) -> list[Finding]:
    """Say which features are powers of one another, with the constant, and that their printed ranges agree."""
    kin, findings = [*corrected, *right], []
    reference = kin[0]
    for one in kin[1:]:
        power = exponent(one, reference)
        constant = one.coefficient / reference.coefficient ** float(power or 0)
        partners = [other.name for other in kin if other is not one and _agree(table, one, other)]
        times = "" if abs(constant - 1) < SLACK else f"{constant:.4f} · "
        findings.append(
            Finding(
                *(one.claim.study, table.name),
                f"{one.name} = {times}{reference.name}^({power}); minimum and maximum agree with those of "
                f"{listed(partners)} in all regions",
                "same_feature",
                *(one.name, ", ".join(ENDS), one.claim.quote, f"{times}{reference.name}^({power})"),
                f"formulas of {one.claim.where}, {reference.name} with π^({reference.pi})",
                f"{len(partners)} of {len(kin) - 1} features agree",
            )
        )
    return findings


def _alike(table: Table, formulas: list[Formula], kin: list[Formula]) -> Finding:
    rois = _rois(table)
    names = [row.split(" ")[1] for row in table.cells if row.split(" ")[0] == rois[0]]
    powers = [one.name for one in kin[1:]]
    derived = [one.name for one in formulas if one.volume and one.area]
    distinct = len(rois) * (len(names) - len(powers))
    return Finding(
        *(formulas[0].claim.study, table.name),
        f"{len(powers)} of {len(names)} features per region are powers of the {kin[0].name} ({listed(powers)}): "
        f"{distinct} of {len(rois) * len(names)} are distinct; {len(derived)} of {len(names)} are functions of volume "
        f"and area ({listed(derived)})",
        "features_alike",
        column=", ".join(ENDS),
        printed=str(len(rois) * len(names)),
        implied=str(distinct),
        assumption="formulas as printed, but for constants",
        margin=f"{len(rois) * len(powers)} features",
    )


def bounded(published: Published, claim: Claim) -> list[Finding]:
    """Find where a feature's range exceeds that of one that bounds it in every case: ``over``, ``feature``, ``by``."""
    table = published.table(claim.study, claim.part("over"))
    feature, bound = claim.part("feature"), claim.part("by")
    findings, holding = [], 0
    for roi in _rois(table):
        for end in (*ENDS, "mean"):
            value, limit = table.value(f"{roi} {feature}", end), table.value(f"{roi} {bound}", end)
            holding += value.low <= limit.high
            if value.low > limit.high:
                printed = table.cells[f"{roi} {feature}"][end]
                findings.append(
                    Finding(
                        *(claim.study, table.name),
                        f"“{claim.quote}” ({claim.where}): the {end} of {feature}, {printed}, exceeds that of {bound}, "
                        f"{table.cells[f'{roi} {bound}'][end]}, which bounds it in every case",
                        "bound_exceeded",
                        *(f"{roi} {feature}", end, printed, f"≤ {limit.high:g}"),
                        "both are distances between voxels of one region; the axis of a fitted ellipse would not be",
                        f"{value.low - limit.high:.1f}",
                    )
                )
    text = f"{feature} is at most {bound} in {holding} of {3 * len(_rois(table))} printed values"
    return findings or [Finding(claim.study, table.name, text, "agrees_bound", row=feature)]


def unit(published: Published, claim: Claim) -> list[Finding]:
    """Tell the unit of a ratio of area and volume that is printed without: ``over``, ``ratio``, ``volume``.

    No body has less surface for its volume than the sphere: area/volume ≥ (36π/volume)^(1/3).
    """
    table, findings = published.table(claim.study, claim.part("over")), []
    scales = {"cm": 1, "mm": 10}  # of 1/unit in 1/cm, the unit of the printed volumes
    for roi in _rois(table):
        largest = table.value(f"{roi} {claim.part('volume')}", "max")
        least = (36 * pi / largest.high) ** (1 / 3)
        ratio = table.value(f"{roi} {claim.part('ratio')}", "min")
        fitting = [name for name, scale in scales.items() if ratio.high * scale >= least]
        printed = table.cells[f"{roi} {claim.part('ratio')}"]["min"]
        findings.append(
            Finding(
                *(claim.study, table.name),
                f"{claim.part('ratio')} is printed without a unit; a sphere of the largest volume, {largest.high:g} "
                f"cm³, has {least:.3f} per cm, so that {printed} is in 1/{listed(fitting)}",
                "unit_missing" if len(fitting) < len(scales) else "unit_undecided",
                *(f"{roi} {claim.part('ratio')}", "min", printed, f"1/{listed(fitting)}"),
                f"volumes in cm³ as printed; {claim.where}",
                f"{least / ratio.high:.1f} times below the sphere",
            )
        )
    return findings
