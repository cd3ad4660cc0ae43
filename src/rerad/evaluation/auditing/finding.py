"""What a check says: one row of the findings."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

COLUMNS = [
    *("study", "table", "row", "column", "printed", "implied"),
    *("finding", "kind", "assumption", "margin"),
]
AGREES = "agrees"  # Kinds that begin so are checks that the print passes.


@dataclass(frozen=True)
class Finding:
    """One finding: where, what is printed, what follows, in words, under which assumption, by how much."""

    study: str
    table: str
    finding: str
    kind: str
    row: str = ""
    column: str = ""
    printed: str = ""
    implied: str = ""
    assumption: str = ""
    margin: str = ""


def as_table(findings: list[Finding]) -> pd.DataFrame:
    """Return the findings as text, contradictions first, otherwise in their order."""
    ordered = sorted(findings, key=lambda one: one.kind.startswith(AGREES))
    return pd.DataFrame([asdict(one) for one in ordered], columns=COLUMNS, dtype=str)


def listed(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"
