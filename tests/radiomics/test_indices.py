"""PET indices against values worked out by hand, and IBSI's digital phantom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from rerad.radiomics.indices import percent_inactive, pet_indices, solidity, suv_peak
from rerad.radiomics.mesh import measure
from rerad.radiomics.settings import DEFAULTS

INACTIVE = {"threshold": 0.005, "radius": 2, "minimum": 15}


def ball(size: int, radius: float) -> np.ndarray:
    axes = np.indices((size, size, size)) - (size - 1) / 2
    return (axes**2).sum(0) <= radius**2


def test_volume_max_mean_and_tlg_by_hand() -> None:
    suv = np.zeros((4, 4, 4))
    mask = np.zeros(suv.shape, bool)
    mask[1, 1, 1:4] = True
    suv[1, 1, 1:4] = [1.0, 2.0, 6.0]
    suv[0, 0, 0] = 50.0  # the bladder: not the tumour
    found = pet_indices(suv, mask, (10.0, 5.0, 4.0), **DEFAULTS["indices"])
    assert found["Volume"] == pytest.approx(0.6)  # 3 × 200 mm³
    assert found["SUVmax"] == 6.0
    assert found["SUVmean"] == pytest.approx(3.0)
    assert found["TLG"] == pytest.approx(1.8)


def test_peak_of_one_millilitre_on_5_mm_voxels_is_the_voxel_and_its_6_neighbours() -> None:
    # The radius is 6.2 mm: neighbours at 5 mm are inside, those across an edge at 7.07 mm are not.
    suv = np.zeros((7, 7, 7))
    suv[3, 3, 3] = 7.0
    suv[3, 3, 4] = 14.0
    suv[2, 2, 3] = 1000.0
    mask = np.zeros(suv.shape, bool)
    mask[3, 3, 3] = True
    assert suv_peak(suv, mask, (5.0, 5.0, 5.0), volume_ml=1.0) == pytest.approx(3.0)
    # Slices 7 mm apart are out of reach: 5 voxels remain.
    assert suv_peak(suv, mask, (7.0, 5.0, 5.0), volume_ml=1.0) == pytest.approx(21 / 5)


def test_peak_takes_the_best_centre_in_the_gtv_and_does_not_pad_the_scan() -> None:
    suv = np.zeros((3, 3, 5))
    suv[1, 1, 0] = 6.0
    suv[1, 1, 4] = 60.0
    mask = np.zeros(suv.shape, bool)
    mask[1, 1, :2] = True
    # At the edge of the scan the sphere has 6 voxels inside it, one further in it has 7.
    assert suv_peak(suv, mask, (5.0, 5.0, 5.0), volume_ml=1.0) == pytest.approx(1.0)
    suv[1, 1, 0], suv[1, 1, 1] = 6.0, 15.0
    # 21/6 at the edge, 21/7 further in.
    assert suv_peak(suv, mask, (5.0, 5.0, 5.0), volume_ml=1.0) == pytest.approx(3.5)


def test_peak_of_a_uniform_scan_is_its_value() -> None:
    mask = ball(9, 3)
    assert suv_peak(np.full(mask.shape, 2.5), mask, (3.0, 4.0, 4.0), volume_ml=1.0) == pytest.approx(2.5)


def test_a_cold_core_is_the_inactive_part_to_the_voxel() -> None:
    # Closing with an octahedron of radius 2 leaves an octahedron of radius 4 as it is: 129 voxels.
    mask = np.ones((21, 21, 21), bool)
    core = np.abs(np.indices(mask.shape) - 10).sum(0) <= 4
    suv = np.full(mask.shape, 10.0)
    suv[core] = 0.5  # inactive up to 0.005 · 10²
    assert percent_inactive(suv, mask, **INACTIVE) == pytest.approx(100 * 129 / 21**3)
    suv[core] = 0.51
    assert percent_inactive(suv, mask, **INACTIVE) == 0.0


def test_only_connected_regions_of_the_smallest_size_count() -> None:
    # An octahedron of radius 2 has 25 voxels.
    mask = np.ones((15, 15, 15), bool)
    suv = np.where(np.abs(np.indices(mask.shape) - 7).sum(0) <= 2, 0.0, 10.0)
    found = [percent_inactive(suv, mask, threshold=0.005, radius=1, minimum=minimum) for minimum in (25, 26)]
    assert found == [pytest.approx(100 * 25 / 15**3), 0.0]


def test_small_holes_and_the_surface_are_not_inactive() -> None:
    mask = np.ones((21, 21, 21), bool)
    suv = np.full(mask.shape, 10.0)
    suv[10, 10, 10] = 0.0  # a hole that closing fills
    suv[0, 5:15, 5:15] = 0.0  # partial volume at the surface
    assert percent_inactive(suv, mask, **INACTIVE) == 0.0


def test_the_inactive_part_does_not_depend_on_what_lies_around_the_gtv() -> None:
    mask = np.zeros((30, 30, 30), bool)
    mask[5:25, 5:25, 5:25] = True
    suv = np.where(mask, 10.0, 0.0)
    suv[10:20, 10:20, 10:20] = 0.0
    first = percent_inactive(suv, mask, **INACTIVE)
    suv[~mask] = 99.0
    assert percent_inactive(suv, mask, **INACTIVE) == first > 5
    assert percent_inactive(suv[5:25, 5:25, 5:25], mask[5:25, 5:25, 5:25], **INACTIVE) == first


def test_solidity_of_a_box_a_ball_and_an_l() -> None:
    assert solidity(np.ones((4, 6, 8), bool), (3.0, 4.0, 5.0)) == pytest.approx(1.0)
    assert solidity(ball(41, 19.6), (1.0, 1.0, 1.0)) == pytest.approx(0.98, abs=0.02)  # its surface has steps
    # Three of four quarters of a square: 3 of 3.5 are filled.
    big_l = np.ones((60, 60, 60), bool)
    big_l[:, 30:, 30:] = False
    assert solidity(big_l, (1.0, 1.0, 2.0)) == pytest.approx(3 / 3.5, abs=0.005)


def test_ibsi_digital_phantom() -> None:
    # arXiv 1612.07003, appendix: 74 voxels of 2 mm; benchmark values in section 3.1.
    void = np.nan
    phantom = np.array(
        [
            [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
            [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [void, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
            [[1, 4, 4, void, void], [1, 1, 1, 1, 1], [1, 1, void, 1, 1], [1, 1, 6, 1, 1]],
            [[1, 4, 4, void, void], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
        ]
    )
    mask, spacing = np.isfinite(phantom), (2.0, 2.0, 2.0)
    found = measure(mask, spacing)
    assert found.volume == pytest.approx(556, abs=0.5)
    assert found.area == pytest.approx(388, abs=0.5)
    assert found.diameters[3] == pytest.approx(13.1, abs=0.05)
    assert solidity(mask, spacing) == pytest.approx(0.961, abs=5e-4)
    indices = pet_indices(np.nan_to_num(phantom), mask, spacing, **DEFAULTS["indices"])
    assert indices["SUVmean"] == pytest.approx(2.15, abs=0.005)
    assert indices["Volume"] * 1000 == pytest.approx(592)
    assert indices["TLG"] * 1000 == pytest.approx(1270, abs=5)  # integrated intensity by voxel count: 159 · 8


def auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Count pairs: the definition."""
    difference = score[positive][:, None] - score[~positive][None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def test_suvmax_and_volume_tell_the_real_patients_apart_as_known(real_data: Path) -> None:
    clinical = pd.read_excel(real_data / "sts" / "INFOclinical_STS.xlsx", keep_default_na=False).head(51)
    clinical.columns = clinical.columns.str.strip()
    outcome = clinical.set_index("Patient ID").filter(like="Outcome").iloc[:, 0].str.strip()
    highest, volume = [], []
    for case in outcome.index:
        suv, mask = (sitk.ReadImage(str(real_data / "sts" / case / f"PET_{part}.nii.gz")) for part in ("image", "mask"))
        inside = sitk.GetArrayFromImage(mask) > 0
        found = pet_indices(sitk.GetArrayFromImage(suv), inside, suv.GetSpacing()[::-1], **DEFAULTS["indices"])
        highest.append(found["SUVmax"])
        volume.append(found["Volume"])
    suv_max, gtv = np.array(highest), np.array(volume)
    used = ~outcome.str.startswith("Recurrence").to_numpy()
    any_site = outcome.str.startswith("Mets").to_numpy()
    lungs = outcome.str.contains("lung").to_numpy()
    assert (len(outcome), used.sum(), any_site.sum(), lungs.sum()) == (51, 48, 24, 19)
    assert auc(lungs, suv_max) == pytest.approx(0.811, abs=0.005)
    assert auc(any_site[used], suv_max[used]) == pytest.approx(0.738, abs=0.005)
    assert auc(any_site[used], gtv[used]) == pytest.approx(0.745, abs=0.005)
