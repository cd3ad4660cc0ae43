"""What was stored comes back, and what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.cohorts.tcga_gbm.stored import open_expression, open_labels, store_expression, store_labels
from rerad.core.errors import ReradError

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)
GENES = pd.DataFrame({"gene": ["EGFR", "NA", "EGFR"], "id": ["1956", "", "1956"]})


def test_it_comes_back_without_being_read(tmp_path: Path) -> None:
    store_expression(tmp_path, np.asfortranarray(VALUES), GENES)
    found = open_expression(tmp_path)
    assert isinstance(found.values, np.memmap)
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.genes.to_dict("list") == {
        "column": [0, 1, 2],
        "gene": ["EGFR", "NA", "EGFR"],
        "id": ["1956", "", "1956"],
    }


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    store_expression(tmp_path, VALUES, GENES)
    np.save(tmp_path / "expression.npy", VALUES.astype(float))
    with pytest.raises(ReradError, match="float64 of 2 dimensions, not float32"):
        open_expression(tmp_path)
    np.save(tmp_path / "expression.npy", VALUES[:, :2])
    with pytest.raises(ReradError, match=r"genes\.csv: it does not list the 2 columns"):
        open_expression(tmp_path)
    (tmp_path / "expression.npy").write_bytes(b"x")
    with pytest.raises(ReradError, match=r"expression\.npy: cannot be read"):
        open_expression(tmp_path)


def test_labels_come_back_and_others_are_refused(tmp_path: Path) -> None:
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    store_labels(tmp_path, "A", labels)
    np.testing.assert_array_equal(open_labels(tmp_path, "A"), labels)
    np.save(tmp_path / "B.labels.npy", labels.astype(np.int64))
    with pytest.raises(ReradError, match=r"B\.labels\.npy: int64 of 3 dimensions, not uint8"):
        open_labels(tmp_path, "B")
    with pytest.raises(ReradError, match=r"C\.labels\.npy: cannot be read"):
        open_labels(tmp_path, "C")
