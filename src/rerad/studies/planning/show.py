"""The estimates of a run as a table for a terminal, and as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rerad.studies.planning.estimate import HOUR, UNKNOWN, Total

WIDTH = 118
QUANTITIES = {
    "download": ("GB", 1e9),
    "disk": ("GB", 1e9),
    "CPU": ("hours", HOUR),
    "GPU": ("hours", HOUR),
}
COLUMNS = ["study", "tier", "quantity", "value", "unit", "jobs", "jobs_unknown", "basis"]


def rows(study: str, tier: str, jobs: int, totals: Mapping[str, Total], peak_mb: int) -> list[dict]:
    """Return one row a quantity of a study's tier; a value is that of what is known, empty where nothing is."""
    start = {"study": study or "all", "tier": tier}
    found = [
        {
            **start,
            "quantity": "jobs",
            "value": jobs,
            "unit": "",
            "jobs": jobs,
            "jobs_unknown": 0,
            "basis": "the job graph",
        }
    ]
    for name, (unit, size) in QUANTITIES.items():
        total = totals[name]
        known = sum(total.bases.values()) - total.unknown
        nothing = total.unknown and not known
        found.append(
            {
                **start,
                "quantity": name,
                "value": float("nan") if nothing else total.value / size,
                "unit": unit,
                "jobs": known,
                "jobs_unknown": total.unknown,
                "basis": "; ".join(f"{basis} ({count})" for basis, count in sorted(total.bases.items()))
                or "none needed",
            }
        )
    told = {"value": peak_mb / 1e3, "unit": "GB", "jobs": jobs, "jobs_unknown": 0}
    return [*found, {**start, "quantity": "peak memory of a job", **told, "basis": "declared by its rule"}]


def table(listed: Sequence[Mapping]) -> str:
    """Return the quantities of each study and tier, side by side; ``+?`` marks a sum that leaves jobs out."""
    frame = pd.DataFrame(listed)
    heads = ["study", "tier", "jobs", "download GB", "disk GB", "CPU hours", "GPU hours", "memory GB"]
    lines = []
    for (study, tier), part in frame.groupby(["study", "tier"], sort=False):
        lines.append([str(study), str(tier), *map(_cell, part.to_dict("records"))])
    widths = [max(len(line[place]) for line in [heads, *lines]) for place in range(len(heads))]
    told = [
        "  ".join(
            text.ljust(wide) if place < 2 else text.rjust(wide)
            for place, (text, wide) in enumerate(zip(line, widths, strict=True))
        )
        for line in [heads, *lines]
    ]
    return "\n".join([told[0], "-" * len(told[0]), *told[1:]])


def bases(listed: Sequence[Mapping]) -> str:
    """Return what the numbers of all studies together, in the tier of all jobs, are known from."""
    lines = []
    for row in listed:
        if (row["study"], row["tier"]) != ("all", "full") or row["quantity"] == "jobs":
            continue
        lines.append(f"{row['quantity']}:")
        lines += [f"  {basis}" for basis in row["basis"].split("; ")]
    return "\n".join(line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for line in lines)


def _cell(row: Mapping) -> str:
    if row["quantity"] == "jobs":
        return f"{row['value']:,.0f}"
    if pd.isna(row["value"]):
        return UNKNOWN
    return f"{row['value']:,.2f}" + (" +?" if row["jobs_unknown"] else "")
