"""Claims against claims: one quantity with two values, a search that could not stop, rates of different things."""

from __future__ import annotations

from rerad.core.printed import NUMBER
from rerad.evaluation.auditing.finding import Finding
from rerad.evaluation.auditing.rounding import quotes
from rerad.evaluation.auditing.tables import Claim, Published

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def check_one_quantity(published: Published) -> list[Finding]:
    """Find quantities (``of``) that two places print differently."""
    groups: dict[str, list[Claim]] = {}
    for claim in published.claims_of("one_quantity"):
        groups.setdefault(claim.part("of"), []).append(claim)
    findings = []
    for of, (first, *others) in groups.items():
        for other in others:
            same = _same(first.printed, other.printed)
            findings.append(
                Finding(
                    *(first.study, first.where),
                    f"{of} is {first.printed} here and {other.printed} in {other.where}",
                    "agrees_quantity" if same else "two_values",
                    *(first.quantity.get("row", ""), first.quantity.get("column", of), first.printed, other.printed),
                    f"“{first.quote}”; “{other.quote}”",
                    _distance(first.printed, other.printed),
                )
            )
    return findings


def _same(first: str, second: str) -> bool:
    """Say whether two places print one thing; of numbers 0.85 and 0.854 are one, rounded differently."""
    if NUMBER.fullmatch(first) and NUMBER.fullmatch(second):
        return quotes(first, second)
    return first == second


def _distance(first: str, second: str) -> str:
    try:
        return f"{abs(float(first) - float(second)):.3g}"
    except ValueError:
        return ""


def check_early_stop(published: Published) -> list[Finding]:
    """Check that a loop of at most ``max_epochs`` that ends at ``min_count`` could have stopped where the text says."""
    findings = []
    for study in dict.fromkeys(claim.study for claim in published.claims_of("early_stop")):
        claims = {claim.part("role"): claim for claim in published.claims_of("early_stop", study)}
        values = {role: int(claim.printed) for role, claim in claims.items()}
        epochs, count = values["max_epochs"], values["min_count"]
        stopped, seen = values["stopped_epoch"], values["stopped_count"]
        as_printed, swapped = _possible(epochs, count, stopped, seen), _possible(count, epochs, stopped, seen)
        findings.append(
            Finding(
                *(study, claims["max_epochs"].where),
                _stop(values, as_printed, swapped),
                "agrees_stop" if as_printed else "values_swapped" if swapped else "stop_impossible",
                *("", ", ".join(claims[role].quantity.get("name", role) for role in ("max_epochs", "min_count"))),
                *(f"{epochs}, {count}", f"{count}, {epochs}" if swapped else ""),
                "the loop ends when a structure was seen the needed number of times, else after the last epoch",
                f"{stopped - epochs} epochs beyond the last, {count - seen} short of the count",
            )
        )
    return findings


def _stop(values: dict[str, int], as_printed: bool, swapped: bool) -> str:
    epochs, count = values["max_epochs"], values["min_count"]
    place = f"epoch {values['stopped_epoch']} with count {values['stopped_count']}"
    if as_printed:
        return f"a stop at {place} is possible"
    text = f"with at most {epochs} epochs and a needed count of {count} the search cannot stop at {place}"
    return f"{text}; with the two swapped it {'can' if swapped else 'cannot either'}"


def _possible(max_epochs: int, min_count: int, stopped: int, seen: int) -> bool:
    """Say whether the loop can stop there: early only at the needed count, never later than the last epoch."""
    return seen <= stopped <= max_epochs and (seen == min_count if stopped < max_epochs else seen <= min_count)


def check_basis(published: Published) -> list[Finding]:
    """Find quantities that are set against each other but are counted per different things (``per``)."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in published.claims_of("basis"):
        groups.setdefault((claim.study, claim.part("of")), []).append(claim)
    findings = []
    for (study, of), (first, *others) in groups.items():
        for other in others:
            one, two = (float(claim.printed) * SECONDS[claim.unit] for claim in (first, other))
            same = first.part("per") == other.part("per")
            words = [f"{claim.printed} {claim.unit} for one {claim.part('per')}" for claim in (first, other)]
            findings.append(
                Finding(
                    *(study, f"{first.where}; {other.where}"),
                    f"{of}: {words[0]}, {words[1]}"
                    + ("" if same else f"; the ratio {one / two:.0f} compares different things"),
                    "agrees_basis" if same else "different_basis",
                    *("", of, f"{first.printed} {first.unit} / {other.printed} {other.unit}"),
                    f"per {first.part('per')} / per {other.part('per')}",
                    f"“{first.quote}”; “{other.quote}”",
                    f"{one / two:.0f} times the number of images a patient has" if not same else "",
                )
            )
    return findings
