"""Verdict counts, comparisons and findings of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rerad.core.errors import ReradError
from rerad.reporting.rendering import gap
from rerad.reporting.sections import probability, read_comparisons, read_findings, tally


def test_verdicts_are_counted_in_a_fixed_order() -> None:
    counted = tally(["none", "failed", "within", "none", "above"])
    assert [(group["id"], group["count"]) for group in counted] == [
        ("within", 1), ("above", 1), ("failed", 1), ("none", 2),
    ]  # fmt: skip
    assert tally([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.08333, "+0.083"), (-0.08333, "−0.083"), (0, "0.000"), (-0.0001, "0.000"), (float("nan"), "–"), (None, "–")],
)
def test_a_gap_has_a_sign_unless_it_is_none(value: float | None, text: str) -> None:
    assert gap(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0004, "< 0.001"), (0.001, "0.001"), (1, "1.000"), (0, "< 0.001")])
def test_no_probability_is_zero(value: float, text: str) -> None:
    assert probability(value) == text


def test_comparisons_on_the_page(report: Callable, check_html: Callable) -> None:
    text = report(phantom=False, full=True)
    check_html(text)
    part = text.partition('<details class="comparisons">')[2].partition("</details>")[0]
    assert part.startswith("<summary>2 comparisons")
    cells = [re.sub(r"<.*?>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", part)]
    # Against, metric, difference with its interval, test, p, Holm, detectable with patients, n.
    assert cells[:8] == [
        ["HC", "+", "RF"], ["accuracy"], ["−0.050", "[−0.200,", "+0.100]"], ["McNemar,", "exact"], ["&lt;", "0.001"],
        ["0.500"], ["0.366", "8", "patients"], ["20"],
    ]  # fmt: skip
    assert cells[8 + 2] == ["0.000", "[−0.100,", "+0.100]"]
    # What is not of the primary selection says so.
    assert part.count("best_test") == 1
    # Sorting goes by the number, not by what is shown of it.
    assert 'data-value="4e-05"' in part


def test_without_comparisons_there_is_no_section(report: Callable, tmp_path: Path) -> None:
    assert 'class="comparisons"' not in report(phantom=False)
    assert read_comparisons(None, {}) is None
    assert read_comparisons(tmp_path / "none.csv", {}) is None
    empty = tmp_path / "empty.csv"
    empty.write_text("method,against,metric,difference\n")
    assert read_comparisons(empty, {}) is None


def test_failed_comparisons_keep_their_line(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("method,against,metric,n,difference,low,high,p,note\na,b,acc,,,,,,a failed\na,c,acc,4,0.5,,,0.1,\n")
    found = read_comparisons(path, {"a": "Method A"})
    assert found is not None
    headings = [column["heading"] for column in found["columns"]]
    shown = [dict(zip(headings, (cell["text"] for cell in row), strict=True)) for row in found["rows"]]
    assert shown == [
        {
            "Method": "Method A",
            "Against": "b",
            "Metric": "accuracy",
            "Difference": "–",
            "p": "–",
            "n": "–",
            "Note": "a failed",
        },
        {
            "Method": "Method A",
            "Against": "c",
            "Metric": "accuracy",
            "Difference": "+0.500",
            "p": "0.100",
            "n": "4",
            "Note": "",
        },
    ]


def test_findings_on_the_page(report: Callable, check_html: Callable) -> None:
    text = report(phantom=False, full=True)
    checker = check_html(text)
    assert {"audit", "findings"} <= set(checker.ids)
    part = text.partition('id="findings"')[2].partition("</table>")[0]
    assert part.count("<tr data-group=") == 6
    # As printed, digit by digit, and escaped.
    for shown in ("0.780", "8.3 %", "no &lt;k&gt;/24", "Assuming: 24 + 24 cases", "0.0005"):
        assert shown in part
    # A table of this page is linked, another is named.
    assert part.count('<a href="#chmfl-table1">chmfl table1</a>') == 2
    assert ">radsynth table1 <span" in part
    groups = dict(re.findall(r'<li data-group="(\w+)"><b>(\d+)</b>', text.partition('data-for="findings"')[2]))
    assert groups == {"differs": "4", "last_digit": "1", "agrees": "1"}
    # What differs stands first, what agrees last.
    shown = re.findall(r'<tr data-group="(\w+)">', part)
    assert shown == ["differs"] * 4 + ["last_digit", "agrees"]


def test_an_audit_without_findings_says_so(report: Callable, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("study,table,row,column,printed,implied,finding,kind,assumption,margin\n")
    assert "The audit found nothing." in report(phantom=False, findings=path)
    assert 'id="audit"' not in report(phantom=False, findings=None)


def test_findings_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("study,table\nchmfl,table1\n")
    with pytest.raises(ReradError, match=r"f\.csv: the column 'row' is missing"):
        read_findings(path, [])
