"""A row of scores that were made elsewhere is never taken for a reproduction, and its cost is not 0."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from rerad.evaluation.costs import gather_costs, join_costs
from rerad.reporting.page import _costs
from rerad.reporting.rendering import amount
from rerad.reporting.tables import tabulate
from rerad.training.external import UNKNOWN

NOTE = "scores of mine.csv (SHA-256 0123456789ab…), nothing was trained here"


def unknown(path: Path) -> Path:
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **dict.fromkeys(UNKNOWN), "note": NOTE}))
    return path


def gathered(paths: list[Path]) -> Path:
    csv = paths[-1].parents[2] / "costs.csv"
    gather_costs(paths, csv=csv)
    return csv


def test_its_verdict_is_none_even_on_the_papers_own_cohort(
    tmp_path: Path, root: Path, cohort: dict, write_metrics: Callable, write_cost: Callable, write_costs: Callable
) -> None:
    files = {suffix: tmp_path / "out" / f"table1.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    rows = [
        {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
        {"method": "chmfl", "trained": "mine", "label": "CHMFL, the authors' own scores", "kind": "external"},
        {"method": "mine", "label": "Mine", "kind": "external"},
    ]
    trained = ("hc_rf", "mine")
    tabulate(
        table={"title": "Table I", "rows": rows}, study="chmfl", cohort=cohort, primary="acc", **files,
        published=root / "config" / "published" / "chmfl_table1.csv",
        metrics={name: write_metrics(name, {"acc": (0.8, 0.7, 0.9), "auc": (0.8, 0.7, 0.9)}) for name in trained},
        costs={"hc_rf": write_costs("hc_rf"), "mine": gathered([unknown(write_cost("mine"))])},
    )  # fmt: skip
    frame = pd.read_csv(files["csv"], keep_default_na=False).set_index("method")
    assert frame["verdict"].to_dict() == {
        "hc_rf": "within CI", "chmfl": "not comparable: not trained here", "mine": "no published value",
    }  # fmt: skip
    assert NOTE not in frame.loc["hc_rf", "note"]
    assert list(frame.loc[["chmfl", "mine"], "note"]) == [NOTE, NOTE]
    assert NOTE in files["html"].read_text()


def test_its_cost_is_unknown_and_adds_nothing(tmp_path: Path, write_cost: Callable) -> None:
    forest = gathered([write_cost("hc_rf", chunk="fold1"), write_cost("hc_rf", chunk="fold2")])
    mine = gathered([unknown(write_cost("mine"))])
    shown = _costs(join_costs([mine, forest], csv=tmp_path / "costs.csv").to_dict("records"))
    forest, mine = shown["methods"]
    assert (forest["wall_s"], shown["wall_s"], forest["jobs"]) == (25.0, 25.0, 2)
    assert all(math.isnan(mine[name]) for name in ("wall_s", "cpu_s", "gpu_s", "peak_rss_mb", "peak_gpu_mb"))
    assert amount(mine["wall_s"]) == "–"
    alone = _costs(join_costs([tmp_path / "trained/sts/mine/costs.csv"], csv=tmp_path / "costs.csv").to_dict("records"))
    assert math.isnan(alone["methods"][0]["cpu_s"])
