"""Preparation: a row for every patient who cannot take part, and an error where nobody can."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from nifti_scans import edit

from rerad.core.errors import ReradError

Run = Callable[..., SimpleNamespace]
TABLE = "cbioportal/data_mrna_affymetrix_microarray.txt"


def first(raw: Path) -> Path:
    return min(raw.rglob("*.nii.gz"))


def breaks(path: Path) -> dict[str, tuple[Callable[[], object], str]]:
    """Return ways to break a segmentation, each with what its row says."""
    patient = path.name.split("_")[0]
    where = f"segmentations/{patient}/{path.name}"

    def speck() -> None:
        edit(path, lambda array: np.where(np.cumsum(array == 4).reshape(array.shape) == 1, array, array * (array != 4)))

    return {
        "cut": (lambda: path.write_bytes(path.read_bytes()[:-200]), f"{where}: cannot be read"),
        "label": (lambda: edit(path, lambda array: np.where(array == 1, 5, array)), f"{where}: labels 2, 4, 5"),
        "empty": (lambda: edit(path, lambda array: array * 0), f"{where}: the segmentation marks no voxel"),
        "no enhancement": (
            lambda: edit(path, lambda array: np.where(array == 4, 1, array)),
            f"{patient}: no voxel is enhancing (label 4)",
        ),
        "no edema": (lambda: edit(path, lambda array: np.where(array == 2, 0, array)), f"{patient}: no voxel is edema"),
        "speck": (speck, f"{patient}: enhancing (label 4) is so small that its max_diameter is 0"),
    }


@pytest.mark.parametrize("how", ["cut", "label", "empty", "no enhancement", "no edema", "speck"])
def test_a_broken_segmentation_leaves_the_expression(raw: Path, run_local: Run, how: str) -> None:
    path = first(raw)
    patient = path.name.split("_")[0]
    change, message = breaks(path)[how]
    change()
    result = run_local(raw)
    (row,) = (
        result.patient_flow[result.patient_flow["reason"] != "no segmentation"]
        .query(f"case == '{patient}'")
        .query("modality == 'segmentation'")
        .to_dict("records")
    )
    assert row["status"] == "expression only"
    assert row["reason"].startswith(message)
    case = result.cases.set_index("case").loc[patient]
    assert (case["included"], case["has_imaging"], case["enhancing_ml"]) == (0, 1, "")
    assert result.cases["included"].tolist() == [1] * 4 + [0] * 6
    assert patient not in set(result.box_check["case"])


def test_two_segmentations_of_one_scan_leave_the_expression(raw: Path, run_local: Run) -> None:
    path = first(raw)
    (raw / "copy").mkdir()
    shutil.copy(path, raw / "copy" / path.name)
    result = run_local(raw)
    (reason,) = result.patient_flow[result.patient_flow["modality"] == "segmentation"].query("status == 'excluded'")[
        "reason"
    ]
    assert "2 segmentations: copy/" in reason
    assert result.cases["included"].sum() == 4
    assert len(result.cases) == 10


def columns(raw: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change every line of the table as a list of its fields."""
    path = raw / TABLE
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    path.write_text("\n".join("\t".join(change(fields)) for fields in lines) + "\n")


def test_images_without_expression_are_a_row(raw: Path, run_local: Run) -> None:
    patient = first(raw).name.split("_")[0]
    header = (raw / TABLE).read_text().splitlines()[0].split("\t")
    gone = {header.index(name) for name in header if name.startswith(patient)}
    columns(raw, lambda fields: [field for index, field in enumerate(fields) if index not in gone])
    result = run_local(raw)
    assert patient not in set(result.cases["case"])
    (row,) = result.patient_flow[result.patient_flow["case"] == patient].to_dict("records")
    assert (row["modality"], row["status"]) == ("expression", "excluded")
    assert row["reason"] == "no expression of a primary tumour"


def test_a_patient_with_a_recurrence_only_is_a_row(raw: Path, run_local: Run) -> None:
    patient = first(raw).name.split("_")[0]
    path = raw / TABLE
    path.write_text(
        path.read_text().replace(f"{patient}-02", f"{patient}-03").replace(f"{patient}-01", f"{patient}-02")
    )
    rows = run_local(raw).patient_flow.query(f"case == '{patient}'")
    (row,) = rows.to_dict("records")
    assert row["status"] == "excluded"
    assert row["reason"].startswith(f"no sample of a primary tumour: {patient}-02")


def test_genes_that_a_sample_lacks_are_left_out(raw: Path, run_local: Run) -> None:
    columns(raw, lambda fields: ["NA" if field == fields[4] and fields[0] == "PHANTOM3" else field for field in fields])
    genes = run_local(raw).expression.genes
    assert genes["gene"].tolist() == [f"PHANTOM{number}" for number in range(1, 13) if number != 3]
    assert genes["column"].tolist() == list(range(11))


def test_without_any_pair_there_is_an_error(raw: Path, run_local: Run) -> None:
    for path in raw.rglob("*.nii.gz"):
        edit(path, lambda array: array * 0)
    with pytest.raises(ReradError, match=r"expression and both regions; for example segmentations/.*marks no voxel"):
        run_local(raw)


def test_a_broken_table_ends_the_run(raw: Path, run_local: Run) -> None:
    (raw / TABLE).write_text((raw / TABLE).read_text()[:-40])
    with pytest.raises(ReradError, match=r"line 13: \d+ fields under 14 columns"):
        run_local(raw)


def test_two_tables_are_refused(raw: Path, run_local: Run) -> None:
    (raw / "files.csv").write_text("file,sample,aliquot\n")
    with pytest.raises(ReradError, match=r"2 tables of expression: cbioportal/data_mrna.*, files\.csv"):
        run_local(raw)


def test_what_changed_since_it_was_acquired_is_told(phantom: Path, tmp_path: Path, run: Run) -> None:
    folder = shutil.copytree(phantom, tmp_path / "changed")
    edit(first(folder), lambda array: np.where(array == 1, 4, array))
    result = run(folder)
    (reason,) = result.patient_flow[result.patient_flow["reason"].str.contains("changed since")]["reason"]
    assert str(tmp_path) not in reason
    with open(folder / TABLE, "a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(ReradError, match=r"microarray\.txt: changed since it was acquired"):
        run(folder, name="other")


def test_a_scan_in_place_of_its_segmentation_is_told(raw: Path, run_local: Run) -> None:
    path = first(raw)
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.Cast(image, sitk.sitkFloat32) * 100.5, str(path))
    reasons = run_local(raw).patient_flow["reason"]
    assert reasons.str.contains(r"labels 100\.5, 201, 402").sum() == 1
