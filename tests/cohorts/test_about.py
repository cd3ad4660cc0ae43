"""What tables and pages say of each cohort."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from rerad.cohorts import COHORTS, about

STS = pd.DataFrame(
    {"included": [1, 1, 1, 0], "target": [1, 0, 1, None], "has_ct": [1, 1, 0, 1], "cropped": [0, 1, 0, 0]}
)
BRATS = pd.DataFrame(
    {"included": [1, 1, 1, 1, 0], "grade": ["HGG", "LGG", None, "HGG", "HGG"], "et_ml": [3.0, 0.0, 1.0, 2.0, 0.0]}
)
BREAST = pd.DataFrame(
    {"included": [1, 1, 1, 1], "group": ["normal", "benign", "malignant", ""], "evaluated": [1, 0, 1, 0]}
)


def included(cases: pd.DataFrame) -> pd.DataFrame:
    return cases[cases["included"] == 1]


def test_counts_of_sarcomas() -> None:
    told = about("sts")
    assert told.size(included(STS)) == "3 patients, 2 with distant metastases"
    assert told.paper_size({"cases": 48, "positives": 24}) == "48 and 24"
    assert list(told.facts(STS).values()) == [4, 3, 2, 2, 1]
    assert told.notes(included(STS))[0].startswith("1 of 3 images end close around the tumour")
    assert told.notes(included(STS.assign(cropped=0))) == []


def test_counts_of_gliomas() -> None:
    told = about("brats")
    assert told.size(included(BRATS)) == "4 patients (2 HGG, 1 LGG, 1 of unknown grade)"
    assert told.paper_size({"cases": 335, "positives": 259}) == "335 patients (259 HGG, 76 LGG)"
    assert told.positives(included(BRATS)) == 2
    assert told.facts(BRATS) == {
        "Prepared": 5, "Included": 4, "HGG": 2, "LGG": 1, "Grade unknown": 1, "Without enhancing tumour": 1,
    }  # fmt: skip
    assert told.notes(included(BRATS)) == ["1 of 4 cases have no enhancing tumour (ET)."]
    nobody = included(BRATS.assign(grade=None))
    assert told.size(nobody) == "4 patients (4 of unknown grade)"


def test_counts_of_breasts() -> None:
    told = about("breast")
    assert told.size(included(BREAST)) == "4 patients (1 normal, 1 benign, 1 malignant, 1 of unknown group)"
    assert told.paper_size({"cases": 24, "positives": 10}) == "24 patients (10 malignant)"
    assert told.positives(included(BREAST)) == 1
    assert told.facts(BREAST) == {
        "Prepared": 4, "Normal": 1, "Benign": 1, "Malignant": 1, "For training and timing only": 2,
    }  # fmt: skip
    assert told.notes(BREAST) == ["2 of 4 cases lack a lesion mask or a group: they serve training and timing."]
    assert told.notes(BREAST.assign(evaluated=1)) == []


@pytest.mark.parametrize("cohort", COHORTS)
def test_every_cohort_says_the_same_things(cohort: str) -> None:
    told = about(cohort)
    assert all(isinstance(getattr(told, name), str) for name in ("COUNTED", "JUDGED", "TUMOUR", "BOX", "PICTURE"))
    assert all(isinstance(name, str) for name in told.MODALITIES)


def test_a_dry_run_that_asks_for_it_loads_nothing_heavy() -> None:
    code = (
        "import sys; from rerad.cohorts import COHORTS, about\n"
        "[about(cohort) for cohort in COHORTS]\n"
        "print(sorted({'torch', 'pandas', 'SimpleITK', 'scipy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
