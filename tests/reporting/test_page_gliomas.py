"""The page of a run with gliomas: counts, brain cube, pictures and the list of every case."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from glioma_run import Gliomas, prepare_gliomas
from PIL import Image

from rerad.reporting.assemble import make_table


@pytest.fixture
def gliomas(tmp_path: Path) -> Gliomas:
    return prepare_gliomas(tmp_path / "brats")


def test_a_cohort_of_gliomas_is_told_in_its_own_words(
    report: Callable, check_html: Callable, gliomas: Gliomas, tmp_path: Path
) -> None:
    table = pd.DataFrame({"case": ["G1", "G2"], **{f"extent_{axis}_mm": [12, 18] for axis in "zyx"}})
    table.assign(clipped_fraction=[0, 0.25]).to_csv(tmp_path / "box.csv", index=False)
    (tmp_path / "flow.csv").write_text(
        "case,stage,modality,status,reason\nG9,prepare,all,excluded,t1ce: every voxel is 0\n"
    )
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "pictures" / "G1.png")
    cohort = {
        "id": "brats", "cases": gliomas.cases, "patient_flow": tmp_path / "flow.csv",
        "features_flow": tmp_path / "none.csv", "box_check": tmp_path / "box.csv", "quality": tmp_path / "pictures",
        "phantom": False, "notes": ["1 of 5 cases have no enhancing tumour (ET)."],
    }  # fmt: skip
    study = {
        "id": "nas3dunet", "title": "Gliomas", "reference": "x", "figures": [], "deviations": [], "tables": [],
        "per_case": "nas3dunet/cases.csv",
    }  # fmt: skip
    text = report(phantom=False, studies=[study], cohorts=[cohort])
    checker = check_html(text)
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))
    assert facts == {
        "Prepared": "5", "Included": "5", "HGG": "3", "LGG": "2", "Grade unknown": "0", "Without enhancing tumour": "1",
    }  # fmt: skip
    for said in (
        "Does every tumour fit the brain cube?", "largest tumour extents are 18", "The brain cube clips 1 tumour",
        "four modalities with the contours of WT, TC and ET", "t1ce: every voxel is 0", "1 of 5 cases have no",
    ):  # fmt: skip
        assert said in text
    assert not any(word in text for word in ("metastases", "GTV", "PET"))
    assert "nas3dunet/cases.csv" in checker.targets


def test_a_table_takes_its_words_and_counts_from_the_cohort(
    gliomas: Gliomas, tmp_path: Path, write_metrics: Callable, write_costs: Callable
) -> None:
    metrics = write_metrics("unet3d", {"dice_wt": (0.8, 0.7, 0.9)}, n=5, best_test=None, task="segmentation")
    costs = write_costs("unet3d")
    files = {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    table = {
        "title": "T", "task": "segmentation", "primary": "dice_wt", "columns": {"dice_wt": "dice_wt"},
        "rows": [{"method": "unet3d", "label": "U", "kind": "paper"}],
    }  # fmt: skip
    settings = {
        "tables": {"t": table}, "paper_cohort": {"cases": 335, "positives": 259}, "primary": "dice_wt", "deviations": [],
    }  # fmt: skip
    make_table(
        study="nas3dunet", settings=settings, table="t", about={"name": "brats", "source": "local", "phantom": False},
        cases=gliomas.cases, published=None, metrics=[metrics], costs=[costs], stale=[], comparisons=None, **files,
    )  # fmt: skip
    text = files["md"].read_text(encoding="utf-8")
    assert "Cohort brats (source: local): 5 patients (3 HGG, 2 LGG); the paper: 335 patients (259 HGG, 76 LGG)." in text
    assert "1 of 5 cases have no enhancing tumour (ET)." in text
    assert 'title="patients"' in files["html"].read_text(encoding="utf-8")
