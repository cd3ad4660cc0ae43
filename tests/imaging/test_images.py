"""Images are read as they are, or refused by name."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.core.errors import CaseError, ReradError, UnwritableError
from rerad.imaging.images import read_channels, read_image, read_mask, read_stored, same_geometry, write_image


def write(path: Path, values: np.ndarray, spacing=(1.0, 2.0, 3.0), origin=(0.0, 0.0, 0.0), direction=None) -> Path:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction is not None:
        image.SetDirection(direction)
    sitk.WriteImage(image, str(path), useCompression=True)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("left", [0, 4096])
def test_a_file_that_a_full_disk_cut_off_is_not_taken_for_written(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch, name: str, left: int
) -> None:
    whole = sitk.WriteImage

    def cut_off(image: sitk.Image, path: str, **given: bool) -> None:  # as ITK does it, without an error
        whole(image, path, **given)
        Path(path).write_bytes(Path(path).read_bytes()[:left])

    monkeypatch.setattr(sitk, "WriteImage", cut_off)
    with pytest.raises(UnwritableError, match=rf"{name}: cannot be written \(No space left"):
        write_image(tmp_path / name, sitk.GetImageFromArray(values))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(20, 30, 40)).astype(np.float32)


def test_values_and_geometry_are_those_of_the_file(tmp_path: Path, values: np.ndarray) -> None:
    image = read_image(write(tmp_path / "a.nii.gz", values, origin=(-5.0, 6.0, 7.0)))
    assert image.GetPixelID() == sitk.sitkFloat32
    assert np.array_equal(sitk.GetArrayFromImage(image), values)
    assert np.allclose(image.GetSpacing(), (1, 2, 3))
    assert np.allclose(image.GetOrigin(), (-5, 6, 7))


def test_an_image_in_ras_is_turned_to_lps_without_moving(tmp_path: Path, values: np.ndarray) -> None:
    ras = [-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0]
    path = write(tmp_path / "ras.nii.gz", values, direction=ras)
    image = read_image(path)
    assert np.allclose(image.GetDirection(), np.eye(3).ravel())
    assert np.array_equal(sitk.GetArrayFromImage(image), values[:, ::-1, ::-1])
    stored = sitk.ReadImage(str(path))
    point = stored.TransformIndexToPhysicalPoint((3, 4, 5))
    assert image[image.TransformPhysicalPointToIndex(point)] == stored[3, 4, 5]


@pytest.mark.parametrize("part", [0.3, 0.99])
def test_a_truncated_gzip_is_refused(tmp_path: Path, values: np.ndarray, part: float) -> None:
    path = write(tmp_path / "cut.nii.gz", values)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(CaseError, match=r"cut\.nii\.gz: cannot be read"):
        read_image(path)


def test_a_flipped_byte_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    path = write(tmp_path / "flip.nii.gz", values)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(CaseError, match=r"flip\.nii\.gz"):
        read_image(path)


@pytest.mark.parametrize("name", ["short.nii.gz", "short.nii"])
def test_a_whole_stream_of_too_few_voxels_is_refused(tmp_path: Path, values: np.ndarray, name: str) -> None:
    content = gzip.decompress(write(tmp_path / "a.nii.gz", values).read_bytes())
    assert len(content) == 352 + values.nbytes
    path = tmp_path / name
    path.write_bytes(gzip.compress(content[:-5]) if name.endswith(".gz") else content[:-5])
    with pytest.raises(CaseError, match=f"{352 + values.nbytes - 5} of {352 + values.nbytes} bytes"):
        read_image(path)


def test_a_whole_file_passes(tmp_path: Path, values: np.ndarray) -> None:
    read_stored(write(tmp_path / "a.nii.gz", values))
    read_stored(write(tmp_path / "a.nii", values))


@pytest.mark.parametrize("content", [b"", b"not an image", gzip.compress(b"not an image", mtime=0)])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.nii.gz"
    path.write_bytes(content)
    with pytest.raises(CaseError, match=r"no\.nii\.gz"):
        read_image(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"gone\.nii\.gz: the file is missing"):
        read_mask(tmp_path / "gone.nii.gz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_not_finite_is_refused_with_its_place(tmp_path: Path, values: np.ndarray, bad: float) -> None:
    values[3, 4, 5] = bad
    with pytest.raises(CaseError, match=r"1 voxels are not finite.*\(3, 4, 5\)"):
        read_image(write(tmp_path / "nan.nii.gz", values))


def test_itk_alone_would_read_nan_as_zero_and_a_cut_file_as_whole(tmp_path: Path, values: np.ndarray) -> None:
    # Why the bytes are looked at. Should ITK learn it one day, the look at the stored bytes can go.
    values[3, 4, 5] = np.nan
    path = write(tmp_path / "nan.nii.gz", values)
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[3, 4, 5] == 0
    path.write_bytes(path.read_bytes()[:-10000])
    assert sitk.ReadImage(str(path)).GetSize() == (40, 30, 20)


def test_a_number_beyond_float32_is_refused(tmp_path: Path) -> None:
    values = np.ones((4, 4, 4))
    values[0, 0, 0] = 1e300
    with pytest.raises(CaseError, match=r"big\.nii\.gz: 1 voxels are not finite"):
        read_image(write(tmp_path / "big.nii.gz", values))


def test_big_endian_files_are_checked_as_well(tmp_path: Path, values: np.ndarray) -> None:
    content = bytearray(gzip.decompress(write(tmp_path / "a.nii.gz", values).read_bytes()))
    header = np.frombuffer(bytes(content[:348]), _header("<")).astype(_header(">")).tobytes()
    big = values.astype(">f4")
    path = tmp_path / "big.nii"
    path.write_bytes(header + bytes(content[348:352]) + big.tobytes())
    assert np.array_equal(sitk.GetArrayFromImage(read_image(path)), values)
    big[1, 2, 3] = np.inf
    path.write_bytes(header + bytes(content[348:352]) + big.tobytes())
    with pytest.raises(CaseError, match=r"\(1, 2, 3\)"):
        read_image(path)


def _header(order: str) -> np.dtype:
    """NIfTI-1's header, field by field (nifti1.h)."""
    fields = "i4 a10 a18 i4 i2 a1 a1 8i2 3f4 i2 i2 i2 i2 8f4 f4 f4 f4 i2 a1 a1 f4 f4 f4 f4 i4 i4 a80 a24 i2 i2 6f4 12f4"
    kinds = [field.replace("a", "S") if "a" in field else field[:-2] + order + field[-2:] for field in fields.split()]
    dtype = np.dtype([(f"f{number}", kind) for number, kind in enumerate([*kinds, "S16", "S4"])])
    assert dtype.itemsize == 348
    return dtype


