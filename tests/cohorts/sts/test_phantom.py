"""What a phantom promises: its risk, its sizes, its bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from rerad.cohorts.sts.clinical import lung_metastasis, read_clinical
from rerad.cohorts.sts.phantom import draw_scans, write_phantom
from rerad.cohorts.sts.phantom_risk import plant
from rerad.core.errors import ConfigError

SEEDS = range(10)


def labelled(settings: dict[str, Any], seed: int) -> pd.DataFrame:
    table = pd.DataFrame(plant(settings, seed))
    return table[table["target"].notna()].astype({"target": int})


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_and_volume_are_as_planted_for_every_seed(planted_settings: dict[str, Any], seed: int) -> None:
    table = labelled(planted_settings, seed)
    assert table["target"].sum() == 24
    assert len(table) == 48
    assert roc_auc_score(table["target"], table["risk"]) == pytest.approx(0.95, abs=0.02)
    assert roc_auc_score(table["target"], table["size"]) <= 0.75
    assert roc_auc_score(table["target"], table["heterogeneity"]) >= 0.85


def test_without_an_effect_nothing_tells_the_outcome(planted_settings: dict[str, Any]) -> None:
    areas = []
    for seed in range(150):
        table = labelled(planted_settings | {"effect_size": 0.0}, seed)
        areas.append([roc_auc_score(table["target"], table[n]) for n in ("heterogeneity", "size", "irregularity")])
    # The AUC of noise at 24 + 24 has the standard deviation √(49 / (12 · 24 · 24)) = 0.084: a standard error of 0.007.
    assert np.mean(areas, axis=0) == pytest.approx([0.5] * 3, abs=0.025)
    assert np.std(areas, axis=0) == pytest.approx([0.084] * 3, abs=0.02)


def test_same_seed_same_bytes_and_another_seed_another_cohort(
    phantom: Path, small_settings: dict[str, Any], tmp_path: Path
) -> None:
    for name, seed, workers in (("same", 0, 2), ("other", 1, 1)):
        (tmp_path / name).mkdir()
        write_phantom(tmp_path / name, small_settings, seed, workers=workers)
    first, same, other = (bytes_of(folder) for folder in (phantom, tmp_path / "same", tmp_path / "other"))
    # 9 cases: 40 slices of PT, for 7 of them 40 of CT, an RTSTRUCT for each and one of an absent MR; 2 tables.
    assert len(same) == 9 * (40 + 2) + 7 * (40 + 1) + 2
    assert same == {file: content for file, content in first.items() if file in same}
    assert {file for file in other if file in first} == {"INFOclinical_STS.xlsx", "oracle.csv"}


def test_the_workbook_holds_no_time_of_writing(phantom: Path) -> None:
    content = (phantom / "INFOclinical_STS.xlsx").read_bytes()
    assert b"1980" not in content[:30]  # dates are binary there: 1980-01-01 is 0x0021
    assert content[10:14] == b"\x00\x00\x21\x00"


def test_the_clinical_table_says_what_was_planted(phantom: Path) -> None:
    oracle = pd.read_csv(phantom / "oracle.csv")
    clinical = read_clinical(phantom / "INFOclinical_STS.xlsx")
    joined = clinical.merge(oracle, on="case", how="outer", suffixes=("", "_planted"))
    assert len(joined) == 9
    assert joined["included"].sum() == 8
    both = joined[joined["included"] == 1]
    assert both["target"].tolist() == both["target_planted"].tolist()
    vector = pd.read_excel(phantom / "INFOclinical_STS.xlsx", sheet_name="Outcome vector")
    assert vector["LungMets"].tolist() == lung_metastasis(clinical["outcome"]).tolist()


def test_scans_have_one_field_of_view_and_the_planted_volume(phantom: Path, small_settings: dict[str, Any]) -> None:
    volumes, without_ct = [], 0
    for patient in plant(small_settings, 0):
        images = draw_scans(patient, small_settings, 0)
        pet, gtv, ct_gtv = images["PET_image"], sitk.GetArrayFromImage(images["PET_mask"]) > 0, images["CT_mask"]
        assert list(pet.GetSize()[::-1]) == small_settings["pet_size"]
        assert pet.GetSpacing() == (4, 4, 4)
        values = sitk.GetArrayFromImage(pet)
        assert values.min() >= 0
        assert values[gtv].mean() > 2 * np.median(values)
        volume = gtv.sum() * 0.064
        assert sitk.GetArrayFromImage(ct_gtv).sum() * 0.016 == pytest.approx(volume, rel=0.05)
        volumes.append(volume)
        without_ct += not (phantom / patient.case / "CT").exists()
    assert without_ct == 2
    assert 10 <= min(volumes) < max(volumes) <= 30
    planted = pd.DataFrame(plant(small_settings, 0)).set_index("case").sort_index()
    assert spearmanr(planted["size"], volumes).statistic > 0.99


def test_heterogeneity_can_be_seen_in_the_uptake(planted_settings: dict[str, Any]) -> None:
    settings = planted_settings | {"cases": 16, "positives": 8, "recurrences": 0}
    patients, variation = plant(settings, 0), []
    for patient in patients:
        images = draw_scans(patient, settings, 0)
        inside = sitk.GetArrayFromImage(images["PET_image"])[sitk.GetArrayFromImage(images["PET_mask"]) > 0]
        variation.append(inside.std() / inside.mean())
    assert spearmanr([patient.risk for patient in patients], variation).statistic > 0.7


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"positives": 48}, "positives"),
        ({"without_ct": 49}, "without_ct"),
        ({"effect_size": 1.5}, "effect_size"),
        ({"oracle_auc": 0.2}, "oracle_auc"),
        ({"volume_weight": 1.0, "volume_auc_max": 0.6}, "volume_auc_max"),
        ({"volume_ml": [2000, 3000]}, "volume_ml"),
        ({"volume_ml": [0.01, 0.02]}, "volume_ml"),
    ],
)
def test_settings_that_cannot_be_met_are_named(
    planted_settings: dict[str, Any], tmp_path: Path, change: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        write_phantom(tmp_path, planted_settings | change, 0)
    assert caught.value.where == f"cohorts.sts.phantom.{key}"
