"""The cases of a cohort whose arrays lie on one grid, as samples of a network: whole volumes or axial slices."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.core.errors import ReradError
from rerad.training import augmentation
from rerad.training.augmentation import Transform
from rerad.training.cases import Data
from rerad.training.inputs import Batch, Compared, Sample, class_tensor
from rerad.training.job import Job
from rerad.training.judged import Judged
from rerad.training.recipe import Recipe
from rerad.training.sampled import judge_samples

log = logging.getLogger(__name__)
MASK = "GTV"
# Of the device's free memory; the rest is for weights and activations.
SHARE_FOR_DATA = 0.4


@dataclass
class Volumes:
    """The cases of a method, sorted by name; ``arrays`` by modality (rows, z, y, x), of which ``rows`` are the cases.

    ``slices``: the axial slices that a case has as samples; empty where whole volumes are. ``spacing_mm`` of the grid.
    """

    names: list[str]
    target: Tensor | None
    table: NDArray[np.float64]
    modalities: list[str]
    arrays: dict[str, Tensor]
    rows: list[int]
    slices: list[list[int]]
    recipe: Recipe
    device: torch.device
    spacing_mm: float | None = None
    one_grid: ClassVar[bool] = True
    synthesised: ClassVar[bool] = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (z, y, x), or (y, x) of slices."""
        whole = tuple(self.arrays[MASK].shape[1:])
        return whole if self.recipe.input == "volumes" else whole[1:]

    def samples(self, cases: Sequence[int], *, copies: int = 1, learning: bool = False) -> list[Sample]:
        """Return the samples of some cases in order; all have tumour."""
        return [
            Sample(case, slice_, copy)
            for case in cases
            for slice_ in (self.slices[case] or [-1])
            for copy in range(copies)
        ]

    def batch(self, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()) -> Batch:
        """Return samples as one batch on the device, augmented by one transform each if there are any.

        ``table`` (cases, columns) on the device holds the standardised features, or is None.
        """
        images = torch.stack(
            [torch.stack([self._region(name, sample) for name in self.modalities]) for sample in chosen]
        ).to(self.device)
        mask = torch.stack([self._region(MASK, sample) for sample in chosen]).to(self.device)
        if transforms:
            images, mask = augmentation.apply(images, mask, transforms)
        if self.recipe.masked:
            # Not by a product, in which a value outside that is no number would survive.
            images = torch.where(mask[:, None] > 0, images, torch.zeros((), device=images.device))
        if self.recipe.gtv_channel:
            images = torch.cat([images, mask[:, None].to(images.dtype)], dim=1)
        cases = torch.tensor([sample.case for sample in chosen], device=self.device)
        target = None if self.target is None else self.target[cases]
        return Batch(images, None if table is None else table[cases], target, mask)

    def _region(self, name: str, sample: Sample) -> Tensor:
        volume = self.arrays[name][self.rows[sample.case]]
        return volume if sample.part < 0 else volume[sample.part]

    def judge(self, network: nn.Module, case: int, table: Tensor | None, *, whole: bool) -> Judged:
        """Return what a network says about all of a case; its mask and map if ``whole``."""
        return judge_samples(network, self, case, table, whole=whole)

    def told(self, sample: Sample) -> str:
        """Return a sample as a person would name it."""
        name = f"case {self.names[sample.case]}"
        return name if sample.part < 0 else f"{name} slice {sample.part}"

    def truth(self, case: int) -> NDArray[np.bool_]:
        """Return the GTV of a case (z, y, x)."""
        return self.arrays[MASK][self.rows[case]].cpu().numpy() > 0

    def largest(self, case: int) -> int:
        """Return the axial slice with the largest GTV, the first of several."""
        return int(self.truth(case).sum(axis=(1, 2)).argmax())

    def compared(self, case: int, mask: NDArray) -> Iterator[Compared]:
        """Yield the one region, the GTV, on the grid."""
        yield Compared(MASK, self.truth(case), mask.astype(bool))

    def spacing(self, case: int) -> float:
        """Return the voxel size of the grid in mm.

        Raises:
            ReradError: nobody told it.
        """
        if self.spacing_mm is None:
            raise ReradError("the spacing of the arrays is not known", where="spacing_mm", remedy="Pass it to train")
        return self.spacing_mm

    def digest(self) -> str:
        """Return a digest of everything that the network may see: images, masks, slices, features and targets."""
        digest = hashlib.sha256()
        for name in (*self.modalities, MASK):
            for row in self.rows:
                digest.update(np.ascontiguousarray(self.arrays[name][row].cpu().numpy()).data)
        digest.update(self.table.tobytes())
        target = None if self.target is None else self.target.tolist()
        digest.update(repr((self.names, self.modalities, target, self.slices, self.shape)).encode())
        return digest.hexdigest()[:16]

    def about(self) -> dict[str, object]:
        """Return what a kept model needs besides its own settings: nothing."""
        return {}


def open_inputs(job: Job, data: Data, recipe: Recipe, device: torch.device) -> Volumes:
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
        target=class_tensor(data, device),
        table=data.table.to_numpy(dtype=float),
        modalities=modalities,
        arrays=moved or found,
        rows=list(range(len(names))) if moved else rows,
        slices=[[] for _ in names],
        recipe=recipe,
        device=device,
        spacing_mm=job.spacing_mm,
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
