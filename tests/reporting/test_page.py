"""The report is one file that loads nothing, and says PHANTOM where it must."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rerad.core.errors import ReradError
from rerad.reporting.costs import gather_costs
from rerad.reporting.figures.confusion import plot_confusion
from rerad.reporting.figures.quality import picture_cases
from rerad.reporting.page import write_report
from rerad.reporting.provenance import collect
from rerad.reporting.tables import tabulate

ROWS = [
    {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
    {"method": "volume_only", "label": "Volume <alone>", "kind": "floor"},
]


@pytest.fixture
def report(
    tmp_path: Path,
    root: Path,
    cohort: dict,
    prepared: Path,
    write_trained: Callable,
    write_cost: Callable,
) -> Callable[..., str]:
    def make(*, phantom: bool, **changes: Any) -> str:
        files = {suffix: tmp_path / f"chmfl/tables/table1.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        trained = {method: write_trained(method) for method in ("hc_rf", "volume_only")}
        costs = {method: [write_cost(method)] for method in trained}
        costs["volume_only"] = [write_cost("volume_only", failed="ValueError: <nothing>")]
        tabulate(
            table={"title": "Table I", "rows": ROWS}, study="chmfl", cohort={**cohort, "phantom": phantom},
            published=root / "config/published/chmfl_table1.csv", costs=costs, primary="acc",
            metrics={method: metrics for method, (_, metrics) in trained.items()}, **files,
        )  # fmt: skip
        png = tmp_path / "chmfl/figures/figs1.png"
        predictions = {"hc_rf": trained["hc_rf"][0]}
        plot_confusion(
            rows=ROWS[:1], predictions=predictions, metrics={}, phantom=phantom, png=png, svg=png.with_suffix(".svg")
        )
        quality = tmp_path / "quality"
        picture_cases(prepared / "cases.csv", prepared / "arrays", quality, spacing_mm=4, phantom=phantom, workers=1)
        manifest = tmp_path / "manifest.csv"
        manifest.write_text("file,size,sha256,url,licence,doi\na,5,aa,,CC BY 3.0,10.1/x\n")
        settings: dict[str, Any] = {
            "run": "demo",
            "studies": [
                {
                    "id": "chmfl", "title": "A study", "cohort": "sts", "primary": "acc",
                    "reference": {"authors": "Peng Y", "title": "A title.", "year": 2021, "doi": "10.1/y"},
                    "tables": [{"id": "table1", "title": "Table I", "html": files["html"], "csv": files["csv"]}],
                    "figures": [{"id": "figs1", "caption": 'Matrices of "pooled" scores.', "png": png}],
                    "deviations": [{"paper": "1 mm", "here": "2 mm", "why": "tumours < box"}],
                }
            ],
            "cohorts": [
                {
                    "id": "sts", "cases": prepared / "cases.csv", "patient_flow": prepared / "patient_flow.csv",
                    "features_flow": prepared / "features_flow.csv", "box_check": prepared / "box_check.csv",
                    "quality": quality, "phantom": phantom, "notes": ["A note."],
                }
            ],
            "costs": gather_costs([path for paths in costs.values() for path in paths], csv=tmp_path / "costs.csv")
            .to_dict("records"),
            "provenance": collect(manifests=[manifest], config={"run": "demo", "x": "<i>"}, lock=root / "x", root=root),
            "page": tmp_path / "report.html",
        }  # fmt: skip
        write_report(**{**settings, **changes})
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return make


def test_one_file_that_loads_nothing(report: Callable, check_html: Callable) -> None:
    text = report(phantom=True)
    checker = check_html(text)
    assert {"overview", "chmfl", "chmfl-table1", "chmfl-figs1", "cohort-sts", "costs", "provenance"} <= set(checker.ids)
    local = [target.removeprefix("#") for target in checker.targets if target.startswith("#")]
    assert set(local) <= set(checker.ids)
    assert {target for target in checker.targets if not target.startswith("#")} == {
        "https://doi.org/10.1/y", "https://doi.org/10.1/x",
    }  # fmt: skip
    assert "<script" not in text
    # One figure, three quality pictures.
    assert len(re.findall(r'src="data:image/png;base64,', text)) == 1
    assert len(re.findall(r'src="data:image/jpeg;base64,', text)) == 3


def test_what_a_reader_looks_for(report: Callable) -> None:
    text = report(phantom=False)
    assert "PHANTOM" not in text
    for part in (
        "within CI", "published", "outcome Recurrence – local &lt;b&gt;", "1 exclusion of",
        "clips 1 tumour, 1 among the 2",
        "tumours &lt; box", "ValueError: &lt;nothing&gt;", "CC BY 3.0", "Volume &lt;alone&gt;", "x: &lt;i&gt;",
        "300 × 80 × 70 mm", "12.5 %", "A title.",
    ):  # fmt: skip
        assert part in text, part
    assert 'class="diamond"' in text
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))
    assert facts == {
        "Prepared": "3", "Included": "2", "With metastases": "1", "Included, with CT": "1", "…with metastases": "1",
    }  # fmt: skip


def test_phantom_is_said_and_not_compared(report: Callable) -> None:
    text = report(phantom=True)
    assert text.count("PHANTOM") >= 3
    assert "not comparable: phantom cohort" in text
    assert 'class="diamond"' not in text
    assert "within CI" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_an_empty_run_still_makes_a_page(report: Callable, check_html: Callable) -> None:
    text = report(phantom=False, studies=[], cohorts=[], costs=[])
    check_html(text)
    assert "This run has no table." in text


def test_a_foreign_table_is_refused(report: Callable, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.html"
    foreign.write_text("<table></table>")
    csv = tmp_path / "t.csv"
    csv.write_text("method,label\n")
    study = {
        "id": "x", "title": "x", "reference": "x", "figures": [], "deviations": [],
        "tables": [{"id": "t", "title": "t", "html": foreign, "csv": csv}],
    }  # fmt: skip
    with pytest.raises(ReradError, match=r"foreign\.html"):
        report(phantom=False, studies=[study])
