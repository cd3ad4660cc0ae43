"""Checks of claims: hand-made tables in which the answer is known."""

from __future__ import annotations

from math import pi
from pathlib import Path

import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.auditing.texts import _possible
from rerad.evaluation.findings import audit

HEADER = "study,where,quote,quantity,printed,unit,check\n"
TABLE = "method,acc,haus\na,0.80,3.0\nb,0.90,2.0\nc,0.80,1.0\n"


def findings(folder: Path, claims: list[str], table: str = TABLE) -> pd.DataFrame:
    (folder / "x_table1.csv").write_text(table)
    (folder / "claims.csv").write_text(HEADER + "".join(f"x,1,q,{claim}\n" for claim in claims))
    return audit(folder)


def kinds(folder: Path, *claims: str, table: str = TABLE) -> list[str]:
    return list(findings(folder, list(claims), table)["kind"])


def test_best_knows_ties_and_that_small_distances_are_good(tmp_path: Path) -> None:
    best = "row={}; tables=table1; columns={}; rivals=all,,,best"
    assert kinds(tmp_path, best.format("b", "acc")) == ["agrees_claim"]
    assert kinds(tmp_path, best.format("b", "haus")) == ["claim_contradicted"]
    assert kinds(tmp_path, best.format("c", "haus")) == ["agrees_claim"]
    assert kinds(tmp_path, best.format("a", "acc")) == ["claim_contradicted", "claim_tied"]


def test_pairs_and_ranks(tmp_path: Path) -> None:
    pair = "tables=table1; columns={}; pairs={},,,pairs"
    assert kinds(tmp_path, pair.format("acc", "b>a")) == ["agrees_claim"]
    assert kinds(tmp_path, pair.format("acc", "a>c")) == ["claim_tied"]
    assert kinds(tmp_path, pair.format("haus", "a>c")) == ["claim_contradicted"]
    rank = "table=table1; row={}; column=acc; rank={},{},,rank"
    assert kinds(tmp_path, rank.format("b", 1, "0.90")) == ["agrees_rank"]
    assert kinds(tmp_path, rank.format("a", 2, "0.80")) == ["claim_tied"]
    assert kinds(tmp_path, rank.format("a", 1, "")) == ["claim_contradicted"]
    assert kinds(tmp_path, rank.format("b", 1, "0.91")) == ["claim_contradicted"]


def test_differences_in_both_readings(tmp_path: Path) -> None:
    """0.90 − 0.80: ten points, 11.1 % of 0.90; rounding moves the points by one either way."""
    claim = "a=table1:b:acc; b=table1:a:acc; relation={},{},%,difference"
    assert kinds(tmp_path, claim.format("equal", "10")) == ["agrees_difference"]  # 9 to 11 and 10 to 12.1
    assert kinds(tmp_path, claim.format("equal", "12")) == ["percent_points_or_relative"]
    assert kinds(tmp_path, claim.format("more", "9")) == ["agrees_difference"]
    assert kinds(tmp_path, claim.format("more", "20")) == ["difference_differs"]


def test_an_average_that_only_touches_does_not_agree(tmp_path: Path) -> None:
    table = "method,acc\na,0.96\nb,0.96\n"
    for printed, kind in (("0.96", "agrees_average"), ("0.97", "average_differs"), ("0.950", "average_differs")):
        assert kinds(tmp_path, f"over=table1:*:acc,{printed},,average", table=table) == [kind]


def test_stops_of_a_search() -> None:
    assert not _possible(max_epochs=40, min_count=100, stopped=56, seen=40)
    assert _possible(max_epochs=100, min_count=40, stopped=56, seen=40)
    assert _possible(max_epochs=100, min_count=40, stopped=100, seen=13)
    assert not _possible(max_epochs=100, min_count=40, stopped=30, seen=40)  # seen more often than there were epochs


def shapes(exponent: str) -> str:
    """Min and max of the sphericity Ψ and its relatives, of bodies that have Ψ from 0.2 to 0.9."""
    values = {
        "sphericity": [0.2, 0.9],
        "disproportion": [1 / 0.9, 1 / 0.2],
        "compactness": [0.2**1.5 / (6 * pi), 0.9**1.5 / (6 * pi)],
    }
    rows = "".join(f"r,{name},{low:.4f},{high:.4f}\n" for name, (low, high) in values.items())
    return "roi,feature,min,max\n" + rows


