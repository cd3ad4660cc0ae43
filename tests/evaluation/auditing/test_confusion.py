"""Confusion matrices: against exact fractions, on every single-digit error, on other class counts."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from rerad.evaluation.auditing.confusion import METRICS, check_matrices, classification_tables, fit
from rerad.evaluation.auditing.planted import digit_errors, planted
from rerad.evaluation.auditing.tables import Claim, Published, Table, read
from rerad.evaluation.findings import audit


def metrics(tp: int, tn: int, positives: int, negatives: int) -> list[Fraction]:
    """The definitions, in exact fractions."""
    fp, fn = negatives - tn, positives - tp
    precision = Fraction(tp, tp + fp) if tp + fp else Fraction(0)
    f1 = Fraction(2 * tp, 2 * tp + fp + fn) if 2 * tp + fp + fn else Fraction(0)
    return [Fraction(tp + tn, positives + negatives), Fraction(tp, positives), Fraction(tn, negatives), precision, f1]


def prints(value: Fraction) -> frozenset[str]:
    """What a value may print as with three decimals."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return frozenset(str(exact.quantize(Decimal("0.001"), mode)) for mode in (ROUND_HALF_UP, ROUND_HALF_DOWN))


def possible(positives: int, negatives: int) -> list[list[frozenset[str]]]:
    return [
        [prints(value) for value in metrics(tp, tn, positives, negatives)]
        for tp in range(positives + 1)
        for tn in range(negatives + 1)
    ]


def row_of(tp: int, tn: int, positives: int, negatives: int) -> dict[str, str]:
    return {
        name: min(prints(value)) for name, value in zip(METRICS, metrics(tp, tn, positives, negatives), strict=True)
    }


