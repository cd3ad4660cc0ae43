"""Features of the prepared patients are those of their segmentations, whoever's these are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from nifti_scans import edit

from rerad.cohorts.tcga_gbm import describe as module
from rerad.cohorts.tcga_gbm.acquire import acquire
from rerad.cohorts.tcga_gbm.regions import largest_component
from rerad.core.errors import CaseError, ReradError
from rerad.radiomics import morphology
from rerad.radiomics.shape import FEATURES

Run = Callable[..., SimpleNamespace]


def test_features_are_those_of_the_files(phantom: Path, run: Run, described: Run) -> None:
    prepared = run(phantom)
    result = described(phantom, prepared.place / "cases.csv")
    cases = prepared.cases[prepared.cases["included"] == 1]
    assert result.features["case"].tolist() == cases["case"].tolist()
    assert list(result.features) == ["case", *(f"{roi}_{name}" for roi in ("enhancing", "edema") for name in FEATURES)]
    assert result.flow.empty
    for row, file in zip(result.features.to_dict("records"), cases["segmentation"], strict=True):
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(phantom / file)))
        for roi, label in (("enhancing", 4), ("edema", 2)):
            expected = morphology(largest_component(labels == label), (6.0, 5.0, 5.0))
            assert {name: row[f"{roi}_{name}"] for name in FEATURES} == pytest.approx(expected, rel=1e-9)
    assert result.features["enhancing_volume"].tolist() == pytest.approx(cases["enhancing_ml"].astype(float) * 1000)


def test_in_a_null_run_the_features_are_dealt_out(phantom: Path, run: Run, described: Run) -> None:
    own = described(phantom, run(phantom, name="own").place / "cases.csv", name="own").features
    null = run(phantom, name="null", permute_labels=1)
    dealt = described(phantom, null.place / "cases.csv", name="dealt").features
    assert dealt["case"].tolist() == own["case"].tolist()
    assert dealt["edema_volume"].tolist() != own["edema_volume"].tolist()
    assert sorted(dealt["edema_volume"]) == sorted(own["edema_volume"])


def test_one_and_two_processes_write_the_same_bytes(phantom: Path, run: Run, described: Run) -> None:
    cases = run(phantom).place / "cases.csv"
    one, two = described(phantom, cases, name="one"), described(phantom, cases, name="two", workers=2)
    for name in ("features.csv", "flow.csv"):
        assert (one.place / name).read_bytes() == (two.place / name).read_bytes()


def test_a_patient_who_cannot_be_described_is_an_empty_row(
    phantom: Path, run: Run, described: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = run(phantom)
    patient = prepared.cases["case"][2]
    real = module.features_of

    def fails_once(*arguments: Any, where: str, **options: Any) -> Any:
        if where == patient:
            raise CaseError("broken", where=f"{phantom}/x")
        return real(*arguments, where=where, **options)

    monkeypatch.setattr(module, "features_of", fails_once)
    result = described(phantom, prepared.place / "cases.csv")
    assert result.features.isna().all(axis=1).sum() == 0
    assert result.features.set_index("case").loc[patient].isna().all()
    assert result.features.set_index("case").drop(patient).notna().all(axis=None)
    assert result.flow.to_dict("records") == [
        {"case": patient, "stage": "describe", "modality": "segmentation", "status": "excluded", "reason": "x: broken"}
    ]
    monkeypatch.setattr(
        module, "features_of", lambda *_, where, **__: (_ for _ in ()).throw(CaseError("no", where=where))
    )
    with pytest.raises(ReradError, match="nobody can be described, the first because: PHANTOM"):
        described(phantom, prepared.place / "cases.csv", name="none")


def test_who_is_not_included_has_no_row(raw: Path, run_local: Run, described: Run, tmp_path: Path) -> None:
    path = min(raw.rglob("*.nii.gz"))
    edit(path, lambda array: np.where(array == 2, 0, array))
    prepared = run_local(raw)
    features = described(tmp_path / "data" / "tcga_gbm", prepared.place / "cases.csv").features
    assert len(features) == 4
    assert path.name.split("_")[0] not in set(features["case"])
    assert features.notna().all(axis=None)


def test_a_table_of_another_cohort_is_refused(phantom: Path, run: Run, described: Run) -> None:
    cases = run(phantom).place / "cases.csv"
    table = pd.read_csv(cases)
    table.loc[0, "segmentation"] = "other.nii.gz"
    table.to_csv(cases, index=False)
    with pytest.raises(ReradError, match=r"cases\.csv: other\.nii\.gz is not in the manifest"):
        described(phantom, cases)


def test_real_masks(real_data: Path, phantom: Path, tmp_path: Path, run: Run, described: Run) -> None:
    """Two real tumours in the place of two that were drawn, one of either coding."""
    raw = tmp_path / "raw"
    (raw / "cbioportal").mkdir(parents=True)
    table = "cbioportal/data_mrna_affymetrix_microarray.txt"
    (raw / table).write_bytes((phantom / table).read_bytes())
    names = {
        "PHANTOM-00-0001": "BraTS2021_00006/BraTS2021_00006_seg",
        "PHANTOM-00-0002": "BraTS-GLI-00000-000/BraTS-GLI-00000-000-seg",
    }
    for patient, file in names.items():
        target = raw / f"{patient}_2000.01.01_GlistrBoost_ManuallyCorrected.nii.gz"
        target.write_bytes((real_data / "brats" / f"{file}.nii.gz").read_bytes())
    acquire(tmp_path / "data", source="local", settings={"path": str(raw), "licence": None, "doi": None}, seed=0)
    prepared = run(tmp_path / "data")
    assert prepared.cases["label_coding"].tolist()[:2] == ["et4", "et3"]
    result = described(tmp_path / "data", prepared.place / "cases.csv").features.set_index("case")
    for patient, file in names.items():
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(real_data / "brats" / f"{file}.nii.gz")))
        row = result.loc[patient]
        for roi, label in (("enhancing", labels.max()), ("edema", 2)):
            assert 0.8 * (labels == label).sum() < row[f"{roi}_volume"] <= (labels == label).sum()
        # The ranges that the paper prints in Table 3, with some room.
        assert 0.1 < row["enhancing_sphericity"] < 0.9
        assert 20 < row["edema_max_diameter"] < 140
        assert np.isfinite(row.to_numpy(float)).all()
