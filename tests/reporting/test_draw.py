"""Every kind of figure that a study may name is drawn, from the files that it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import rerad.reporting.draw as module
from rerad.core.errors import ReradError

TRAINED = "trained/sts/{}/seed0/all/{}"
DRAWERS = {
    "roc": {"rows", "predictions", "metrics"},
    "confusion": {"rows", "predictions", "metrics"},
    "forest": {"rows", "metrics", "published", "primary"},
    "scans": {"cases", "arrays", "spacing_mm", "names"},
    "weights": {"rows", "metrics"},
    "maps": {"rows", "predictions", "cases", "arrays", "names"},
    "tsne": {"rows", "predictions", "perplexity", "neighbours"},
    "segmentations": {"rows", "predictions", "cases", "arrays", "names"},
    "cells": {"rows", "chosen", "shown", "fold", "every_fold", "by_hand"},
    "network": {"rows", "chosen", "networks", "fold"},
    "search_history": {"rows", "chosen", "history", "panels"},
    "modalities": {"cases", "arrays", "names"},
    "patches": {"cases", "arrays", "names", "patch"},
    "overlays": {"rows", "predictions", "cases", "arrays", "names"},
    "boxes": {"rows", "predictions"},
    "synthesis": {"rows", "predictions", "cases"},
    "agreement": {"rows", "predictions", "metrics"},
    "learning_curves": {"rows", "history"},
    "errors": {"rows", "metrics", "comparisons"},
}
MASKS = ("segmentations", "overlays", "boxes")
SETTINGS = {
    "rows": [{"method": "cfl", "label": "CFL"}], "perplexity": 9, "neighbours": 5, "cases": ["P1"],
    "shown": ["normal"], "fold": 2, "every_fold": False, "by_hand": "DLHN",
    "panels": ["Loss"], "patch": 64,
}  # fmt: skip


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A function that asks for a figure and returns what its drawer was given."""

    def run(kind: str, **changes: Any) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        monkeypatch.setattr(module, f"plot_{kind}", lambda **given: seen.update(given))
        known: dict[str, Any] = {
            "settings": {**SETTINGS, "kind": kind}, "primary": "acc", "phantom": True, "spacing_mm": 2.0,
            "classification": [Path(TRAINED.format("cfl", "predictions_classification.csv"))],
            "segmentation": [Path(TRAINED.format("cfl", "predictions_segmentation.csv"))],
            "chosen": [Path(TRAINED.format("cfl", "chosen.json"))], "networks": {"cfl": {"reductions": 2}},
            "history": [Path(TRAINED.format("cfl", "search_history.csv"))],
            "metrics": [Path("trained/sts/cfl/metrics.csv")], "comparisons": Path("comparisons.csv"),
            "published": Path("p.csv"), "cases": Path("cases.csv"),
            "arrays": Path("arrays"), "png": Path("x.png"), "svg": Path("x.svg"),
        }  # fmt: skip
        module.draw_figure(**{**known, **changes})
        return seen

    return run


def test_the_schema_knows_these_kinds(root: Path) -> None:
    schema = yaml.safe_load((root / "workflow" / "schemas" / "study.schema.yaml").read_text())
    assert set(schema["$defs"]["figure"]["properties"]["kind"]["enum"]) == set(DRAWERS)


@pytest.mark.parametrize("kind", DRAWERS)
def test_each_kind_is_drawn_from_its_files(draw: Callable, kind: str) -> None:
    given = draw(kind)
    assert set(given) == DRAWERS[kind] | {"phantom", "png", "svg"}
    assert given["phantom"] is True
    name = "segmentation" if kind in MASKS else "classification"
    if "predictions" in given:
        assert given["predictions"] == {"cfl": [Path(TRAINED.format("cfl", f"predictions_{name}.csv"))]}
    if "metrics" in given:
        assert given["metrics"] == {"cfl": Path("trained/sts/cfl/metrics.csv")}
    if "names" in given:
        assert given["names"] == ["P1"]
    for key, name in (("chosen", "chosen.json"), ("history", "search_history.csv")):
        if key in given:
            assert given[key] == {"cfl": [Path(TRAINED.format("cfl", name))]}
    for key in ("shown", "fold", "every_fold", "by_hand", "panels", "patch"):
        if key in given:
            assert given[key] == SETTINGS[key]
    if "networks" in given:
        assert given["networks"] == {"cfl": {"reductions": 2}}


def test_what_an_entry_of_cells_leaves_out_is_left_to_the_drawer(draw: Callable) -> None:
    given = draw("cells", settings={"kind": "cells", "rows": SETTINGS["rows"]})
    assert set(given) == {"rows", "chosen", "phantom", "png", "svg"}


@pytest.mark.parametrize("figure", ["fig3", "cells_2d", "cells_3d", "network", "search_history"])
def test_the_figures_of_searches_in_mmnas_are_drawn_as_they_say(root: Path, draw: Callable, figure: str) -> None:
    entry = yaml.safe_load((root / "config" / "studies" / "mmnas.yaml").read_text())["figures"][figure]
    assert draw(entry["kind"], settings=entry)["rows"] == entry["rows"]


def test_a_forest_of_masks_has_the_columns_of_its_table(draw: Callable) -> None:
    columns = {"dsc": "dice", "haus": "hd95_mm"}
    table = {"task": "segmentation", "primary": "dsc", "columns": columns}
    settings = {key: value for key, value in SETTINGS.items() if key != "panels"}
    given = draw("forest", settings={**settings, "kind": "forest", **table})
    assert (given["task"], given["primary"]) == ("segmentation", "dsc")
    # Millimetres do not fit an axis from 0 to 1.
    assert given["panels"] == ("dsc",)
    assert given["columns"] == {"dsc": "dice"}
    named = {**table, "columns": {"dsc": "dice", "sen": "sensitivity"}, "panels": ["sen", "dsc"]}
    assert draw("forest", settings={**SETTINGS, "kind": "forest", **named})["panels"] == ("sen", "dsc")


@pytest.mark.parametrize(
    ("kind", "missing", "said"),
    [("forest", "published", "needs published values"), ("maps", "arrays", "needs the cohort's arrays")],
)
def test_a_figure_without_its_files_is_named(draw: Callable, kind: str, missing: str, said: str) -> None:
    with pytest.raises(ReradError, match=said):
        draw(kind, **{missing: None})
