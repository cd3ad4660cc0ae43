"""Studies are found in the project and in a folder of one's own, and refused by name where a file will not do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from rerad.core.errors import ConfigError
from rerad.studies import load
from rerad.studies.files import published_file, study_files
from rerad.studies.merge import merge

SIXTH = Path(__file__).parents[1] / "workflow" / "sixth"


def test_a_study_of_ones_own_stands_beside_the_others(root: Path) -> None:
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    own = load(merge(config, {"studies_folder": str(SIXTH), "studies": {"sixth": {"folds": 6}}}), root=root)
    assert set(own.studies) == {"sixth", *load(config, root=root).studies}
    assert own.published("sixth", "table1") == [SIXTH / "sixth_table1.csv"]
    assert own.published("chmfl", "table1") == [root / "config" / "published" / "chmfl_table1.csv"]
    assert ("studies.sixth.folds", 3, 6) in own.difference()
    assert "entropy_only" in own.methods["sts"]


def test_it_has_the_folds_of_its_cohort(root: Path) -> None:
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    with pytest.raises(ConfigError, match=r"studies chmfl and sixth ask for 6 and 3 folds of sts"):
        load({**config, "studies_folder": str(SIXTH)}, root=root)


@pytest.mark.parametrize(
    ("name", "told"),
    [("chmfl.yaml", "the project has a study of this name"), ("my_paper.yaml", "not a name of a study")],
)
def test_a_name_that_does_not_do_is_refused(root: Path, tmp_path: Path, name: str, told: str) -> None:
    shutil.copy(SIXTH / "sixth.yaml", tmp_path / name)
    with pytest.raises(ConfigError, match=told):
        study_files(root, str(tmp_path))


def test_a_folder_without_studies_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"studies_folder: '.*' holds no <study>\.yaml"):
        study_files(root, str(tmp_path))
    with pytest.raises(ConfigError, match="is no folder"):
        study_files(root, str(tmp_path / "none"))
    assert published_file(root, study_files(root, None), "mmnas", "t.csv") == root / "config" / "published" / "t.csv"


def test_the_guide_shows_the_files_of_the_example(root: Path) -> None:
    blocks = re.findall(r"```(?:yaml|csv)\n(.*?)```", (root / "docs" / "add_a_paper.md").read_text(), re.DOTALL)
    assert blocks == [(SIXTH / name).read_text() for name in ("sixth.yaml", "sixth_table1.csv")]
