"""Arrays as samples: rows, slices, masks and features where they belong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_training import SHAPE, make_cohort

from rerad.core.errors import ReradError
from rerad.training.cases import read_data, standardised
from rerad.training.inputs import Sample
from rerad.training.recipe import read_recipe
from rerad.training.volumes import Volumes, open_inputs

CPU = torch.device("cpu")


def volumes_of(cohort: Path, **recipe) -> Volumes:
    given = {"epochs": 1, "batch": 1, "optimiser": {"name": "adam", "lr": 1.0}, **recipe}
    entry = {"modalities": ["PET", "CT"], "recipe": given}
    data = read_data(None, cohort / "cases.csv", cohort / "splits.csv", entry)
    job = SimpleNamespace(
        arrays=cohort / "arrays",
        slices=cohort / "slices.csv",
        cases=cohort / "cases.csv",
        settings=entry,
        spacing_mm=2.0,
    )
    return open_inputs(job, data, read_recipe(entry), CPU)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path / "cohort")


def test_a_case_is_its_own_row(cohort: Path) -> None:
    volumes = volumes_of(cohort)
    about = pd.read_csv(cohort / "cases.csv").set_index("case")
    arrays = {name: np.load(cohort / "arrays" / f"{name}.npy") for name in ("PET", "CT", "GTV")}
    assert volumes.shape == SHAPE
    found = volumes.batch(volumes.samples(range(8)), None)
    for index, name in enumerate(volumes.names):
        row = about.loc[name, "row"]
        assert (found.images[index, 0].numpy() == arrays["PET"][row]).all()
        assert (found.images[index, 1].numpy() == arrays["CT"][row]).all()
        assert (found.mask[index].numpy() == arrays["GTV"][row]).all()
        assert found.target[index] == about.loc[name, "target"]


def test_the_arrays_on_disk_are_never_written(cohort: Path) -> None:
    volumes = volumes_of(cohort)
    before = (cohort / "arrays" / "PET.npy").read_bytes()
    volumes.arrays["PET"][0] = 7.0
    assert (cohort / "arrays" / "PET.npy").read_bytes() == before


def test_masked_images_are_zero_outside_the_gtv_whatever_was_there(cohort: Path) -> None:
    volumes = volumes_of(cohort, masked=True, gtv_channel=True)
    volumes.arrays["PET"][volumes.rows[0], 5, 7, 6] = torch.nan  # outside
    found = volumes.batch([Sample(0)], None)
    inside = found.mask[0] > 0
    assert found.images.shape == (1, 3, *SHAPE)
    assert (found.images[0, :2, ~inside] == 0).all()
    assert (found.images[0, 0, inside] == volumes.arrays["PET"][volumes.rows[0]][inside]).all()
    assert (found.images[0, 2] == found.mask[0]).all()


def test_slices_are_those_with_tumour(cohort: Path) -> None:
    volumes = volumes_of(cohort, input="slices")
    assert volumes.shape == SHAPE[1:]
    assert volumes.samples([3]) == [Sample(3, 1), Sample(3, 2), Sample(3, 3)]
    assert volumes.samples([3], copies=2)[:3] == [Sample(3, 1, 0), Sample(3, 1, 1), Sample(3, 2, 0)]
    found = volumes.batch([Sample(3, 2)], None)
    assert torch.equal(found.images[0, 1], volumes.arrays["CT"][volumes.rows[3], 2])
    assert volumes_of(cohort, input="largest_slice").samples([3]) == [Sample(3, 2)]


def test_a_case_without_slices_is_named(cohort: Path) -> None:
    slices = pd.read_csv(cohort / "slices.csv")
    slices[slices["case"] != "STS_004"].to_csv(cohort / "slices.csv", index=False)
    with pytest.raises(ReradError, match="case STS_004 has no slice with tumour"):
        volumes_of(cohort, input="slices")


@pytest.mark.parametrize(
    ("shape", "told"),
    [((8, 6, 8), r"has shape \(8, 6, 8\)"), ((5, *SHAPE), "no row 7"), ((8, 6, 8, 9), "arrays of different shapes")],
)
def test_an_array_of_another_shape_is_named(cohort: Path, shape: tuple[int, ...], told: str) -> None:
    np.save(cohort / "arrays" / "CT.npy", np.zeros(shape, dtype=np.float32))
    with pytest.raises(ReradError, match=told):
        volumes_of(cohort)


def test_a_gpu_with_little_memory_leaves_the_arrays_where_they_are(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rerad.training import volumes

    arrays = {"PET": torch.zeros(8, 2, 2, 2), "GTV": torch.zeros(8, 2, 2, 2, dtype=torch.uint8)}
    need = 3 * 8 * (4 + 1)  # three cases of eight voxels
    moved = []
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, device: moved.append(device) or tensor)
    for free, fits in ((need / volumes.SHARE_FOR_DATA + 1, True), (need / volumes.SHARE_FOR_DATA - 1, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10 * free))
        found = volumes._on_device(arrays, [7, 0, 3], torch.device("cuda", 0))
        assert (found is not None) == fits
        if found is not None:
            assert found["PET"].shape == (3, 2, 2, 2)
    assert len(moved) == 6


def test_features_are_standardised_by_the_training_cases() -> None:
    table = np.array([[1.0, 5, np.nan, 2], [3.0, 5, np.nan, np.inf], [9.0, 6, 1, 4], [np.nan, 5, 2, 4]])
    found = standardised(table, [0, 1])
    assert found.dtype == np.float32
    assert found[:, 0].tolist() == [-1, 1, 7, 0]  # mean 2, sd 1; the missing one is the mean
    assert (found[:, 1:] == 0).all()  # constant, unknown, or known of one training case only


def test_the_digest_sees_every_voxel_label_and_slice(cohort: Path, tmp_path: Path) -> None:
    digest = volumes_of(cohort).digest()
    assert volumes_of(make_cohort(tmp_path / "again")).digest() == digest
    assert volumes_of(cohort, input="slices").digest() != digest
    changed = volumes_of(cohort)
    changed.arrays["GTV"][0, 0, 0, 0] = 1
    assert changed.digest() != digest
    changed = volumes_of(cohort)
    changed.target[0] = 1
    assert changed.digest() != digest
