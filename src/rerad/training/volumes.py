"""The arrays of a cohort as samples of a network."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from rerad.core.errors import ReradError
from rerad.training import augmentation
from rerad.training.augmentation import Transform
from rerad.training.cases import Data
from rerad.training.job import Job
from rerad.training.recipe import Recipe

log = logging.getLogger(__name__)
MASK = "GTV"
# Of the device's free memory; the rest is for weights and activations.
SHARE_FOR_DATA = 0.4


class Sample(NamedTuple):
    """What a network sees at once: a case, one axial slice of it or all (-1), in one of several augmented copies."""

    case: int
    slice: int = -1
    copy: int = 0


class Batch(NamedTuple):
    """Images (batch, channels, *shape), features (batch, columns) or None, targets (batch,), GTV (batch, *shape)."""

    images: Tensor
    table: Tensor | None
    target: Tensor
    mask: Tensor


@dataclass
class Volumes:
    """The cases of a method, sorted by name; ``arrays`` by modality (rows, z, y, x), of which ``rows`` are the cases.

    ``slices``: the axial slices that a case has as samples; empty where whole volumes are.
    """

    names: list[str]
    target: Tensor
    table: NDArray[np.float64]
    modalities: list[str]
    arrays: dict[str, Tensor]
    rows: list[int]
    slices: list[list[int]]
    recipe: Recipe
    device: torch.device

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (z, y, x), or (y, x) of slices."""
        whole = tuple(self.arrays[MASK].shape[1:])
        return whole if self.recipe.input == "volumes" else whole[1:]

    def truth(self, case: int) -> NDArray[np.bool_]:
        """Return the GTV of a case (z, y, x)."""
        return self.arrays[MASK][self.rows[case]].cpu().numpy() > 0

    def largest(self, case: int) -> int:
        """Return the axial slice with the largest GTV, the first of several."""
        return int(self.truth(case).sum(axis=(1, 2)).argmax())


def read_volumes(job: Job, data: Data, recipe: Recipe, device: torch.device) -> Volumes:
    """Open the arrays of a cohort, memory-mapped, and move those of the method's cases to the device if they fit there.

    ``data.table`` (cases, handcrafted features; no column for most networks) is indexed by case and sorted.

    Raises:
        ReradError: an array is missing or does not fit the table of cases, or a case has no slice.
    """
    assert job.arrays is not None
    names, modalities = list(data.table.index), list(job.settings["modalities"])
    rows = pd.read_csv(job.cases, dtype={"case": str}).set_index("case")["row"].loc[names].astype(int).tolist()
    found = {name: _open(job.arrays / f"{name}.npy", max(rows)) for name in (*modalities, MASK)}
    sizes = {tuple(array.shape) for array in found.values()}
    if len(sizes) > 1:
        raise ReradError(f"arrays of different shapes: {sorted(sizes)}", where=str(job.arrays), remedy=_AGAIN)
    moved = _on_device(found, rows, device)
    volumes = Volumes(
        names=names,
        target=torch.tensor(data.target.to_numpy(), dtype=torch.long, device=device),
        table=data.table.to_numpy(dtype=float),
        modalities=modalities,
        arrays=moved or found,
        rows=list(range(len(names))) if moved else rows,
        slices=[[] for _ in names],
        recipe=recipe,
        device=device,
    )
    if recipe.input == "slices":
        volumes.slices = _read_slices(job.slices, names)
    elif recipe.input == "largest_slice":
        volumes.slices = [[volumes.largest(case)] for case in range(len(names))]
    return volumes


_AGAIN = "Remove the cohort's folder below cohorts/ and run again"


def _open(path: Path, last: int) -> Tensor:
    try:
        array = np.load(path, mmap_mode="c")
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=_AGAIN) from error
    if array.ndim != 4 or len(array) <= last:
        raise ReradError(f"has shape {array.shape}: no row {last} of (z, y, x)", where=str(path), remedy=_AGAIN)
    return torch.from_numpy(array)


