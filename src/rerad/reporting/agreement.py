"""The table of how far the searches of a study agree over folds and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_csv, write_text
from rerad.evaluation.agreement import COLUMNS, agreement, read_found
from rerad.models import model as model_of
from rerad.reporting.rendering import render
from rerad.training.recipe import read_recipe


def make_agreement(
    *,
    study: str,
    table: str,
    entry: Mapping[str, Any],
    methods: Mapping[str, Mapping[str, Any]],
    chosen: Sequence[Path],
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
) -> None:
    """Write how far the architectures of each method agree (``csv``, ``md``, ``html``, ``tex``).

    ``entry`` has ``title``, ``methods`` are the entries of its methods in their order, ``chosen`` the chosen.json of
    all their seeds and chunks.

    Raises:
        ReradError: a genotype is broken; it names file and key.
    """
    found = [one for path in sorted(map(Path, chosen)) for one in read_found(path)]
    tables = []
    for method, settings in methods.items():
        space = model_of(settings["model"]).space(settings["network"], dims=read_recipe(settings).axes)
        own = [one for one in found if one.method == method]
        tables.append(agreement(own, space).assign(method=method)[COLUMNS])
    frame = pd.concat(tables, ignore_index=True)
    write_csv(csv, frame)
    rows = frame.astype({"pairs": int}).to_dict("records")
    context = {"id": f"{study}-{table}", "title": entry["title"], "rows": rows, "notes": _notes(rows)}
    for path, template in ((md, "agreement.md.j2"), (html, "agreement.html.j2"), (tex, "agreement.tex.j2")):
        write_text(path, render(template, context))


def _notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    told = [
        "Share of the edges of a cell that two found networks have in common, with the same operation; mean, standard "
        "deviation and range over pairs of folds of a seed, or of seeds of a fold.",
        "By chance: what two draws by lot from the same space have in common on average.",
    ]
    single = sorted({row["between"] for row in rows if not row["pairs"]})
    if single:
        told.append(f"A dash: there is no pair of {' and of '.join(single)} in this run.")
    return told