@pytest.mark.parametrize(("power", "wrong"), [("1/3", False), ("3/2", True), ("1/2", True)])
def test_a_wrong_formula_is_found_and_corrected(tmp_path: Path, power: str, wrong: bool) -> None:
    claims = [
        f"feature=sphericity; over=table1; volume=2/3; area=-1; pi={power}; factor=6; power=2/3; sphere=1,,,formula",
        "feature=disproportion; over=table1; volume=-2/3; area=1; pi=-1/3; factor=36; power=-1/3; sphere=1,,,formula",
        "feature=compactness; over=table1; volume=1; area=-3/2; pi=-1/2; sphere=0.053,,,formula",
    ]
    found = findings(tmp_path, claims, shapes(power))
    contradicted = found[found["kind"] == "formula_contradicted"]
    assert set(contradicted["row"]) == ({"sphericity"} if wrong else set())
    assert ("π^(1/3)" in set(contradicted["implied"])) == wrong
    same = found[found["kind"] == "same_feature"].set_index("row")["implied"]
    assert same["disproportion"] == "sphericity^(-1)"
    assert same["compactness"] == "0.0531 · sphericity^(3/2)"  # 1/6π


@pytest.mark.parametrize("printed", ["0.0999", "0.000"])
def test_a_wrong_end_is_no_wrong_formula(tmp_path: Path, printed: str) -> None:
    claims = [
        "feature=sphericity; over=table1; volume=2/3; area=-1; pi=1/3; factor=6; power=2/3,,,formula",
        "feature=disproportion; over=table1; volume=-2/3; area=1; pi=-1/3; factor=36; power=-1/3,,,formula",
        "feature=compactness; over=table1; volume=1; area=-3/2; pi=-1/2,,,formula",
    ]
    true = f"{0.9**1.5 / (6 * pi):.4f}"
    found = findings(tmp_path, claims, shapes("1/3").replace(true, printed))
    wrong = found[found["kind"] == "range_differs"]
    assert wrong[["row", "column", "printed"]].to_numpy().tolist() == [["r compactness", "max", printed]]
    assert "formula_contradicted" not in set(found["kind"])
    # Of two that disagree nobody can say which is wrong; without any that are related there is nothing to say.
    two = findings(tmp_path, claims[::2], shapes("1/3").replace(true, printed))
    assert list(two["kind"]) == ["formulas_disagree"]
    assert findings(tmp_path, claims[:1], shapes("1/3")).empty


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        ("row=a,,,nonsense", ["nonsense", "average"]),
        ("row=a; tables=table9; columns=acc; rivals=all,,,best", ["x.table9"]),
        ("row=z; tables=table1; columns=acc; rivals=all,,,best", ["'z'", "best"]),
        ("tables=table1; columns=acc; rivals=all,,,best", ["'row'"]),
        ("at=table1:a:auc,0.8,,cell", ["table1:a:auc"]),
        ("at=table1:a:acc,80 %,,cell", ["80 %", "the check cell of x, 'q'"]),
        ("row=b; tables=table1; columns=acu; rivals=all,,,best", ["'acu'", "acc and haus"]),
        ("row=b; tables=table1; columns=acc; rivals=aa,,,best", ["'aa'", "a, b and c"]),
        ("a=table1:b:acc; b=table1:a:acc; relation=mroe,10,%,difference", ["relation=mroe", "equal or more"]),
        ("a=table1:b:acc; b=table1:a:acc; relation=more; higher=b?,10,%,difference", ["higher=b?", "a or b"]),
        ("class=positive,24,,class_count", ["x", "positive", "class=negative"]),
    ],
)
def test_a_broken_claim_is_named(tmp_path: Path, claim: str, names: list[str]) -> None:
    with pytest.raises(ReradError) as caught:
        findings(tmp_path, [claim])
    assert all(name in str(caught.value) for name in names)


