"""The table of a network's layers with the sizes of their outputs, beside what the paper prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_csv, write_text
from rerad.models.summary import table_si
from rerad.reporting.rendering import render
from rerad.training.recipe import channels_of, read_recipe

COLUMNS = ["module", "layer", "details", "output_size", "output_size_published", "parameters"]


def make_layers(
    *,
    study: str,
    table: str,
    entry: Mapping[str, Any],
    method: Mapping[str, Any],
    box: Sequence[int],
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
) -> None:
    """Write the layers of a method's network at the run's size (``csv``, ``md``, ``html``, ``tex``).

    ``entry`` has ``title`` and ``printed`` (layer → size in the paper), ``method`` is the method's entry in its study,
    ``box`` the prepared size (z, y, x). Sizes are batch × channels × x × y × z, as the paper has them. Nothing is
    computed: the network is built without memory for its weights.
    """
    channels = channels_of(method, read_recipe(method))
    rows = table_si(method["network"], channels=channels, shape=tuple(box))
    layers = [
        {
            **{key: row[key] for key in ("module", "layer", "details", "parameters")},
            "output_size": _as_printed(row["output_size"]),
            "output_size_published": entry["printed"].get(row["layer"], ""),
        }
        for row in rows
    ]
    write_csv(csv, pd.DataFrame(layers, columns=COLUMNS))
    context = {
        "id": f"{study}-{table}",
        "title": entry["title"],
        "rows": layers,
        "total": sum(row["parameters"] for row in layers),
        "notes": _notes(layers, box),
    }
    for path, template in ((md, "layers.md.j2"), (html, "layers.html.j2"), (tex, "layers.tex.j2")):
        write_text(path, render(template, context))


def _as_printed(size: str) -> str:
    """Return a size with its axes x, y, z for z, y, x."""
    batch, channels, *axes = size.split("×")
    return "×".join([batch, channels, *reversed(axes)])


def _notes(layers: Sequence[Mapping[str, Any]], box: Sequence[int]) -> list[str]:
    printed = [row for row in layers if row["output_size_published"]]
    differing = [row["layer"] for row in printed if row["output_size"] != row["output_size_published"]]
    told = [
        "Generated from the network of this run; sizes are batch × channels × x × y × z.",
        "Layers without a printed size are not in the paper's table.",
    ]
    if not differing:
        return [*told, f"All {len(printed)} printed sizes are met."]
    size = "×".join(map(str, reversed(box)))
    return [
        *told,
        f"{len(differing)} of {len(printed)} printed sizes differ: this run's images are {size}, or narrower.",
    ]
