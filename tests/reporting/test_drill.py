"""What lies behind a cell of the report: equal to the files, opened and closed by key, offline."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromium
import numpy as np
import pandas as pd
import pytest

from rerad.evaluation.costs import read_costs
from rerad.evaluation.parts import measure_parts
from rerad.reporting.drill.cells import cells_of
from rerad.reporting.drill.gather import gather
from rerad.reporting.drill.packing import columns_of, packed

CELL = "chmfl-table1/hc_rf/acc"
ENTRY = {
    "title": "Table I",
    "rows": [
        {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
        {"method": "volume_only", "label": "Volume <alone>", "kind": "floor"},
    ],
}


def unpack(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


@pytest.fixture
def behind(report: Callable, tmp_path: Path) -> dict[str, str]:
    """The data behind a page's table, which is then written with them."""
    report(phantom=True)
    trained = tmp_path / "trained" / "sts"
    found = gather(
        studies={"chmfl": {"cohort": "sts", "tables": {"table1": ENTRY}}},
        methods={"sts": {"hc_rf": {"model": "forest"}, "volume_only": {"model": "rule"}}},
        metrics=sorted(trained.glob("*/metrics.csv")),
        spent=read_costs(tmp_path / "costs.csv"),
        folder=tmp_path,
        bootstraps=50,
    )
    report(phantom=True, behind=found)
    return found


def test_every_value_leads_to_its_files(behind: dict[str, str], tmp_path: Path) -> None:
    index, results = unpack(behind["index"]), unpack(behind["sts-hc_rf"])
    cells = index["tables"]["chmfl-table1"]["cells"]
    assert len(cells) == 12
    assert cells["hc_rf/acc"] == {
        "method": "hc_rf", "task": "classification", "role": "test", "group": "all", "variant": "published",
        "selection": "last", "metric": "acc",
    }  # fmt: skip
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(f'data-cell="chmfl-table1/{name}"' in page for name in cells)
    files = results["files"]
    for path in (files["metrics"], files["predictions"]["classification"], files["costs"]):
        assert (tmp_path / path).is_file()
    written = pd.read_csv(tmp_path / files["predictions"]["classification"]).query("role == 'test'")
    assert results["cases"]["classification"]["score"] == written["score"].tolist()
    assert results["costs"]["wall_s"] == [12.5]
    assert "model: forest" in results["settings"]


def test_folds_and_seeds_add_up(write_trained: Callable) -> None:
    files, metrics = write_trained("hc_rf", seeds=2)
    part = pd.concat(map(pd.read_csv, files)).query("role == 'test'")
    parts = measure_parts(part, "classification", bootstraps=50, seed=0).query("metric == 'sen'")
    written = pd.read_csv(metrics).query("metric == 'sen'").set_index("scope")["value"]
    for scope, count, other in (("fold", 6, "fold"), ("seed", 2, "pooled")):
        own = parts[parts["scope"] == scope]
        assert len(own) == count
        assert own["value"].mean() == pytest.approx(written[other])
        assert ((own["low"] <= own["value"]) & (own["value"] <= own["high"])).all()


def test_folds_of_errors_share_the_scale_of_the_cohort() -> None:
    part = pd.DataFrame(
        {
            "case": ["a", "b"], "fold": [1, 2], "seed": 0, "feature": "x", "truth": [10.0, 2.0], "prediction": [9.0, 4.0],
        }
    )  # fmt: skip
    found = measure_parts(part, "regression", bootstraps=20, seed=0).query("metric == 'mae'")
    assert found["value"].tolist() == pytest.approx([0.1, 0.2])


