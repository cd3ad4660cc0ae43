"""Auto-fitting patches: the formula of the paper over all lengths, and whole volumes from patches."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from rerad.core.errors import ReradError
from rerad.imaging.patches import by_patches, places, read_patch, starts


def test_hand_computed_axes() -> None:
    # n = ⌈135 / 64⌉ = 3, overlap ⌊(192 − 135) / 2⌋ = 28, step 36, left over 192 − 56 − 135 = 1, first −⌊1 / 2⌋ = 0
    assert starts(135, 64) == [0, 36, 72]
    # n = 4, overlap ⌊(40 − 31) / 3⌋ = 3, no rest
    assert starts(31, 10) == [0, 7, 14, 21]
    # n = 4, overlap ⌊(40 − 35) / 3⌋ = 1, rest 40 − 3 − 35 = 2: one voxel before, one after
    assert starts(35, 10) == [-1, 8, 17, 26]
    assert starts(128, 64) == [0, 64]
    assert starts(64, 64) == [0]
    assert starts(50, 64) == [-7]
    assert starts(51, 64) == [-6]


def test_every_length_is_covered_by_the_least_number_placed_symmetrically() -> None:
    for patch in range(1, 70):
        for brain in range(1, 260):
            axis = starts(brain, patch)
            ends = [start + patch for start in axis]
            assert len(axis) == max(1, math.ceil(brain / patch))
            assert axis[0] <= 0
            assert ends[-1] >= brain
            assert all(following <= end for following, end in zip(axis[1:], ends, strict=False)), (brain, patch)
            assert len({after - before for before, after in itertools.pairwise(axis)}) <= 1
            before, after = -axis[0], ends[-1] - brain
            assert 0 <= after - before <= 1, (brain, patch)
            if brain <= patch:
                assert before == (patch - brain) // 2
            else:  # the floor leaves less than one voxel an overlap
                assert before + after <= len(axis) - 2


def test_the_patches_of_the_papers_second_figure() -> None:
    # A sagittal slice of a real brain cube (136, 177) in patches of 64³: nine of them.
    assert len({(z, y) for z, y, _ in places((136, 177, 134), (64, 64, 64))}) == 9


def test_a_length_that_is_none_is_refused() -> None:
    with pytest.raises(ReradError, match="0 voxels in patches of 64"):
        starts(0, 64)


@pytest.mark.parametrize("place", [(0, 0, 0), (-2, 3, 1), (4, -3, 6), (-1, -1, -1), (9, 0, 0), (-7, 0, 0)])
def test_a_patch_is_a_piece_of_the_padded_volume(tmp_path: Path, place: tuple[int, int, int]) -> None:
    values = np.random.default_rng(0).normal(size=(2, 6, 7, 8)).astype(np.float32)
    np.save(tmp_path / "volume.npy", values)
    padded = np.pad(values, ((0, 0), (20, 20), (20, 20), (20, 20)))
    wanted = padded[:, 20 + place[0] : 24 + place[0], 20 + place[1] : 25 + place[1], 20 + place[2] : 26 + place[2]]
    found = read_patch(np.load(tmp_path / "volume.npy", mmap_mode="r"), place, (4, 5, 6))
    assert not isinstance(found, np.memmap)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shape", [(5, 6, 7), (16, 17, 33), (40, 16, 3)])
def test_a_pointwise_network_says_the_same_by_patches_as_directly(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv3d(4, 3, 1), torch.nn.Sigmoid())
    volume = torch.randn(4, *shape)
    with torch.no_grad():
        direct = network(volume[None])[0]
        torch.testing.assert_close(by_patches(network, volume, (16, 16, 16)), direct, rtol=0, atol=1e-6)
        assert by_patches(lambda part: network(part).bfloat16(), volume, (16, 16, 16)).dtype == torch.float32


def test_overlapping_patches_are_averaged() -> None:
    # One axis of 5 in patches of 4: at −0 and 1 (overlap 3). The first patch says 1, the second 3.
    answers = iter([1.0, 3.0])
    found = by_patches(lambda part: torch.full_like(part, next(answers)), torch.zeros(1, 5, 1, 1), (4, 1, 1))
    assert found.ravel().tolist() == [1, 2, 2, 2, 3]


def test_patches_that_go_together_say_what_each_says_alone() -> None:
    torch.manual_seed(0)
    network = torch.nn.Conv3d(2, 3, 3, padding=1)
    volume, sizes = torch.randn(2, 10, 4, 4), []
    with torch.no_grad():
        alone = by_patches(network, volume, (4, 4, 4))
        found = by_patches(lambda part: sizes.append(len(part)) or network(part), volume, (4, 4, 4), together=2)
    assert sizes == [2, 1]
    torch.testing.assert_close(found, alone, rtol=0, atol=1e-6)
    with pytest.raises(ReradError, match="came back as"):
        by_patches(lambda part: network(part)[:1], volume, (4, 4, 4), together=2)


def test_what_lies_beyond_the_brain_reaches_no_voxel_of_it() -> None:
    # A brain of 3 in one patch of 8: the network sees two zeros before it and three after it.
    seen = []
    found = by_patches(lambda part: seen.append(part.clone()) or part, torch.ones(1, 3, 3, 3), (8, 3, 3))
    assert seen[0][0, 0, :, 0, 0].tolist() == [0, 0, 1, 1, 1, 0, 0, 0]
    assert found.shape == (1, 3, 3, 3)
    assert (found == 1).all()


def test_a_network_that_changes_the_size_is_refused() -> None:
    with pytest.raises(ReradError, match=r"a patch of \(4, 4, 4\) came back as \(1, 1, 1, 1, 1\)"):
        by_patches(lambda part: part[..., :1, :1, :1], torch.zeros(1, 6, 6, 6), (4, 4, 4))
