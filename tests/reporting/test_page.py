"""The report is one file that loads nothing, and says PHANTOM where it must."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rerad.core.errors import ReradError
from rerad.reporting.page import _figure_label, _overview


def test_one_file_that_loads_nothing(report: Callable, check_html: Callable) -> None:
    text = report(phantom=True)
    checker = check_html(text)
    assert {"overview", "chmfl", "chmfl-table1", "chmfl-figs1", "cohort-sts", "costs", "provenance"} <= set(checker.ids)
    local = [target.removeprefix("#") for target in checker.targets if target.startswith("#")]
    assert set(local) <= set(checker.ids)
    assert {target for target in checker.targets if not target.startswith("#")} == {
        "https://doi.org/10.1/y", "https://doi.org/10.1/x",
    }  # fmt: skip
    # The browser itself refuses to load anything, and the script has no address to call.
    assert "default-src 'none'; img-src data:" in text
    script = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert len(script) == 1
    assert not re.search(r"https?:|//\w+\.|fetch|XMLHttp|import\(|eval|localStorage", script[0])
    # One figure, three quality pictures.
    assert len(re.findall(r'src="data:image/png;base64,', text)) == 1
    assert len(re.findall(r'src="data:image/jpeg;base64,', text)) == 3


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fig3", "Fig. 3"),
        ("figs1", "Fig. S1"),
        ("fig2b", "Fig. 2B"),
        ("forest_table1", "Forest plot"),
        ("costs", "Costs"),
    ],
)
def test_figures_are_called_as_the_paper_numbers_them(name: str, label: str) -> None:
    assert _figure_label(name) == label


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


def test_the_overview_takes_the_primary_of_each_table(tmp_path: Path) -> None:
    # Table SIV has a column acc as well, but its verdicts rest on Dice.
    csv = tmp_path / "tables4.csv"
    csv.write_text(
        "method,label,acc,acc_published,acc_low,acc_high,dsc,dsc_published,dsc_low,dsc_high,kind,n,seeds,verdict,note\n"
        "cfl,CFL,0.98,0.960,0.97,0.99,0.7,0.707,0.65,0.75,paper,48,1,within CI,\n"
    )
    study = {"id": "chmfl", "primary": "acc", "tables": [{"id": "tables4", "csv": csv, "primary": "dsc"}]}
    (row,) = _overview(study, [])
    assert (row["primary"], row["value"], row["low"], row["high"]) == ("Dice similarity coefficient", 0.7, 0.65, 0.75)