@pytest.mark.parametrize(("positives", "negatives"), [(24, 24), (30, 18), (7, 41), (1, 1)])
def test_every_matrix_is_found_in_its_own_row(positives: int, negatives: int) -> None:
    for tp in range(0, positives + 1, max(1, positives // 6)):
        for tn in range(0, negatives + 1, max(1, negatives // 6)):
            found = fit(row_of(tp, tn, positives, negatives), positives, negatives)
            assert found.exact
            # Three digits of sensitivity and specificity tell k of fewer than 500.
            assert (found.tp, found.tn) == (tp, tn)


def test_the_exceptions_by_hand() -> None:
    """MOR + 3D CNNs: no 24th is 0.780, and 36/49 is 0.735; 19/27 cut off is 0.703."""
    values = ("0.729", "0.750", "0.780", "0.720", "0.750")
    mor = fit(dict(zip(METRICS, values, strict=True)), 24, 24)
    assert (mor.tp, mor.tn, sorted(mor.missed)) == (18, 17, ["f1", "spe"])
    assert mor.missed["spe"] == pytest.approx(1000 * 17 / 24 - 780)
    assert mor.missed["f1"] == pytest.approx(1000 * 36 / 49 - 750)
    values = ("0.729", "0.792", "0.667", "0.703", "0.745")
    dlhn = fit(dict(zip(METRICS, values, strict=True)), 24, 24)
    assert (dlhn.tp, dlhn.tn, list(dlhn.missed)) == (19, 16, ["pre"])
    assert dlhn.worst() == pytest.approx(1000 * 19 / 27 - 703)
    assert dlhn.worst() < 1


def test_digit_errors() -> None:
    assert sorted(digit_errors("0.90")) == ["0.80", "0.91", "1.90"]
    assert list(digit_errors("")) == []


def test_planted_errors_are_found_whenever_no_matrix_fits(root: Path) -> None:
    """Each digit of each value, one at a time; which rows have a matrix is counted here with exact decimals."""
    allowed = possible(24, 24)
    caught = total = 0
    for table, positives, negatives in classification_tables(read(root / "config" / "published")):
        for row, cells in table.cells.items():
            if not fit(cells, positives, negatives).exact:
                continue
            for column, changed in planted(cells):
                fits = any(
                    all(changed[name] in options for name, options in zip(METRICS, matrix, strict=True))
                    for matrix in allowed
                )
                findings = check_matrices(one_row(table, row, changed))
                found = any(one.row == row and one.column in METRICS for one in findings)
                assert found == (not fits), (table.key, row, column, changed[column])
                if column in METRICS:
                    caught, total = caught + found, total + 1
    # What arithmetic can catch at all; docs/audit.md quotes it.
    assert (caught, total) == (1201, 1205)


def one_row(table: Table, row: str, cells: dict[str, str]) -> Published:
    claims = [Claim(table.study, "", "", {"class": name}, "24", "", "class_count") for name in ("positive", "negative")]
    small = Table(table.study, table.name, table.columns, {row: cells}, {row: dict.fromkeys(table.columns, "")})
    return Published({small.key: small}, claims)


def test_a_planted_error_in_a_file_is_reported(root: Path, tmp_path: Path) -> None:
    for source in (root / "config" / "published").glob("*.csv"):
        (tmp_path / source.name).write_text(source.read_text())
    before = audit(tmp_path)
    path = tmp_path / "mmnas_table1.csv"
    path.write_text(path.read_text().replace("mmnas3d,0.896,0.917", "mmnas3d,0.896,0.927"))
    after = audit(tmp_path)
    new = after[(after["kind"] == "no_confusion_matrix") & (after["row"] == "mmnas3d")]
    assert list(new["column"]) == ["sen"]
    assert new["implied"].item() == "0.917"
    assert not (before["kind"].eq("no_confusion_matrix") & before["row"].eq("mmnas3d")).any()


def test_other_class_counts_come_from_the_claims(tmp_path: Path) -> None:
    """The same row fits 30 + 18 cases and no 24 + 24."""
    row = row_of(25, 11, 30, 18)
    (tmp_path / "x_table1.csv").write_text(f"method,{','.join(METRICS)},auc\na,{','.join(row.values())},0.700\n")
    kinds = {}
    for counts in ((30, 18), (24, 24)):
        lines = [
            f"x,2,q,class={name},{n},,class_count" for name, n in zip(("positive", "negative"), counts, strict=True)
        ]
        (tmp_path / "claims.csv").write_text(
            "study,where,quote,quantity,printed,unit,check\n" + "\n".join(lines) + "\n"
        )
        kinds[counts] = set(audit(tmp_path)["kind"])
    assert "no_confusion_matrix" not in kinds[30, 18]
    assert "no_confusion_matrix" in kinds[24, 24]


COUNTS = "study,where,quote,quantity,printed,unit,check\n" + "".join(
    f"x,1,q,class={name},24,,class_count\n" for name in ("positive", "negative")
)


def found_in(folder: Path, **tables: str) -> pd.DataFrame:
    (folder / "claims.csv").write_text(COUNTS)
    for name, text in tables.items():
        (folder / f"x_{name}.csv").write_text(text)
    found = audit(folder)
    return found[~found["kind"].str.startswith("agrees")]


def test_tables_need_not_have_the_same_columns(tmp_path: Path) -> None:
    """One prints no precision, one no AUC, and a cell is empty: what both print is compared."""
    one = "method,acc,sen,spe,pre,f1,auc\na,0.750,0.792,0.708,0.731,,0.726\n"
    other = "method,acc,sen,spe,f1\na,0.750,0.792,0.708,0.760\nb,0.740,0.792,0.708,0.760\n"
    found = found_in(tmp_path, one=one, other=other)
    assert found[["kind", "table", "row", "column"]].to_numpy().tolist() == [
        ["no_confusion_matrix", "other", "b", "acc"]
    ]
    found = found_in(tmp_path, one=one.replace("0.726", "0.700"), other=other.replace("a,0.750", "a,0.760"))
    assert ["same_method_differs", "one", "a", "acc"] in found[["kind", "table", "row", "column"]].to_numpy().tolist()


def test_a_row_in_per_cent_is_called_so(tmp_path: Path) -> None:
    found = found_in(tmp_path, one="method,acc,sen,spe,auc\na,75.0,79.2,70.8,72.6\n")
    assert set(found["kind"]) == {"impossible_value"}
    assert list(found["column"]) == ["acc", "sen", "spe", "auc"]
