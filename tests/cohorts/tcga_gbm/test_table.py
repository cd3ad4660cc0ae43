"""The table of cBioPortal: values, missing ones, and what is refused with its line or column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.cohorts.tcga_gbm.expression import taken
from rerad.cohorts.tcga_gbm.table import Expression, read_table
from rerad.core.errors import ReradError

HEAD = "Hugo_Symbol\tEntrez_Gene_Id\tTCGA-02-0001-01\tTCGA-02-0002-01\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "table.txt"
    path.write_text(text)
    return path


def test_values_and_genes(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "EGFR\t1956\t12.5\t-0.25\n\t5156\t3\t4e1\nEGFR\t1956\tNA\t7\n")
    found = read_table(path)
    assert found.samples == ["TCGA-02-0001-01", "TCGA-02-0002-01"]
    assert found.genes.to_dict("list") == {"gene": ["EGFR", "5156", "EGFR"], "id": ["1956", "5156", "1956"]}
    np.testing.assert_array_equal(found.values, np.array([[12.5, 3, np.nan], [-0.25, 40, 7]], np.float32))
    assert found.values.dtype == np.float32
    without = write(tmp_path, "Hugo_Symbol\tTCGA-02-0001-01\r\nEGFR\t1\r\n")
    assert read_table(without).genes.to_dict("list") == {"gene": ["EGFR"], "id": [""]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"table\.txt: the columns are"),
        ("gene\tTCGA-02-0001-01\nEGFR\t1\n", r"table\.txt: the columns are gene, TCGA-02-0001-01"),
        ("Hugo_Symbol\tEntrez_Gene_Id\nEGFR\t1\n", "the columns are Hugo_Symbol, Entrez_Gene_Id"),
        (HEAD.replace("0002-01", "0002"), r"column 'TCGA-02-0002' is no barcode"),
        (HEAD.replace("0002-01", "0001-01"), "2 columns are named TCGA-02-0001-01"),
        (HEAD, r"table\.txt: no gene"),
        (HEAD + "EGFR\t1956\t1\t2\nTP53\t7157\t1\n", r"table\.txt, line 3: 3 fields under 4 columns"),
        (HEAD + "EGFR\t1956\t1\t2,5\n", r"line 2: '2,5' of TCGA-02-0002-01 is no number"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReradError, match=message):
        read_table(write(tmp_path, text))


def expression(values: list[list[float]]) -> Expression:
    genes = pd.DataFrame({"gene": list("abcd")[: len(values[0])], "id": ""})
    return Expression(np.array(values, np.float32), [f"S{row}" for row in range(len(values))], genes, {})


def test_genes_without_a_value_or_without_a_difference_are_left_out() -> None:
    found = taken(expression([[1, 7, 5, 4], [2, 1, 5, 9], [3, np.inf, 6, 9]]), [2, 0])
    assert found.samples == ["S2", "S0"]
    assert found.genes["gene"].tolist() == ["a", "c", "d"]
    np.testing.assert_array_equal(found.values, [[3, 6, 9], [1, 5, 4]])
    assert found.values.flags.c_contiguous
    # The same gene is the same in the two that are taken now.
    assert taken(expression([[1, 2, 5, 4], [2, 1, 5, 9], [3, 3, 6, 9]]), [0, 1]).genes["gene"].tolist() == list("abd")


def test_without_a_gene_that_all_have_there_is_an_error() -> None:
    with pytest.raises(ReradError, match=r"expression: no gene has a value in every sample; S1 lacks 2 of 2"):
        taken(expression([[1, 2], [np.nan, np.nan], [3, np.nan]]), [0, 1, 2])