@pytest.mark.parametrize("shape", [(8, 8), (2, 8, 8, 8)])
def test_other_dimensions_than_three_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "d.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones(shape, np.float32), isVector=False), str(path))
    with pytest.raises(CaseError, match=f"{len(shape)} dimensions"):
        read_image(path)


def test_a_mask_is_one_where_the_file_is_not_zero(tmp_path: Path) -> None:
    labels = np.zeros((4, 4, 4), np.int16)
    labels[1, 2, 3], labels[0, 0, 0] = 255, 2
    mask = sitk.GetArrayFromImage(read_mask(write(tmp_path / "m.nii.gz", labels)))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, (labels != 0).astype(np.uint8))


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"empty\.nii\.gz: the mask is empty"):
        read_mask(write(tmp_path / "empty.nii.gz", np.zeros((4, 4, 4), np.uint8)))


@pytest.mark.parametrize(
    "other",
    [
        {"spacing": (1.0, 2.0, 3.01)},
        {"origin": (0.0, 0.5, 0.0)},
        {"direction": [0.0, 1, 0, 1, 0, 0, 0, 0, 1]},
        {"values": np.ones((4, 4, 5), np.uint8)},
    ],
)
def test_grids_that_differ_are_refused_with_both_named(tmp_path: Path, other: dict) -> None:
    image = sitk.ReadImage(str(write(tmp_path / "i.nii.gz", np.ones((4, 4, 4), np.float32))))
    mask = sitk.ReadImage(str(write(tmp_path / "m.nii.gz", **{"values": np.ones((4, 4, 4), np.uint8), **other})))
    with pytest.raises(CaseError) as caught:
        same_geometry(image, mask, where="STS_001, PET")
    told = str(caught.value)
    assert told.startswith("STS_001, PET: ")
    assert "4 × 4 × 4 voxels of 1 × 2 × 3 mm" in told
    assert " against " in told


def test_equal_grids_pass_in_spite_of_float32_headers(tmp_path: Path) -> None:
    image = sitk.ReadImage(str(write(tmp_path / "i.nii.gz", np.ones((4, 4, 4), np.float32), (0.1, 0.1, 3.27))))
    mask = sitk.GetImageFromArray(np.ones((4, 4, 4), np.uint8))
    mask.SetSpacing((0.1, 0.1, 3.27))
    same_geometry(image, mask)


def test_a_file_of_four_dimensions_is_a_list_of_images(tmp_path: Path, values: np.ndarray) -> None:
    parts = []
    for index in range(4):
        part = sitk.GetImageFromArray(values + index)
        part.SetSpacing((1.0, 2.0, 3.0))
        part.SetOrigin((1.0, -239.0, 2.0))
        part.SetDirection((-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0))
        parts.append(part)
    sitk.WriteImage(sitk.JoinSeries(parts), str(tmp_path / "all.nii.gz"))
    found = read_channels(tmp_path / "all.nii.gz")
    assert len(found) == 4
    for image, part in zip(found, parts, strict=True):
        same_geometry(image, part)
        assert np.array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(part))
    with pytest.raises(CaseError, match="no 3-D image"):
        read_stored(tmp_path / "all.nii.gz")
    with pytest.raises(CaseError, match="no 4-D image"):
        read_channels(write(tmp_path / "one.nii.gz", values))


def test_a_voxel_that_is_not_finite_is_found_in_its_channel(tmp_path: Path, values: np.ndarray) -> None:
    broken = values.copy()
    broken[1, 2, 3] = np.nan
    joined = sitk.JoinSeries([sitk.GetImageFromArray(part) for part in (values, values, broken)])
    sitk.WriteImage(joined, str(tmp_path / "all.nii.gz"))
    with pytest.raises(CaseError, match=r"at \(channel, z, y, x\) = \(2, 1, 2, 3\)"):
        read_channels(tmp_path / "all.nii.gz")


def test_an_image_is_written_as_it_is(tmp_path: Path, values: np.ndarray) -> None:
    image = read_stored(write(tmp_path / "a.nii.gz", values))
    write_image(tmp_path / "new" / "b.nii.gz", image)
    assert (tmp_path / "new" / "b.nii.gz").read_bytes() == (tmp_path / "a.nii.gz").read_bytes()


def test_an_image_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(ReradError, match=r"b\.unknown: cannot be written \(.*\.nii\.gz"):
        write_image(tmp_path / "b.unknown", sitk.GetImageFromArray(values))
    assert list(tmp_path.iterdir()) == []
