"""Prepared cases: what was written is what is mapped, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.imaging.stored import Contents, open_case, read_contents, store_case, store_contents


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    store_case(tmp_path, "a", generator.normal(size=(4, 3, 4, 5)), np.ones((3, 4, 5), np.int64))
    return tmp_path


def test_a_case_is_memory_mapped(arrays: Path) -> None:
    images, labels = open_case(arrays, "a", channels=4)
    assert isinstance(images, np.memmap)
    assert isinstance(labels, np.memmap)
    assert (images.dtype, labels.dtype) == (np.float32, np.uint8)
    expected = np.random.default_rng(0).normal(size=(4, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(images, expected)


def test_files_of_another_kind_are_refused(arrays: Path) -> None:
    with pytest.raises(ReradError, match=r"images of shape \(4, 3, 4, 5\) for 3 channels"):
        open_case(arrays, "a", channels=3)
    with pytest.raises(ReradError, match=r"b\.images\.npy: cannot be read"):
        open_case(arrays, "b", channels=4)
    np.save(arrays / "a.labels.npy", np.ones((3, 4, 6), np.uint8))
    with pytest.raises(ReradError, match=r"labels of shape \(3, 4, 6\)"):
        open_case(arrays, "a", channels=4)
    np.save(arrays / "a.labels.npy", np.ones((3, 4, 5), np.int16))
    with pytest.raises(ReradError, match=r"a\.labels\.npy: int16 of 3 dimensions, not uint8"):
        open_case(arrays, "a", channels=4)
    path = arrays / "a.images.npy"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ReradError, match=r"a\.images\.npy: cannot be read"):
        open_case(arrays, "a", channels=4)


def test_what_the_files_hold_is_told_beside_them(tmp_path: Path) -> None:
    contents = Contents(("t1", "t2"), {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}, {"scale": 100})
    store_contents(tmp_path, contents)
    assert read_contents(tmp_path) == contents
    assert list(read_contents(tmp_path).regions) == ["WT", "TC", "ET"]  # the order in which they are painted


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"channels": ["t1"], "intensity": {}}',
        '{"channels": [], "regions": {"WT": [1]}, "intensity": {}}',
        '{"channels": ["t1"], "regions": {"WT": ["x"]}, "intensity": {}}',
        '{"channels": ["t1"], "regions": {"WT": [1, 2], "TC": [4]}, "intensity": {}}',
        '{"channels": ["t1"], "regions": {"WT": [1], "TC": [1]}, "intensity": {}}',
    ],
)
def test_contents_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "contents.json").write_text(text)
    with pytest.raises(ReradError, match=r"contents\.json: .*Remove the cohort's folder"):
        read_contents(tmp_path)
