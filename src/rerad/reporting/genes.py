"""The chosen linear models of gene expression: their penalties and genes, feature by feature."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_csv, write_text
from rerad.reporting.errors import named
from rerad.reporting.rendering import render
from rerad.training.chosen import read_chosen

GENES = ["feature", "gene", "column", "weight", "effect", "folds"]
COLUMNS = ["feature", "label", "l1_ratio", "lam", "r2", "r2_nested", "violation", "n_genes", "genes"]
NOTES = (
    "Chosen as published: by the R² of all out-of-fold predictions over every fold that is reported. The R² inside the "
    "training folds (nested) is the mean over folds of what the choice reached there.",
    "λ is on glmnet's scale and in the feature's unit. α is the share of the L1 penalty; at α = 0 every gene has a "
    "weight. A dash: only models without a gene were found, and the mean is predicted.",
    "Genes: those with a weight in the model of all cases, the largest effect (per standard deviation) first. How many "
    "of the folds' own models have a gene stands in the table of genes.",
    "KKT: largest violation of the optimality conditions by a fit of the search, in parts of the largest correlation.",
)


def list_genes(
    *,
    study: str,
    table: str,
    entry: Mapping[str, Any],
    chosen: Sequence[Path],
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
    genes: Path,
) -> None:
    """Write the penalties of every feature (``csv``, ``md``, ``html``, ``tex``), and all ``genes`` with a weight.

    ``entry`` has ``title`` and ``genes``, how many the table names; ``chosen`` the chosen.json of all seeds, of which
    the first counts: the choice has no chance in it but the folds'. A search that failed has no rows.

    Raises:
        ReradError: the file is broken.
    """
    first = sorted(map(Path, chosen))[0]
    found = read_chosen(first)
    models = [] if found.failed else json.loads(first.read_text(encoding="utf-8"))["models"]
    listed = [{"feature": model["feature"], **gene} for model in models for gene in model["genes"]]
    write_csv(genes, pd.DataFrame(listed, columns=GENES))
    inside = _nested(found.folds)
    rows = [_row(model, inside.get(model["feature"], math.nan), entry["genes"]) for model in models]
    write_csv(csv, pd.DataFrame(rows, columns=COLUMNS))
    context = {
        "id": f"{study}-{table}",
        "title": entry["title"],
        "rows": rows,
        "nested": bool(inside),
        "notes": [f"The search failed: {found.failed}"] if found.failed else list(NOTES),
        "genes": genes.name,
    }
    for path, template in ((md, "penalties.md.j2"), (html, "penalties.html.j2"), (tex, "penalties.tex.j2")):
        write_text(path, render(template, context))


def _row(model: Mapping[str, Any], nested: float, shown: int) -> dict[str, Any]:
    names = [gene["gene"] for gene in model["genes"]]
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    numbers = {key: math.nan if model[key] is None else model[key] for key in ("l1_ratio", "lam", "r2", "violation")}
    return {
        "feature": model["feature"],
        "label": named(model["feature"]),
        **numbers,
        "r2_nested": nested,
        "n_genes": len(names),
        "genes": ", ".join(names[:shown]) + more,
    }


def _nested(folds: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean R² over folds that the nested choice of every feature had, where there is one."""
    told = [
        {"feature": one["feature"], "r2": one["r2"]}
        for choice in folds.values()
        for one in choice.get("nested", {}).get("penalties", [])
    ]
    return pd.DataFrame(told).groupby("feature")["r2"].mean().to_dict() if told else {}