def test_cells_of_features_and_of_their_summary(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    rows = [{"method": "nn", "label": "NN", "kind": "paper"}, {"method": "f", "trained": "mean", "kind": "floor"}]
    csv.write_text("roi,feature,nn\nedema,volume,1\n")
    entry = {"title": "t", "shape": "features", "error": "mape", "against": "nn", "rows": rows}
    assert cells_of(entry, csv)["edema_volume/f"]["metric"] == "mape_edema_volume"
    csv.write_text("roi,feature,unit,nn\nedema,volume,cm3,1\nedema,sphericity,,1\n")
    found = cells_of({**entry, "error": "mae"}, csv)
    assert (found["edema_volume/f"]["unit"], found["edema_volume/f"]["scale"]) == ("cm³", 0.001)
    assert "scale" not in found["edema_sphericity/f"]
    csv.write_text("metric,nn\nmae,1\nn_features_lower_mape_than_f,1\n")
    found = cells_of({**entry, "shape": "summary"}, csv)
    assert "against" not in found["mae/nn"]
    assert (
        found["n_features_lower_mape_than_f/nn"]["metric"],
        found["n_features_lower_mape_than_f/nn"]["against"],
    ) == (
        "mape",
        "mean",
    )


def test_packed_data_are_the_same_and_whole() -> None:
    frame = pd.DataFrame({"a": [0.1, np.nan], "b": ["</script>", "x"]})
    assert unpack(packed(columns_of(frame))) == {"a": [0.1, None], "b": ["</script>", "x"]}
    assert packed([1]) == packed([1])
    assert "<" not in packed(columns_of(frame))


@pytest.mark.skipif(chromium.find() is None, reason="no Chromium on this machine")
def test_a_cell_opens_offline_and_closes(behind: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    opened = "new Promise(done => { const look = () => drill.open ? done(1) : setTimeout(look, 20); look(); })"
    button = f"document.querySelector('.result-table [data-cell=\"{CELL}\"] button')"
    with chromium.browse(tmp_path / "profile") as tab:
        tab.open(page, width=1400)
        tab.run("globalThis.drill = document.getElementById('drill')")
        assert tab.run("drill.open") is False
        tab.run(f"{button}.focus()")
        tab.press("Enter", 13)
        tab.run(opened)
        assert tab.run("location.hash") == f"#cell/{CELL}"
        shown = tab.run("Object.fromEntries([...drill.querySelectorAll('.values tbody tr')].map(row => "
                        "[row.cells[0].textContent, row.cells[1].dataset.value]))")  # fmt: skip
        metrics = pd.read_csv(tmp_path / "trained/sts/hc_rf/metrics.csv").query("metric == 'acc'").set_index("scope")
        assert float(shown["All patients"]) == metrics["value"]["pooled"]
        assert float(shown["Mean over folds"]) == metrics["value"]["fold"]
        assert {f"Fold {fold}" for fold in range(1, 7)} <= set(shown)
        patients = tab.run("[...drill.querySelectorAll('.patients tbody tr')].map(row => "
                           "[...row.cells].map(cell => cell.dataset.value))")  # fmt: skip
        file = pd.read_csv(tmp_path / "trained/sts/hc_rf/predictions_classification.csv")
        written = file.query("role == 'test'").set_index("case")
        assert len(patients) == len(written)
        for case, fold, target, score, call in patients:
            own = written.loc[case]
            assert (int(fold), int(target), float(score)) == (own["fold"], own["target"], own["score"])
            assert (call == "✓ right") == ((own["score"] >= 0.5) == own["target"])
        tab.press("Escape", 27)
        assert tab.run("drill.open") is False
        # What follows from it comes a moment later.
        tab.run("new Promise(done => { const look = () => location.hash ? setTimeout(look, 20) : done(1); look(); })")
        assert tab.run(f"document.activeElement === {button}")
        assert [one for one in tab.requests if not one.startswith("data:")][1:] == []
        # A link leads straight into the panel.
        tab.run(f"location.hash = '#cell/{CELL}'")
        tab.run(opened)
        assert "accuracy" in tab.run("document.getElementById('drill-title').textContent")
        # On a phone nothing is to be scrolled sideways, and the panel can be closed.
        tab.open(page, width=400, height=800)
        tab.run("globalThis.drill = document.getElementById('drill')")
        tab.run(f"location.hash = '#cell/{CELL}'")
        tab.run(opened)
        tab.run("new Promise(done => setTimeout(done, 50))")
        boxes = "[...drill.querySelectorAll('.scroll')]"
        wide = f"{boxes}.filter(box => box.scrollWidth > box.clientWidth).length"
        assert tab.run("document.documentElement.scrollWidth") <= 400
        assert tab.run(wide) == 0
        assert (
            tab.run("getComputedStyle(drill.querySelector('.patients td:nth-child(4)'), '::before').content")
            == '"Score"'
        )
        tab.run("drill.querySelector('details.case').open = true")
        tab.run("new Promise(done => setTimeout(done, 50))")
        assert tab.run(wide) == 0
        assert tab.run("drill.querySelector('details.case > img').clientWidth") > 250
        corner = "drill.querySelector('.close').getBoundingClientRect()"
        tab.run("drill.scrollTop = 500")
        assert tab.run(f"document.elementFromPoint({corner}.x + 5, {corner}.y + 5).className") == "close"
        tab.run("drill.querySelector('.close').click()")
        assert tab.run("drill.open") is False