def _on_device(arrays: dict[str, Tensor], rows: list[int], device: torch.device) -> dict[str, Tensor] | None:
    """Return the rows of the arrays on a GPU, or None if they stay where they are."""
    if device.type == "cpu":
        return None
    need = sum(array[0].numel() * array.element_size() * len(rows) for array in arrays.values())
    free = torch.cuda.mem_get_info(device)[0]
    if need > SHARE_FOR_DATA * free:
        log.info("the data (%.1f GB) stay in main memory: the GPU has %.1f GB free", need / 2**30, free / 2**30)
        return None
    return {name: torch.stack([array[row].to(device) for row in rows]) for name, array in arrays.items()}


def _read_slices(path: Path | None, names: Sequence[str]) -> list[list[int]]:
    known = pd.read_csv(path, dtype={"case": str}).groupby("case")["slice"].apply(sorted) if path else {}
    for name in names:
        if name not in known:
            raise ReradError(f"case {name} has no slice with tumour", where=str(path), remedy=_AGAIN)
    return [[int(index) for index in known[name]] for name in names]


def samples(volumes: Volumes, cases: Sequence[int], *, copies: int = 1) -> list[Sample]:
    """Return the samples of some cases in order."""
    return [
        Sample(case, slice_, copy)
        for case in cases
        for slice_ in (volumes.slices[case] or [-1])
        for copy in range(copies)
    ]


def standardised(table: NDArray[np.float64], train: Sequence[int]) -> NDArray[np.float32]:
    """Return a table (cases, columns) in standard deviations from the mean of the training cases.

    What is missing is the mean; a column that does not vary among the training cases is 0 for all.
    """
    finite = np.where(np.isfinite(table), table, np.nan)
    known = finite[list(train)]
    some = ~np.isnan(known).all(axis=0)
    mean, sd = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    mean[some], sd[some] = np.nanmean(known[:, some], axis=0), np.nanstd(known[:, some], axis=0)
    varies = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scaled = np.where(varies, (finite - mean) / np.where(varies, sd, 1), 0)
    return np.nan_to_num(scaled, nan=0.0).astype(np.float32)


def batch(
    volumes: Volumes, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()
) -> Batch:
    """Return samples as one batch on the device, augmented by one transform each if there are any.

    ``table`` (cases, columns) on the device holds the standardised features, or is None.
    """
    images = torch.stack(
        [torch.stack([_region(volumes, name, sample) for name in volumes.modalities]) for sample in chosen]
    ).to(volumes.device)
    mask = torch.stack([_region(volumes, MASK, sample) for sample in chosen]).to(volumes.device)
    if transforms:
        images, mask = augmentation.apply(images, mask, transforms)
    if volumes.recipe.masked:
        # Not by a product, in which a value outside that is no number would survive.
        images = torch.where(mask[:, None] > 0, images, torch.zeros((), device=images.device))
    if volumes.recipe.gtv_channel:
        images = torch.cat([images, mask[:, None].to(images.dtype)], dim=1)
    cases = torch.tensor([sample.case for sample in chosen], device=volumes.device)
    return Batch(images, None if table is None else table[cases], volumes.target[cases], mask)


def _region(volumes: Volumes, name: str, sample: Sample) -> Tensor:
    volume = volumes.arrays[name][volumes.rows[sample.case]]
    return volume if sample.slice < 0 else volume[sample.slice]


def not_finite(volumes: Volumes, case: int) -> list[str]:
    """Return the modalities of a case that hold values that are no numbers."""
    row = volumes.rows[case]
    return [name for name in volumes.modalities if not bool(torch.isfinite(volumes.arrays[name][row]).all())]


def data_digest(volumes: Volumes) -> str:
    """Return a digest of everything that the network may see: images, masks, slices, features and targets."""
    digest = hashlib.sha256()
    for name in (*volumes.modalities, MASK):
        for row in volumes.rows:
            digest.update(np.ascontiguousarray(volumes.arrays[name][row].cpu().numpy()).data)
    digest.update(volumes.table.tobytes())
    about = (volumes.names, volumes.modalities, volumes.target.tolist(), volumes.slices, volumes.shape)
    digest.update(repr(about).encode())
    return digest.hexdigest()[:16]
