"""Stored cases as patches: where they lie, what they show, and how labels become regions and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_patches
import torch
from tiny_patches import BOXES, SCAN, make_cohort, patches_of

from rerad.core.errors import ConfigError, ReradError
from rerad.imaging.geometry import from_cells, put_back
from rerad.imaging.stored import open_case
from rerad.training.augmentation import Transform
from rerad.training.inputs import Sample, not_finite, target_of


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path / "cohort")


def test_all_patches_of_a_case_are_judged_and_those_with_tumour_learned_from(cohort: Path) -> None:
    patches = patches_of(cohort, patch=5)
    # A brain cube of 7 x 12 x 11 in patches of 5: 2 x 3 x 3 of them; along y from 0, 4 and 8 (overlap 1, one voxel left).
    assert patches.samples([4]) == [Sample(4, part) for part in range(18)]
    assert [place[1] for place in patches.places(4)][:9:3] == [0, 4, 8]
    labels = open_case(cohort / "arrays", "case_4", channels=4).labels
    padded = np.pad(labels, 5)
    wanted = [
        part
        for part, place in enumerate(patches.places(4))
        if padded[tuple(slice(start + 5, start + 10) for start in place)].any()
    ]
    assert 0 < len(wanted) < 18
    assert patches.samples([4], learning=True) == [Sample(4, part) for part in wanted]
    assert patches.samples([4], learning=True, copies=2)[:3] == [
        Sample(4, wanted[0], 0), Sample(4, wanted[0], 1), Sample(4, wanted[1], 0)
    ]  # fmt: skip


def test_a_patch_shows_the_modalities_in_the_methods_order_and_its_regions(cohort: Path) -> None:
    patches = patches_of(cohort, modalities=["flair", "t1"])
    found = patches.batch([Sample(2, 1)], None)
    stored = open_case(cohort / "arrays", "case_2", channels=4)
    (z, y, x) = patches.places(2)[1]
    assert (z, y) == (-1, 0)  # 6 voxels in a patch of 8: one before; 9 in two patches: overlap 7
    inside = (slice(0, 6), slice(0, 8), slice(x, x + 8))
    assert found.images.shape == (1, 2, 8, 8, 8)
    np.testing.assert_array_equal(found.images[0, 0, 1:7], stored.images[(3, *inside)])
    np.testing.assert_array_equal(found.images[0, 1, 1:7], stored.images[(0, *inside)])
    assert (found.images[0, :, [0, 7]] == 0).all()
    labels = np.asarray(stored.labels)[inside]
    for region, known in enumerate(((1, 2, 4), (1, 4), (4,))):
        np.testing.assert_array_equal(found.mask[0, region, 1:7], np.isin(labels, known))
    assert found.target is None
    assert found.table is None


def test_a_transform_moves_images_and_regions_alike_and_brings_in_background(cohort: Path) -> None:
    patches = patches_of(cohort)
    plain = patches.batch([Sample(1, 0)], None)
    turned = patches.batch([Sample(1, 0)], None, [Transform((1,), None, (2, 0, 1))])
    torch.testing.assert_close(turned.images[0], plain.images[0].flip([2]).permute(0, 3, 1, 2))
    assert torch.equal(turned.mask[0], plain.mask[0].flip([2]).permute(0, 3, 1, 2))
    shifted = patches.batch([Sample(1, 0)], None, [Transform((), np.column_stack([np.eye(3), [0.0, 0.5, 0.0]]))])
    assert (shifted.images[0, :, :, 4:] == 0).all()
    torch.testing.assert_close(shifted.images[0, :, :, :4], plain.images[0, :, :, 4:], atol=1e-4, rtol=1e-4)
    assert not shifted.mask[0, :, :, 4:].any()


def test_labels_are_painted_from_the_outside_in_and_in_the_brain_alone(cohort: Path) -> None:
    chance = np.array([
        [0.5, 0.49, 0.9, 0.1, 0.9, 0.9],
        [0.4, 0.5, 0.9, 0.1, 0.9, 0.9],
        [0.4, 0.1, 0.5, 0.9, 0.49, 0.9],
    ])[:, None, None]  # fmt: skip
    brain = np.array([1, 1, 1, 1, 1, 0], bool)[None, None]
    painted = patches_of(cohort).paint(chance, brain)
    # ET alone paints ET though neither core nor tumour is likely there; its voxel counts for all three.
    assert painted.tolist() == [[[2, 1, 4, 4, 1, 0]]]
    assert painted.dtype == np.uint8


def test_regions_are_compared_in_the_whole_scan(cohort: Path) -> None:
    patches = patches_of(cohort)
    called = np.zeros(BOXES[3], np.uint8)
    called[0, 0, 0] = 4
    found = {one.region: one for one in patches.compared(3, called)}
    assert list(found) == ["WT", "TC", "ET"]
    row = pd.read_csv(cohort / "cases.csv").set_index("case").loc["case_3"].to_dict()
    back = put_back(patches.truth(3), from_cells(row, where="case_3"))
    import SimpleITK as sitk

    labels = sitk.GetArrayFromImage(back)
    for region, known in (("WT", (1, 2, 4)), ("TC", (1, 4)), ("ET", (4,))):
        np.testing.assert_array_equal(found[region].truth, np.isin(labels, known))
        assert found[region].called.shape == SCAN[::-1]
        assert np.argwhere(found[region].called).tolist() == [[1, 2, 2]]
    assert patches.spacing(3) == (2.0, 1.5, 1.0)
    assert patches.largest(3) == 1  # of five alike, the first


def test_a_patch_is_told_as_a_person_finds_it(cohort: Path) -> None:
    patches = patches_of(cohort)
    assert patches.told(Sample(2, 1)) == "case case_2 patch 2 (from voxel -1 0 4 of its brain cube on, z y x)"
    assert patches.told(Sample(2)) == "case case_2"


def test_the_digest_sees_images_labels_geometry_and_patch(cohort: Path, tmp_path: Path) -> None:
    digest = patches_of(cohort).digest()
    again = make_cohort(tmp_path / "again")
    assert patches_of(again).digest() == digest
    assert patches_of(cohort, patch=6).digest() != digest
    labels = np.load(again / "arrays" / "case_4.labels.npy")
    labels[0, 0, 0] = 1
    np.save(again / "arrays" / "case_4.labels.npy", labels)
    changed = patches_of(again).digest()
    assert changed != digest
    images = np.load(again / "arrays" / "case_5.images.npy")
    images[2, 1, 1, 1] += 1
    np.save(again / "arrays" / "case_5.images.npy", images)
    assert patches_of(again).digest() != changed
    assert patches_of(again, modalities=["t1"]).digest() == patches_of(again, modalities=["t1"]).digest()


def test_nothing_is_open_that_is_not_looked_at(cohort: Path) -> None:
    """A process may hold some thousand files open, a cohort has two for each of hundreds of cases."""
    patches = patches_of(cohort)
    (cohort / "arrays" / "case_5.images.npy").unlink()
    patches.batch([Sample(1, 0)], None)
    with pytest.raises(ReradError, match=r"case_5\.images\.npy: cannot be read"):
        patches.batch([Sample(5, 0)], None)


def test_what_is_wrong_is_told(cohort: Path) -> None:
    with pytest.raises(ConfigError, match=r"modalities of tiny: there is no PET\. Known are t1, t1ce, t2, flair"):
        patches_of(cohort, modalities=["PET"])
    with pytest.raises(ReradError, match="case case_0 has no target to classify"):
        target_of(patches_of(cohort), 0)
    cases = pd.read_csv(cohort / "cases.csv")
    cases.assign(box_shape="9 11 9").to_csv(cohort / "cases.csv", index=False)
    with pytest.raises(ReradError, match=r"arrays/case_0: \(9, 11, 10\) voxels for a box of \(9, 11, 9\)"):
        patches_of(cohort).truth(0)
    cases.assign(box_start="1 2").to_csv(cohort / "cases.csv", index=False)
    with pytest.raises(ReradError, match=r"cases\.csv, case case_0: box_start is '1 2', not 3 numbers"):
        patches_of(cohort)
    (cohort / "arrays" / "contents.json").unlink()
    with pytest.raises(ReradError, match=r"contents\.json: cannot be read"):
        patches_of(cohort)


def test_a_modality_that_is_no_number_is_named(cohort: Path) -> None:
    path = cohort / "arrays" / "case_1.images.npy"
    images = np.load(path)
    images[1, 0, 1, 2] = np.inf
    np.save(path, images)
    patches = patches_of(cohort)
    samples = patches.samples([0, 1])
    assert not_finite(patches, samples, patches.batch(samples, None)) == {"case_1": ["t1ce"]}
    assert patches.about() == {
        "regions": {"WT": [1, 2, 4], "TC": [1, 4], "ET": [4]},
        "patch": [8, 8, 8],
        "intensity": tiny_patches.CONTENTS.intensity,
    }
