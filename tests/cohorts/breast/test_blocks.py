"""One patient as blocks of slices."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rerad.cohorts.breast import about
from rerad.core.errors import ReradError
from rerad.core.splits import make_splits
from rerad.imaging.geometry import from_cells
from rerad.imaging.stored import open_case

Run = Callable[..., SimpleNamespace]


def test_blocks_are_the_slices_of_the_whole_and_are_split_as_patients(
    raw: Path, run_local: Run, prepare_settings: dict[str, Any]
) -> None:
    names = sorted(path.name for path in raw.iterdir() if path.is_dir())
    for name in names[1:]:
        shutil.rmtree(raw / name)
    (raw / "groups.csv").unlink()
    whole = run_local(raw)
    cut = run_local(raw, name="cut", settings={**prepare_settings, "slice_blocks": 2})
    assert cut.cases["case"].tolist() == [f"{names[0]}_block1", f"{names[0]}_block2"]
    assert set(cut.cases["block_of"]) == {names[0]}
    assert whole.cases["block_of"].tolist() == [""]
    images, labels = open_case(whole.arrays, names[0], channels=1)
    blocks = [open_case(cut.arrays, case, channels=1) for case in cut.cases["case"]]
    axis = int(whole.cases["slice_axis"].iloc[0])
    assert np.array_equal(np.concatenate([one.images[0] for one in blocks], axis=axis), images[0])
    assert np.array_equal(np.concatenate([one.labels for one in blocks], axis=axis), labels)
    assert cut.cases["low"].nunique() == cut.cases["high"].nunique() == 1  # the range of the whole
    second = from_cells(cut.cases.iloc[1].to_dict(), where="second")
    assert second.box_start[axis] == blocks[0].labels.shape[axis]
    assert len(make_splits(cut.cases, folds=2, seed=0)) == 4
    assert "ONE PATIENT" in about.notes(cut.cases)[0]
    assert about.size(cut.cases) == "1 patient in 2 blocks of slices"
    assert not any("ONE PATIENT" in note for note in about.notes(whole.cases))


def test_several_patients_are_not_cut(phantom: Path, run: Run, prepare_settings: dict[str, Any]) -> None:
    with pytest.raises(ReradError, match="3 cases to cut into 2 blocks"):
        run(phantom, settings={**prepare_settings, "slice_blocks": 2})
