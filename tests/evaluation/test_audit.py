"""The audit of the five papers: known findings, from the tables as they are transcribed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rerad.evaluation import audit
from rerad.evaluation.auditing.finding import COLUMNS
from rerad.evaluation.findings import write_findings


@pytest.fixture(scope="module")
def found(root: Path) -> pd.DataFrame:
    return audit(root / "config" / "published")


# kind, study, table, row, column, printed, implied
KNOWN = [
    ("no_confusion_matrix", "chmfl", "table1", "mor_cnn3d", "spe", "0.780", "0.708"),
    ("no_confusion_matrix", "chmfl", "table1", "mor_cnn3d", "f1", "0.750", "0.735"),
    ("no_confusion_matrix", "chmfl", "table1", "mcl3d", "spe", "0.797", "0.792"),
    ("no_confusion_matrix", "chmfl", "table1", "mcl3d", "pre", "0.813", "0.815"),
    ("last_digit", "chmfl", "table1", "mcl3d", "f1", "0.862", "0.863"),
    ("last_digit", "chmfl", "table1", "cnlpc", "pre", "0.703", "0.704"),
    ("last_digit", "mmnas", "table1", "dlhn", "pre", "0.703", "0.704"),
    ("last_digit", "mmnas", "table2", "cnn2d_petct", "pre", "0.703", "0.704"),
    ("last_digit", "chmfl", "tables2", "chmfl_resnet50", "pre", "0.790", "0.789"),
    ("last_digit", "chmfl", "tables2", "chmfl_resnet50_pretrained", "f1", "0.793", "0.792"),
    ("last_digit", "chmfl", "tables3", "chmfl_gn8", "f1", "0.775", "0.776"),
    ("same_method_differs", "chmfl", "table1", "mcl3d", "spe", "0.797", "0.792"),
    ("auc_of_labels", "mmnas", "table1", "mmnas3d", "auc", "0.896", "0.8958"),
    ("auc_of_labels", "chmfl", "table1", "mcl3d", "auc", "0.854", "0.8542"),
    ("same_method_differs", "mmnas", "table1", "dlhn", "auc", "0.698", "0.783"),
    ("rate_of_other_whole", "chmfl", "table1", "chmfl", "spe", "8.3 %", "16.7 %"),
    ("claim_contradicted", "mmnas", "table2", "mmnas3d", "spe", "0.875", "0.917"),
    ("claim_tied", "mmnas", "table1", "mmnas3d", "sen", "0.917", "0.917"),
    ("claim_contradicted", "chmfl", "table2", "chmfl", "spe", "0.833", "0.917"),
    ("claim_contradicted", "chmfl", "table2", "chmfl", "pre", "0.840", "0.867"),
    ("claim_tied", "chmfl", "tables2", "chmfl_resnet18_pretrained", "acc", "0.792", "0.792"),
    ("claim_contradicted", "chmfl", "tables2", "chmfl_resnet18_pretrained", "spe", "0.667", "0.708"),
    ("claim_contradicted", "chmfl", "tables3", "chmfl", "spe", "0.833", "0.875"),
    ("two_values", "chmfl", "III", "chmfl", "acc", "0.854", "0.896"),
    ("two_values", "chmfl", "III", "chmfl", "auc", "0.873", "0.903"),
    ("impossible_significance", "chmfl", "table1", "mcl3d", "acc", "0.854*", "p ≥ 1.000"),
    ("claim_contradicted", "nas3dunet", "table4", "unet3d", "haus_wt", "5.68", "≥ 5.99"),
    ("values_swapped", "nas3dunet", "3.4", "", "N_E, N_C", "40, 100", "100, 40"),
    ("agrees_wins_with_tie", "radiogenomics", "table2", "n_features_lower_mae", "nn", "11", "10"),
    ("formula_contradicted", "radiogenomics", "Table 1", "sphericity", "", "π^(3/2)", "π^(1/3)"),
    ("features_alike", "radiogenomics", "table3", "", "min, max", "20", "14"),
    ("average_differs", "radsynth", "table1", "all", "correlation", "0.97", "0.96"),
    # Beyond the ones first known:
    ("impossible_significance", "chmfl", "table2", "cnn3d_petct", "acc", "0.792*", "p ≥ 0.092"),
    ("prevalence_differs", "chmfl", "tables4", "vnet, chmfl", "acc, sen, spe", "2.5 to 3.0", "0.0 to 2.2"),
    ("claim_tied", "chmfl", "table1", "chmfl", "acc", "0.854", "rank 1"),
    ("claim_contradicted", "chmfl", "mmnas.table1", "chmfl", "auc", "0.873", "0.896"),
    ("difference_in_cases", "chmfl", "table1", "chmfl", "spe", "0.833 / 0.797", "1 of 24"),
    ("formula_contradicted", "radiogenomics", "Table 1", "sphericity", "", "1", "3.802"),
    ("bound_exceeded", "radiogenomics", "table3", "edema major_axis", "max", "129.8", "≤ 123.15"),
    ("unit_missing", "radiogenomics", "table3", "enhancing sa_v_ratio", "min", "0.218", "1/mm"),
]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: " ".join(known[:5]))
def test_known_findings(found: pd.DataFrame, known: tuple[str, ...]) -> None:
    columns = ["kind", "study", "table", "row", "column", "printed", "implied"]
    assert (found[columns] == list(known)).all(axis=1).sum() >= 1


# kind, study, row, words that the finding computes
WORDS = [
    ("pooled_not_mean", "chmfl", "", ["34 rows"]),
    ("identical_rows", "chmfl", "cnn2d_petct", ["dlhn", "all 6 values"]),
    ("same_method_differs", "mmnas", "dlhn", ["5 of 6", "0.698", "0.783"]),
    ("rate_of_other_whole", "chmfl", "chmfl", ["4/24 = 16.7 %", "4/48 = 8.3 %"]),
    ("claim_contradicted", "chmfl", "chmfl", ["mask_hmfl (3,", "chmfl_gn4 (3,", "cnn2d_pet (2,"]),
    ("agrees_jaccard", "chmfl", "", ["3 of 3 rows"]),
    ("dice_of_other_prevalence", "chmfl", "cfl", ["36.0 to 40.0 %", "0.946 to 0.953", "0.707"]),
    ("agrees_prevalence", "chmfl", "chmfl", ["0.722"]),
    ("dice_of_other_prevalence", "chmfl", "vnet", ["0.712"]),
    ("claim_contradicted", "nas3dunet", "nas3dunet", ["3 of 3 values", "6.36 > 5.99", "6.40 > 5.68", "8.02 > 7.36"]),
    ("claim_contradicted", "nas3dunet", "nas3dunet", ["1 of 3 values", "dice_tc", "better in 0"]),
    ("values_swapped", "nas3dunet", "", ["epoch 56 with count 40"]),
    ("agrees_wins_with_tie", "radiogenomics", "n_features_lower_mae", ["10 features and 1 printed tie"]),
    ("features_alike", "radiogenomics", "", ["3 of 10", "14 of 20", "5 of 10"]),
    ("percent_points_or_relative", "radiogenomics", "mape", ["16.97", "24.4", "fits as percentage points"]),
    ("share_called_increase", "radiogenomics", "n_features_lower_mae", ["16 of 20 are 80 %"]),
    ("share_called_increase", "radiogenomics", "n_features_lower_mape", ["20 of 20 are 100 %"]),
    ("different_basis", "radsynth", "", ["40 min for one 512 × 512 image", "11.8 s for one patient"]),
    ("average_differs", "radsynth", "all", ["0.960", "0.98, 0.97 and 0.95", "0.967, fits"]),
]


@pytest.mark.parametrize(("kind", "study", "row", "words"), WORDS)
def test_what_the_findings_say(found: pd.DataFrame, kind: str, study: str, row: str, words: list[str]) -> None:
    part = found[(found["kind"] == kind) & (found["study"] == study) & (found["row"] == row)]
    assert any(all(word in text for word in words) for text in part["finding"]), list(part["finding"])


def test_all_other_rows_fit_a_matrix(found: pd.DataFrame) -> None:
    none = found[found["kind"] == "no_confusion_matrix"]
    assert set(zip(none["study"], none["table"], none["row"], strict=True)) == {
        ("chmfl", "table1", "mor_cnn3d"),
        ("chmfl", "table1", "mcl3d"),
    }
    last = found[found["kind"] == "last_digit"]
    assert set(last["row"]) == {
        *("cnlpc", "dlhn", "cnn2d_petct", "mcl3d"),
        *("chmfl_resnet50", "chmfl_resnet50_pretrained", "chmfl_gn8"),
    }


def test_the_radiogenomic_tables_agree(found: pd.DataFrame) -> None:
    kinds = set(found.loc[(found["study"] == "radiogenomics") & (found["table"] == "table2"), "kind"])
    assert not kinds & {"mean_differs", "wins_differ", "count_differs"}
    assert (found["kind"] == "agrees_mean").sum() == 8


def test_impossible_marks(found: pd.DataFrame) -> None:
    """Accuracies of 38 and 41 patients: (0.5/8)/√((4/15 + 1/6)/6/64) is t = 1.86, p = 0.092 with 10 degrees."""
    part = found[found["kind"] == "impossible_significance"]
    accuracy = part[part["column"] == "acc"].set_index("row")["implied"]
    assert accuracy.to_dict() == {"mcl3d": "p ≥ 1.000", "cnn3d_petct": "p ≥ 0.092"}
    # No mark of 3DMCL can hold, its AUC aside, which the folds do not bound.
    assert set(part.loc[part["row"] == "mcl3d", "column"]) == {"acc", "sen", "spe", "pre", "f1"}


def test_every_finding_is_whole(found: pd.DataFrame) -> None:
    assert list(found.columns) == COLUMNS
    assert found.map(lambda value: isinstance(value, str)).all(axis=None)
    assert (found["study"].ne("") & found["finding"].ne("") & found["kind"].str.fullmatch("[a-z_]+")).all()
    wrong = found[~found["kind"].str.startswith("agrees")]
    assert wrong["margin"].ne("").mean() > 0.95
    assert not found.duplicated().any()


def test_it_is_light(root: Path) -> None:
    code = (
        "import sys, rerad.evaluation as e\n"
        f"print(len(e.audit({str(root / 'config' / 'published')!r})))\n"
        "print(sorted({'torch', 'sklearn', 'SimpleITK', 'radiomics', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[1] == "[]"


def test_the_name_is_the_function() -> None:
    code = "import rerad.evaluation.findings, rerad.evaluation as e; print(callable(e.audit))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "True"


def test_the_files(root: Path, tmp_path: Path, found: pd.DataFrame) -> None:
    csv, md = tmp_path / "audit" / "findings.csv", tmp_path / "audit" / "findings.md"
    write_findings(root / "config" / "published", csv=csv, md=md)
    pd.testing.assert_frame_equal(pd.read_csv(csv, dtype=str, keep_default_na=False), found)
    first = (csv.read_bytes(), md.read_bytes())
    write_findings(root / "config" / "published", csv=csv, md=md)
    assert (csv.read_bytes(), md.read_bytes()) == first
    text = md.read_text()
    assert "## Findings" in text
    assert "## Checks passed" in text
    # A row is one line with as many cells as the head; the papers' stars do not become emphasis.
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1
    assert r"0.854\*" in text