@pytest.mark.parametrize(
    ("text", "names"),
    [("method,acc\na,0.8*\n", ["0.8*", "a, acc"]), ("a,b\n1,2\n", ["row ids"]), ("method,acc\na,1\na,1\n", ["twice"])],
)
def test_a_broken_table_is_named(tmp_path: Path, text: str, names: list[str]) -> None:
    with pytest.raises(ReradError) as caught:
        findings(tmp_path, [], text)
    assert all(name in str(caught.value) for name in [*names, "x_table1.csv"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (b"method,acc\na,0.8,\nb,0.9,\n", ["x_table1.csv, line 2", "3 fields, the header has 2"]),
        (b"method,acc,auc\na,0.8\n", ["x_table1.csv, line 2", "2 fields, the header has 3"]),
        (b"method,acc,acc\na,0.8,0.9\n", ["x_table1.csv", "'acc' stands there twice"]),
        (b"", ["x_table1.csv", "is empty"]),
        (b"m\xe9thod,acc\na,0.8\n", ["x_table1.csv", "UTF-8"]),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path: Path, text: bytes, names: list[str]) -> None:
    (tmp_path / "x_table1.csv").write_bytes(text)
    with pytest.raises(ReradError) as caught:
        audit(tmp_path)
    assert all(name in str(caught.value) for name in names)


def test_an_export_of_a_spreadsheet_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "x_table1.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode() + b"\r\n")
    (tmp_path / "claims.csv").write_text(HEADER + "x,1,q,at=table1:a:acc,80,%,cell\n")
    assert list(audit(tmp_path)["kind"]) == ["agrees_quoted_number"]


def test_a_difference_the_other_way_round_is_told(tmp_path: Path) -> None:
    claim = "a=table1:{}:acc; b=table1:{}:acc; higher={}; relation=equal,0.10,,difference"
    assert kinds(tmp_path, claim.format("b", "a", "a")) == ["agrees_difference"]
    assert kinds(tmp_path, claim.format("a", "b", "b")) == ["agrees_difference"]
    assert kinds(tmp_path, claim.format("b", "a", "b")) == ["difference_reversed"]
    assert kinds(tmp_path, claim.format("a", "b", "a")) == ["difference_reversed"]
    # Neither is higher where the rounding leaves both possible.
    assert kinds(tmp_path, "a=table1:a:acc; b=table1:c:acc; higher=a; relation=equal,0.00,,difference") == [
        "agrees_difference"
    ]


def test_a_quoted_number_may_be_in_per_cent_or_shorter(tmp_path: Path) -> None:
    rank = "table=table1; row=b; column=acc; rank=1,{},{},rank"
    for printed, unit, kind in (
        ("90", "%", "agrees_rank"),
        ("0.9", "", "agrees_rank"),
        ("91", "%", "claim_contradicted"),
    ):
        assert kinds(tmp_path, rank.format(printed, unit)) == [kind]
    # One unit of the last digit is another number, though the rounding intervals of both meet.
    for printed, unit, kind in (
        ("0.80", "", "agrees_quoted_number"),
        ("0.81", "", "quoted_number_differs"),
        ("80", "%", "agrees_quoted_number"),
        ("81", "%", "quoted_number_differs"),
    ):
        assert kinds(tmp_path, f"at=table1:a:acc,{printed},{unit},cell") == [kind]
    table = "method,mape\na,68.32\n"
    assert kinds(tmp_path, "at=table1:a:mape; cells=percent,68.3,%,cell", table=table) == ["agrees_quoted_number"]
    one = "of=accuracy,{},,one_quantity"
    assert kinds(tmp_path, one.format("0.854"), one.format("0.85")) == ["agrees_quantity"]
    assert kinds(tmp_path, one.format("0.854"), one.format("0.86")) == ["two_values"]


def test_an_empty_cell_takes_no_part(tmp_path: Path) -> None:
    table = "method,acc,haus\na,,3.0\nb,0.90,2.0\nc,0.80,\n"
    best = "row=b; tables=table1; columns=acc; rivals=all,,,best"
    found = findings(tmp_path, [best], table)
    assert list(found["finding"]) == ["“q” (1): b is best in all 1 comparisons"]
    assert kinds(tmp_path, "table=table1; row=b; column=acc; rank=1,0.90,,rank", table=table) == ["agrees_rank"]
    assert kinds(tmp_path, "tables=table1; columns=all; pairs=b>c,,,pairs", table=table) == ["agrees_claim"]
    with pytest.raises(ReradError, match=r"x\.table1: the cell a, acc is empty"):
        kinds(tmp_path, "table=table1; row=a; column=acc; rank=1,0.90,,rank", table=table)


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    table = "roi,feature,acc,auc,correlation,haus_wt,percent_difference_sd,min,max,mean\n"
    rows = "r,a,1.00,0,-1.0,0.0,0.0,1,3,3.4\nr,b,85.4,1.683,1.98,-2.0,-0.1,1,3,3.6\n"
    found = findings(tmp_path, [], table + rows)
    assert list(found["column"]) == ["acc", "auc", "correlation", "haus_wt", "percent_difference_sd", "mean"]
    assert set(found["kind"]) == {"impossible_value"}
    assert set(found["row"]) == {"r b"}
    assert "per cent" in found["finding"].iloc[0]
    assert "per cent" not in found["finding"].iloc[1]


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match="no published tables"):
        audit(tmp_path)
