"""Read images and masks, and refuse what no result can be based on."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from rerad.core.errors import CaseError, UnwritableError
from rerad.core.files import atomic, unwritable
from rerad.imaging.nifti import stored_floats

# Headers store geometry as 32-bit floats: equal grids differ in the last digits of what is read back.
TOLERANCE_MM = 1e-3
DIRECTION_TOLERANCE = 1e-4
HEADER = 2**16  # bytes: more than the header of a NIfTI file takes


def read_image(path: str | Path) -> sitk.Image:
    """Read a 3-D image as float32, its axes ordered and turned to LPS.

    Raises:
        CaseError: the file is missing, cut off or damaged, not 3-D, or has a voxel that is not finite.
    """
    return upright(read_stored(path), where=str(path))


def read_mask(path: str | Path) -> sitk.Image:
    """Read a 3-D mask as uint8 (1 where the file is not 0), its axes ordered and turned to LPS.

    Raises:
        CaseError: the file is missing, cut off or damaged, not 3-D, or marks no voxel.
    """
    mask = sitk.Cast(read_stored(path) != 0, sitk.sitkUInt8)
    if not sitk.GetArrayViewFromImage(mask).any():
        raise CaseError("the mask is empty", where=str(path), remedy="Contour the GTV, or leave the case out")
    return sitk.DICOMOrient(mask, "LPS")


def upright(image: sitk.Image, *, where: str) -> sitk.Image:
    """Return an image as float32, its axes ordered and turned to LPS.

    Raises:
        CaseError: a voxel is not finite in 32 bits.
    """
    image = sitk.Cast(image, sitk.sitkFloat32)
    _refuse_broken(sitk.GetArrayViewFromImage(image), where)
    return sitk.DICOMOrient(image, "LPS")


def turned_like(mask: sitk.Image, image: sitk.Image) -> sitk.Image:
    """Return a mask with its axes in the order and direction of an image's; no voxel changes."""
    if np.allclose(mask.GetDirection(), image.GetDirection(), rtol=0, atol=DIRECTION_TOLERANCE):
        return mask
    orientation = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    return sitk.DICOMOrient(mask, orientation)


def same_geometry(
    image: sitk.Image, mask: sitk.Image, *, where: str = "", names: tuple[str, str] = ("image", "mask")
) -> None:
    """Refuse an image and a mask, or two images of those ``names``, that do not share one voxel grid.

    Raises:
        CaseError: naming both grids.
    """
    same = (
        image.GetSize() == mask.GetSize()
        and np.allclose(image.GetSpacing(), mask.GetSpacing(), rtol=0, atol=TOLERANCE_MM)
        and np.allclose(image.GetOrigin(), mask.GetOrigin(), rtol=0, atol=TOLERANCE_MM)
        and np.allclose(image.GetDirection(), mask.GetDirection(), rtol=0, atol=DIRECTION_TOLERANCE)
    )
    if not same:
        raise CaseError(
            f"{names[0]} and {names[1]} lie on different grids: {_grid(image)} against {_grid(mask)}",
            where=where,
            remedy=f"Resample the {names[1]} to the grid of the {names[0]}",
        )


def read_stored(path: str | Path) -> sitk.Image:
    """Read a 3-D image with its stored pixel type and orientation.

    ITK is silent about much that is wrong with a NIfTI file: it makes up the rest of one that ends early, and reads NaN
    and infinity as 0. So the stored bytes are looked at as well.

    Raises:
        CaseError: the file is missing, cut off or damaged, not 3-D, or has a voxel that is not finite.
    """
    return _read(Path(path), dimensions=3)


def read_channels(path: str | Path) -> list[sitk.Image]:
    """Read the 3-D images that a 4-D file holds one after the other, as they are stored.

    Raises:
        CaseError: see :func:`read_stored`; the file is not 4-D.
    """
    image = _read(Path(path), dimensions=4)
    *size, count = image.GetSize()
    return [sitk.Extract(image, [*size, 0], [0, 0, 0, index]) for index in range(count)]


def write_image(path: str | Path, image: sitk.Image) -> None:
    """Write an image, compressed where its format knows how.

    Raises:
        UnwritableError: it cannot be written.
    """
    with atomic(path) as part:
        try:
            sitk.WriteImage(image, str(part), useCompression=True)
        except RuntimeError as error:
            raise UnwritableError(
                f"cannot be written ({last_line(error)})",
                where=str(path),
                remedy="Free space or give write permission there, and end the name as its format wants it (.nii.gz)",
            ) from error
        if not _is_whole(part, image):  # ITK's writer of NIfTI does not tell of a full disk
            raise unwritable(Path(path), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def _is_whole(path: Path, image: sitk.Image) -> bool:
    """Tell whether a NIfTI file has room for the image's voxels; gzip ends with the length of what it holds."""
    if not path.name.endswith((".nii", ".nii.gz")):
        return True
    wanted = image.GetNumberOfPixels() * image.GetNumberOfComponentsPerPixel() * image.GetSizeOfPixelComponent()
    length = path.stat().st_size
    if path.suffix == ".gz":
        with open(path, "rb") as file:
            file.seek(-min(length, 4), os.SEEK_END)
            length = int.from_bytes(file.read(), "little")
    return (length - wanted) % 2**32 < HEADER


def _read(path: Path, *, dimensions: int) -> sitk.Image:
    if not path.is_file():
        raise CaseError("the file is missing", where=str(path), remedy="Acquire the case again, or leave it out")
    try:
        stored = stored_floats(path) if path.name.endswith((".nii", ".nii.gz")) else None
        image = sitk.ReadImage(str(path))
    except (RuntimeError, OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise CaseError(
            f"cannot be read ({last_line(error)})", where=str(path), remedy="Copy or download the file again"
        ) from error
    if image.GetDimension() != dimensions or image.GetNumberOfComponentsPerPixel() != 1:
        raise CaseError(
            f"{image.GetDimension()} dimensions with {image.GetNumberOfComponentsPerPixel()} values a voxel are no "
            f"{dimensions}-D image",
            where=str(path),
            remedy="Store one volume a file" if dimensions == 3 else "Store the channels along a fourth axis",
        )
    _refuse_broken(sitk.GetArrayViewFromImage(image) if stored is None else stored, str(path))
    return image


def last_line(error: Exception) -> str:
    """Return what matters of an error of ITK: the last line, after the places in its source."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1].strip()


def _refuse_broken(values: NDArray[np.generic], where: str) -> None:
    broken = np.flatnonzero(~np.isfinite(values))
    if len(broken):
        place = tuple(map(int, np.unravel_index(broken[0], values.shape)))
        axes = "(z, y, x)" if len(place) == 3 else "(channel, z, y, x)"
        raise CaseError(
            f"{len(broken)} voxels are not finite, the first ({values[place]}) at {axes} = {place}",
            where=where,
            remedy="Export the image again, or repair these voxels",
        )


def _grid(image: sitk.Image) -> str:
    def told(values: tuple[float, ...], joint: str) -> str:
        return joint.join(f"{value:.6g}" for value in values)

    text = (
        f"{told(image.GetSize(), ' × ')} voxels of {told(image.GetSpacing(), ' × ')} mm "
        f"from ({told(image.GetOrigin(), ', ')})"
    )
    if not np.allclose(image.GetDirection(), np.eye(3).ravel(), rtol=0, atol=DIRECTION_TOLERANCE):
        text += f" along ({told(image.GetDirection(), ', ')})"
    return text
