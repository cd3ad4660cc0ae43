"""The files of searches are read as they were written, and refused by name where they are broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drawn_genotypes import drawn_genotype

from rerad.core.errors import ReradError
from rerad.reporting.searches import read_architectures, read_courses
from rerad.search.graph import architecture
from rerad.training.predictions import HISTORY


def chunk(folder: Path, text: str, name: str = "fold1", file: str = "chosen.json") -> Path:
    path = folder / "trained" / "sts" / "mmnas3d" / "seed0" / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_folds_come_in_order_with_those_that_failed(tmp_path: Path) -> None:
    choices = {fold: {"genotype": drawn_genotype(fold)} for fold in (2, 10)}
    files = [
        chunk(tmp_path, json.dumps({"failed": None, "folds": {fold: found}}), f"fold{fold}")
        for fold, found in choices.items()
    ]
    files.append(chunk(tmp_path, '{"failed": "no memory", "folds": {}}', "fold3"))
    found = read_architectures(files)
    assert list(found) == [2, 3, 10]
    assert found[3] is None
    assert found[10] == architecture(drawn_genotype(10))
    assert read_architectures([chunk(tmp_path / "b", '{"failed": "no memory", "folds": {}}', "all")]) == {}


def test_the_chunks_make_no_difference(tmp_path: Path) -> None:
    choices = {str(fold): {"genotype": drawn_genotype(fold)} for fold in (1, 2)}
    by_fold = [
        chunk(tmp_path, json.dumps({"failed": None, "folds": {fold: found}}), f"fold{fold}")
        for fold, found in choices.items()
    ]
    together = chunk(tmp_path, json.dumps({"failed": None, "folds": choices}), "all")
    assert read_architectures(by_fold) == read_architectures([together])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"failed": null, "fol', "cannot be read"),
        ('{"failed": null}', "'folds' does not lead"),
        ("[]", "'folds' does not lead"),
        ('{"failed": null, "folds": {"one": {}}}', "'folds' does not lead"),
        ('{"failed": null, "folds": {"1": []}}', "'folds' does not lead"),
        ('{"failed": null, "folds": {"1": {"C": 3}}}', "fold 1 has no genotype"),
        ('{"failed": null, "folds": {"1": {"genotype": {}}}}', r"folds\.1\.genotype.*format"),
    ],
)
def test_a_broken_choice_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ReradError, match=rf"chosen\.json.*{said}"):
        read_architectures([chunk(tmp_path, text)])


def test_a_broken_course_is_named(tmp_path: Path) -> None:
    header = ",".join(HISTORY)
    good = chunk(tmp_path, f"{header}\n1,1,train,loss,0.5\n", file="search_history.csv")
    empty = chunk(tmp_path, f"{header}\n", "fold2", file="search_history.csv")
    found = read_courses([good, empty])
    assert found.to_dict("records") == [
        {"seed": 0, "fold": 1, "epoch": 1, "split": "train", "quantity": "loss", "value": 0.5}
    ]
    assert read_courses([empty]).empty
    for text, said in (("", "cannot be read"), ("fold,step\n1,2\n", "column 'epoch' is missing")):
        with pytest.raises(ReradError, match=rf"search_history\.csv: {said}"):
            read_courses([chunk(tmp_path, text, "fold3", file="search_history.csv")])
