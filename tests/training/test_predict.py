"""New cases by a kept model: labels where the scan has them, a row for every case, and errors by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import tiny_patches
import tiny_regions
import torch

from rerad.core.errors import ReradError
from rerad.training.predict import predict

ABOUT = {
    "model": "tiny_regions",
    "network": {"width": 4, "dropout": 0.0},
    "channels": ["flair", "t1"],
    "shape": [8, 8, 8],
    "columns": 0,
    "regions": {"WT": [1, 2, 4], "TC": [1, 4], "ET": [4]},
    "patch": [8, 8, 8],
    "intensity": {"scale": 100, "offset": 0.1},
}


@pytest.fixture(autouse=True)
def tiny() -> None:
    tiny_patches.install()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network that calls flair above 50 tumour, t1 above 50 core and both of them enhancing."""
    network = tiny_regions.build(ABOUT["network"], channels=ABOUT["channels"], shape=(8, 8, 8))
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        network.first.weight[0, 0, 1, 1, 1] = network.first.weight[1, 1, 1, 1, 1] = 1.0  # flair / 50, t1 / 50
        network.last.weight[:, :2, 0, 0, 0] = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        network.last.bias[:] = torch.tensor([-1.0, -1.0, -2.5])
    torch.save({**ABOUT, "state": network.state_dict()}, tmp_path / "fold1.pt")
    return tmp_path / "fold1.pt"


def write_case(folder: Path, name: str, code: str = "RAS", seed: int = 0) -> dict[str, sitk.Image]:
    """Write four modalities of a brain in a corner of the scan, stored with axes that run as told."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for kind in tiny_patches.MODALITIES:
        values = np.zeros((12, 14, 16), np.int16)
        values[1:11, 2:13, 3:12] = random.integers(1, 1000, size=(10, 11, 9))
        image = sitk.GetImageFromArray(values)
        image.SetSpacing((1.0, 1.5, 2.0))
        image.SetOrigin((-3.0, 7.0, 2.5))
        found[kind] = sitk.DICOMOrient(image, code)
        sitk.WriteImage(found[kind], str(folder / f"{name}_{kind}.nii.gz"))
    return found


@pytest.mark.parametrize("code", ["LPS", "RAS", "SAL"])
def test_labels_lie_on_the_grid_of_the_scan(tmp_path: Path, model: Path, code: str) -> None:
    scans = write_case(tmp_path / "new" / "a", "case_a", code)
    predict(model=model, folder=tmp_path / "new", output=tmp_path / "out", device="cpu")
    labels = sitk.ReadImage(str(tmp_path / "out" / "case_a.nii.gz"))
    assert labels.GetSize() == scans["t1"].GetSize()
    for theirs, ours in ((labels.GetSpacing(), scans["t1"].GetSpacing()), (labels.GetOrigin(), scans["t1"].GetOrigin()), (labels.GetDirection(), scans["t1"].GetDirection())):  # fmt: skip
        assert theirs == pytest.approx(ours)

    def brain_wise(image: sitk.Image) -> np.ndarray:
        values = sitk.GetArrayFromImage(image).astype(float)
        inside = values[values > 0]
        return np.where(values > 0, 100 * ((values - inside.min()) / (inside.max() - inside.min()) + 0.1), 0)

    flair, t1 = brain_wise(scans["flair"]) / 50, brain_wise(scans["t1"]) / 50
    expected = np.zeros(flair.shape, np.uint8)
    for where, label in ((flair >= 1, 2), (t1 >= 1, 1), (flair + t1 >= 2.5, 4)):
        expected[where & (flair + t1 > 0)] = label
    clear = (np.abs(flair - 1) > 1e-5) & (np.abs(t1 - 1) > 1e-5) & (np.abs(flair + t1 - 2.5) > 1e-5)
    found = sitk.GetArrayFromImage(labels)
    assert set(np.unique(found)) == {0, 1, 2, 4}
    np.testing.assert_array_equal(found[clear], expected[clear])
    table = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert table["wt_ml"].item() == pytest.approx((found > 0).sum() * 3 / 1000)
    assert table["et_ml"].item() == pytest.approx((found == 4).sum() * 3 / 1000)


def test_a_broken_case_is_a_row_and_the_others_are_predicted(tmp_path: Path, model: Path) -> None:
    write_case(tmp_path / "new" / "a", "case_a")
    write_case(tmp_path / "new" / "b", "case_b", seed=1)
    write_case(tmp_path / "new" / "c", "case_c", seed=2)
    (tmp_path / "new" / "b" / "case_b_t2.nii.gz").unlink()
    path = tmp_path / "new" / "c" / "case_c_flair.nii.gz"
    sitk.WriteImage(sitk.ReadImage(str(path)) * 0, str(path))
    predict(model=model, folder=tmp_path / "new", output=tmp_path / "out", device="cpu")
    table = pd.read_csv(tmp_path / "out" / "predictions.csv", keep_default_na=False).set_index("case")
    assert table["status"].to_dict() == {"case_a": "predicted", "case_b": "excluded", "case_c": "excluded"}
    assert table.loc["case_b", "reason"].startswith("case_b: no t2: there is flair, t1, t1ce")
    assert table.loc["case_c", "reason"].startswith("case_c, flair: every voxel is 0")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["case_a.nii.gz", "predictions.csv"]
    shutil.rmtree(tmp_path / "new" / "a")
    with pytest.raises(ReradError, match="none of 2 cases can be predicted; for example case_b: case_b: no t2"):
        predict(model=model, folder=tmp_path / "new", output=tmp_path / "other", device="cpu")
    assert not (tmp_path / "other").exists()


def test_the_same_case_gives_the_same_bytes(tmp_path: Path, model: Path) -> None:
    write_case(tmp_path / "new", "case_a")
    for name in ("one", "two"):
        predict(model=model, folder=tmp_path / "new", output=tmp_path / name, device="cpu")
    for file in ("case_a.nii.gz", "predictions.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_what_cannot_be_used_is_named(tmp_path: Path, model: Path) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(ReradError, match="there is no case"):
        predict(model=model, folder=tmp_path / "new", output=tmp_path / "out", device="cpu")
    write_case(tmp_path / "new", "case_a")

    def told(**changes) -> str:
        about = {**torch.load(model, weights_only=True), **changes}
        torch.save({key: value for key, value in about.items() if value is not None}, tmp_path / "changed.pt")
        with pytest.raises(ReradError) as error:
            predict(model=tmp_path / "changed.pt", folder=tmp_path / "new", output=tmp_path / "out", device="cpu")
        return str(error.value)

    assert "changed.pt: it lacks regions, patch" in told(regions=None, patch=None)
    assert "model 'chmfl' of ['PET', 'CT']" in told(model="chmfl", channels=["PET", "CT"])
    assert "its weights do not fit" in told(network={"width": 5})
    model.write_bytes(model.read_bytes()[:100])
    with pytest.raises(ReradError, match=r"fold1\.pt: cannot be read"):
        predict(model=model, folder=tmp_path / "new", output=tmp_path / "out", device="cpu")
