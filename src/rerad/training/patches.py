"""The cases of a cohort that are stored in their own size, as auto-fitting patches of their brain cubes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.core.errors import ConfigError, ReradError
from rerad.imaging.geometry import Geometry, box_spacing, from_cells, uncropped
from rerad.imaging.patches import Place, places, read_patch
from rerad.imaging.stored import Contents, Stored, open_case, paints, read_contents
from rerad.training import augmentation
from rerad.training.augmentation import Transform
from rerad.training.cases import Data
from rerad.training.inputs import Batch, Compared, Sample, class_tensor
from rerad.training.job import Job
from rerad.training.judged import Judged
from rerad.training.recipe import Recipe
from rerad.training.stitching import judge_stitched

log = logging.getLogger(__name__)


@dataclass
class Patches:
    """The cases of a method, sorted by name, below the folder ``arrays``; ``geometry`` of their brain cubes.

    A file is opened when it is looked at and no longer: there are more of them than a process may hold open.
    """

    names: list[str]
    target: Tensor | None
    table: NDArray[np.float64]
    modalities: list[str]
    arrays: Path
    contents: Contents
    geometry: list[Geometry]
    recipe: Recipe
    device: torch.device
    one_grid: ClassVar[bool] = False
    synthesised: ClassVar[bool] = False
    _marked: dict[int, list[int]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a patch (z, y, x)."""
        return self.recipe.patch_shape

    @property
    def regions(self) -> tuple[str, ...]:
        """The names of the regions, of which each is inside the one before it."""
        return tuple(self.contents.regions)

    def opened(self, case: int) -> Stored:
        """Open a case, whose patches are read one by one.

        Raises:
            ReradError: its files are broken, or not of the box that cases.csv tells.
        """
        name, box = self.names[case], self.geometry[case].box_shape
        found = open_case(self.arrays, name, channels=len(self.contents.channels))
        if found.labels.shape != box:
            remedy = "Remove the cohort's folder below cohorts/ and run again"
            raise ReradError(
                f"{found.labels.shape} voxels for a box of {box}", where=str(self.arrays / name), remedy=remedy
            )
        return found

    def channels(self) -> list[int]:
        """Return where the method's modalities are among the stored channels."""
        return [self.contents.channels.index(name) for name in self.modalities]

    def places(self, case: int) -> list[Place]:
        """Return where the patches of a case begin."""
        return places(self.geometry[case].box_shape, self.shape)

    def samples(self, cases: Sequence[int], *, copies: int = 1, learning: bool = False) -> list[Sample]:
        """Return the patches of some cases in order; to learn from, only those with tumour (the released code)."""
        return [
            Sample(case, part, copy)
            for case in cases
            for part in (self._with_tumour(case) if learning else range(len(self.places(case))))
            for copy in range(copies)
        ]

    def _with_tumour(self, case: int) -> list[int]:
        if case not in self._marked:
            labels = np.asarray(self.opened(case).labels)
            own = [read_patch(labels, place, self.shape).any() for place in self.places(case)]
            self._marked[case] = np.flatnonzero(own).tolist()
        return self._marked[case]

    def batch(self, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()) -> Batch:
        """Return patches as one batch on the device, augmented by one transform each if there are any.

        Beyond a patch there is nothing to be seen: what a transform brings in from there is background.
        """
        pairs = [self._read(sample) for sample in chosen]
        images, labels = (torch.from_numpy(np.stack(part)).to(self.device) for part in zip(*pairs, strict=True))
        if transforms:
            images, labels = augmentation.apply(images, labels, transforms, beyond="zeros")
        cases = torch.tensor([sample.case for sample in chosen], device=self.device)
        target = None if self.target is None else self.target[cases]
        return Batch(images, None, target, self.masks(labels))

    def _read(self, sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        images, labels = self.opened(sample.case)
        place = self.places(sample.case)[sample.part]
        own = [read_patch(images[channel], place, self.shape) for channel in self.channels()]
        return np.stack(own), read_patch(labels, place, self.shape)

    def masks(self, labels: Tensor) -> Tensor:
        """Return the regions (batch, regions, *shape) of labels (batch, *shape), True inside; they overlap."""
        own = [torch.tensor(known, device=labels.device) for known in self.contents.regions.values()]
        return torch.stack([torch.isin(labels, known) for known in own], dim=1)

    def paint(self, chance: NDArray, brain: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return the labels of probabilities (regions, z, y, x): inner regions over outer ones, from 0.5, in the brain.

        A voxel of an inner region is one of all around it, whatever their probabilities.
        """
        labels = np.zeros(brain.shape, np.uint8)
        for known, label in zip(chance, paints(self.contents.regions).values(), strict=True):
            labels[known >= 0.5] = label
        return np.where(brain, labels, 0).astype(np.uint8)

    def judge(self, network: nn.Module, case: int, table: Tensor | None, *, whole: bool) -> Judged:
        """Return what a network says about a brain cube, stitched from its patches; its labels if ``whole``."""
        del table  # networks of patches see images only
        return judge_stitched(network, self, case, whole=whole)

    def told(self, sample: Sample) -> str:
        """Return a patch as a person would name it."""
        name = f"case {self.names[sample.case]}"
        if sample.part < 0:
            return name
        place = " ".join(map(str, self.places(sample.case)[sample.part]))
        return f"{name} patch {sample.part + 1} (from voxel {place} of its brain cube on, z y x)"

    def truth(self, case: int) -> NDArray[np.uint8]:
        """Return the labels of a case's brain cube (z, y, x)."""
        return np.array(self.opened(case).labels)

    def largest(self, case: int) -> int:
        """Return the axial slice of the brain cube with the largest whole tumour, the first of several."""
        return int((self.truth(case) > 0).sum(axis=(1, 2)).argmax())

    def compared(self, case: int, mask: NDArray) -> Iterator[Compared]:
        """Yield every region of true and of painted labels in the whole scan, not only the brain cube.

        A tumour voxel outside the cube, where every modality is 0, was not stored: box_check.csv tells of such cases.
        """
        truth, called = (uncropped(labels, self.geometry[case]) for labels in (self.truth(case), mask))
        for name, labels in self.contents.regions.items():
            yield Compared(name, np.isin(truth, labels), np.isin(called, labels))

    def spacing(self, case: int) -> tuple[float, ...]:
        """Return the voxel size of a case (z, y, x) in mm."""
        return box_spacing(self.geometry[case])

    def digest(self) -> str:
        """Return a digest of everything that the network may see: images, labels, geometry and targets."""
        digest = hashlib.sha256()
        for case in range(len(self.names)):
            images, labels = self.opened(case)
            for channel in self.channels():
                digest.update(images[channel].data)
            digest.update(labels.data)
        target = None if self.target is None else self.target.tolist()
        digest.update(repr((self.names, self.modalities, target, self.contents, self.geometry, self.shape)).encode())
        return digest.hexdigest()[:16]

    def about(self) -> dict[str, object]:
        """Return what a kept model needs besides its own settings to predict a new case."""
        return {
            "regions": {name: list(labels) for name, labels in self.contents.regions.items()},
            "patch": list(self.shape),
            "intensity": self.contents.intensity,
        }


def open_inputs(job: Job, data: Data, recipe: Recipe, device: torch.device) -> Patches:
    """Return the cases of a method with the geometry that cases.csv tells; their arrays stay on disk.

    Raises:
        ConfigError: the cohort does not have a modality.
        ReradError: the folder of arrays says nothing about itself, or a case has no geometry.
    """
    assert job.arrays is not None
    names, contents = list(data.table.index), read_contents(job.arrays)
    for name in job.settings["modalities"]:
        if name not in contents.channels:
            known = ", ".join(contents.channels)
            raise ConfigError(f"there is no {name}", where=f"modalities of {job.method}", remedy=f"Known are {known}")
    rows = pd.read_csv(job.cases, dtype=str).set_index("case")
    return Patches(
        names=names,
        target=class_tensor(data, device),
        table=data.table.to_numpy(dtype=float),
        modalities=list(job.settings["modalities"]),
        arrays=job.arrays,
        contents=contents,
        geometry=[from_cells(rows.loc[name].to_dict(), where=f"{job.cases}, case {name}") for name in names],
        recipe=recipe,
        device=device,
    )
