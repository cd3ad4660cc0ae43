"""The box around a GTV, against values that follow from geometry."""

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.imaging.resampling import box_around, clipped_fraction, extent_of, resample, resample_mask


def image_of(values: np.ndarray, spacing_zyx=(3.0, 2.0, 4.0), origin_zyx=(-10.0, 20.0, 5.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing_zyx[::-1])
    image.SetOrigin(origin_zyx[::-1])
    return image


@pytest.fixture
def mask() -> sitk.Image:
    values = np.zeros((12, 14, 16), np.uint8)
    values[2:6, 5:8, 4:14] = 1
    return image_of(values)


def test_extent_counts_whole_voxels(mask: sitk.Image) -> None:
    extent = extent_of(mask)
    assert extent.size == pytest.approx([4 * 3, 3 * 2, 10 * 4])
    assert extent.low == pytest.approx([-10 + 1.5 * 3, 20 + 4.5 * 2, 5 + 3.5 * 4])
    assert extent.high == pytest.approx([-10 + 5.5 * 3, 20 + 7.5 * 2, 5 + 13.5 * 4])


def test_extent_of_turned_axes_is_along_the_patient(mask: sitk.Image) -> None:
    turned = sitk.Image(mask)
    turned.SetDirection([0.0, 1, 0, 0, 0, 1, 1, 0, 0])  # array x runs along z, y along x, z along y
    assert extent_of(turned).size == pytest.approx([10 * 4, 4 * 3, 3 * 2])


def test_box_is_centred_on_the_extent(mask: sitk.Image) -> None:
    box = box_around(extent_of(mask), shape=[20, 10, 30], spacing_mm=2.0)
    assert box.centre == pytest.approx([(-5.5 + 6.5) / 2, (29 + 35) / 2, (19 + 59) / 2])
    on_box = resample_mask(mask, box)
    assert on_box.shape == (20, 10, 30)
    for axis, count in enumerate((6, 3, 20)):  # 12, 6 and 40 mm at 2 mm
        used = np.flatnonzero(on_box.any(axis=tuple({0, 1, 2} - {axis})))
        assert abs(len(used) - count) <= 1
        assert abs((used[0] + used[-1]) / 2 - (on_box.shape[axis] - 1) / 2) <= 0.5


def test_a_linear_ramp_stays_exact_and_the_outside_is_unknown(mask: sitk.Image) -> None:
    z, y, x = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in (12, 14, 16)), indexing="ij")
    place = (-10 + 3 * z, 20 + 2 * y, 5 + 4 * x)
    box = box_around(extent_of(mask), shape=[30, 12, 60], spacing_mm=1.5)
    axes = [c + (np.arange(n) - (n - 1) / 2) * 1.5 for c, n in zip(box.centre, box.shape, strict=True)]
    for axis, ramp in enumerate(place):
        on_box = resample(image_of(ramp), box)
        wanted = np.broadcast_to(np.expand_dims(axes[axis], tuple({0, 1, 2} - {axis})), on_box.shape)
        low, high = [-10, 20, 5], [-10 + 3 * 11, 20 + 2 * 13, 5 + 4 * 15]
        meets = [
            (a >= lo - step / 2) & (a < hi + step / 2)
            for a, lo, hi, step in zip(axes, low, high, (3, 2, 4), strict=True)
        ]
        scanned = meets[0][:, None, None] & meets[1][None, :, None] & meets[2][None, None, :]
        assert np.array_equal(~np.isnan(on_box), scanned)
        assert not scanned.all()
        within = scanned & (wanted >= low[axis]) & (wanted <= high[axis])
        assert np.allclose(on_box[within], wanted[within], atol=1e-4)


def test_clipped_fraction_is_the_volume_outside(mask: sitk.Image) -> None:
    extent = extent_of(mask)  # 12 × 6 × 40 mm
    assert clipped_fraction(mask, box_around(extent, shape=[12, 6, 40], spacing_mm=1.0)) == 0
    # 30 of 40 mm fit along x: the box cuts voxels in two as well.
    assert clipped_fraction(mask, box_around(extent, shape=[12, 6, 30], spacing_mm=1.0)) == pytest.approx(0.25)
    assert clipped_fraction(mask, box_around(extent, shape=[6, 3, 20], spacing_mm=1.0)) == pytest.approx(7 / 8)
    assert clipped_fraction(mask, box_around(extent, shape=[12, 6, 39], spacing_mm=1.0)) == pytest.approx(1 / 40)


def test_a_scan_that_already_lies_on_the_box_is_copied() -> None:
    values = np.random.default_rng(0).normal(size=(9, 9, 9)).astype(np.float32)
    gtv = np.zeros((9, 9, 9), np.uint8)
    gtv[3:6, 3:6, 3:6] = 1
    box = box_around(extent_of(image_of(gtv, (2, 2, 2))), shape=[5, 5, 5], spacing_mm=2.0)
    assert np.allclose(resample(image_of(values, (2, 2, 2)), box), values[2:7, 2:7, 2:7], atol=1e-6)
    assert np.array_equal(resample_mask(image_of(gtv, (2, 2, 2)), box), gtv[2:7, 2:7, 2:7])
