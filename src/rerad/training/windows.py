"""The cases of a cohort as windows of one slice each, with the GLCM entropy of each window: what RadSynth learns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.cohorts.breast.labels import GLANDULAR, LESION
from rerad.core.errors import ReradError
from rerad.core.seeds import derive
from rerad.imaging.geometry import Geometry, box_spacing, from_cells
from rerad.imaging.stored import open_case
from rerad.models.radsynth import PATCH
from rerad.radiomics import glcm_map
from rerad.radiomics.glcm_levels import bin_edges, to_levels
from rerad.training.augmentation import Transform
from rerad.training.cases import Data
from rerad.training.inputs import Batch, Compared, Sample
from rerad.training.job import Job
from rerad.training.judged import Judged
from rerad.training.recipe import Recipe

FAR = PATCH // 2  # voxels from the centre of a window to its border


class Drawn(NamedTuple):
    """Windows (n, 5, 5) of grey levels, and the entropies (n,) of their matrices."""

    windows: NDArray[np.uint8]
    values: NDArray[np.float32]


class About(NamedTuple):
    """What cases.csv tells of a case: its group, the range of its image, the axis across slices, its geometry."""

    group: str
    low: float
    high: float
    axis: int
    geometry: Geometry


@dataclass
class Windows:
    """The cases of a method, sorted by name, below the folder ``arrays``.

    Arrays of a case are (slices, rows, columns) here, whatever axis the slices lie across. The windows of a case that
    are learned from are drawn from its breast once, by ``seed`` and its name: no other case plays a part in them.
    """

    names: list[str]
    table: NDArray[np.float64]
    arrays: Path
    known: list[About]
    seed: int
    recipe: Recipe
    device: torch.device
    target: Tensor | None = None
    modalities: list[str] = field(default_factory=lambda: ["MR"])
    one_grid: ClassVar[bool] = False
    synthesised: ClassVar[bool] = True
    _drawn: dict[int, Drawn] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a window (y, x)."""
        return (PATCH, PATCH)

    @property
    def count(self) -> int:
        """The number of grey levels."""
        assert self.recipe.windows is not None
        return self.recipe.windows["levels"]

    def levels(self, case: int) -> NDArray[np.uint8]:
        """Return the grey levels of a case: equal bins between the smallest and the largest value of its image.

        Raises:
            ReradError: its files are broken, or a value is no number.
        """
        about, image = self.known[case], self._image(case)
        if not np.isfinite(image).all():
            remedy = "Look at how the case was prepared"
            raise ReradError("voxels that are no numbers", where=f"case {self.names[case]}", remedy=remedy)
        return grey_levels(image, about.low, about.high, self.count)

    def exact(self, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the entropy of the window around each voxel, in its slice: four directions, their mean."""
        found = glcm_map(
            levels, levels=self.count, window=PATCH, binning="none", in_plane=True, threads=self.recipe.threads
        )
        return found.astype(np.float32)

    def _image(self, case: int) -> NDArray[np.float32]:
        stored = open_case(self.arrays, self.names[case], channels=1)
        return np.moveaxis(stored.images[0], self.known[case].axis, 0)

    def truth(self, case: int) -> NDArray[np.uint8]:
        """Return the tissues of a case."""
        stored = open_case(self.arrays, self.names[case], channels=1)
        return np.moveaxis(np.array(stored.labels), self.known[case].axis, 0)

    def drawn(self, case: int) -> Drawn:
        """Return the windows of a case that are learned from: whole ones, around voxels of the breast."""
        if case not in self._drawn:
            self._drawn[case] = self._draw(case)
        return self._drawn[case]

    def _draw(self, case: int) -> Drawn:
        assert self.recipe.windows is not None
        levels = self.levels(case)
        own = (slice(None), slice(FAR, -FAR), slice(FAR, -FAR))
        places = np.flatnonzero(self.truth(case)[own] > 0)
        random = np.random.default_rng(derive(self.seed, "windows", self.names[case]))
        count = min(self.recipe.windows["a_case"], len(places))
        chosen = random.choice(places, count, replace=False, shuffle=False)
        windows = sliding_window_view(levels, (PATCH, PATCH), axis=(1, 2))
        at = np.unravel_index(np.sort(chosen), windows.shape[:3])
        return Drawn(windows[at], self.exact(levels)[own][at])

    def samples(self, cases: Sequence[int], *, copies: int = 1, learning: bool = False) -> list[Sample]:
        """Return the drawn windows of some cases in order."""
        del learning  # windows that are judged during the training are drawn alike
        return [
            Sample(case, part, copy)
            for case in cases
            for part in range(len(self.drawn(case).values))
            for copy in range(copies)
        ]

    def batch(self, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()) -> Batch:
        """Return windows of levels and their entropies (batch, 1) on the device."""
        del table, transforms  # windows have neither
        cases, parts = np.array([(sample.case, sample.part) for sample in chosen]).T
        windows = np.empty((len(chosen), *self.shape), np.uint8)
        values = np.empty(len(chosen), np.float32)
        for case in np.unique(cases).tolist():  # a case at a time: one by one they would cost as much as a layer
            own = cases == case
            drawn = self.drawn(case)
            windows[own], values[own] = drawn.windows[parts[own]], drawn.values[parts[own]]
        images = self.scaled(windows)[:, None]
        return Batch(images, None, torch.from_numpy(values)[:, None].to(self.device), torch.empty(0))

    def scaled(self, levels: NDArray[np.uint8]) -> Tensor:
        """Return grey levels as the network sees them, on the device; the padding is level 0."""
        return torch.from_numpy(levels.astype(np.float32)).to(self.device)

    def judge(self, network: nn.Module, case: int, table: Tensor | None, *, whole: bool) -> Judged:
        """Return the loss of a network over the drawn windows of a case, and its maps if ``whole``."""
        from rerad.training.synthesis import judge_windows  # it needs these windows itself

        del table  # windows have none
        return judge_windows(network, self, case, whole=whole)

    def told(self, sample: Sample) -> str:
        """Return a case as a person would name it; which of thousands of windows helps nobody."""
        return f"case {self.names[sample.case]}"

    def largest(self, case: int) -> int:
        """Return the slice with the largest lesion, or where there is none with the most glandular tissue."""
        tissues = self.truth(case)
        shown = tissues == (LESION if (tissues == LESION).any() else GLANDULAR)
        return int(shown.sum(axis=(1, 2)).argmax())

    def compared(self, case: int, mask: NDArray) -> Iterator[Compared]:
        """Yield nothing: nobody paints masks of tissues."""
        del case, mask
        return iter(())

    def spacing(self, case: int) -> tuple[float, ...]:
        """Return the voxel size of a case, across slices first, in mm."""
        steps = list(box_spacing(self.known[case].geometry))
        return (steps.pop(self.known[case].axis), *steps)

    def digest(self) -> str:
        """Return a digest of everything that the network may see, or that it is judged by."""
        digest = hashlib.sha256()
        for name in self.names:
            stored = open_case(self.arrays, name, channels=1)
            digest.update(stored.images.data)
            digest.update(stored.labels.data)
        digest.update(repr((self.names, self.known, self.seed)).encode())
        return digest.hexdigest()[:16]

    def about(self) -> dict[str, object]:
        """Return what a kept model needs besides its own settings: how many levels it saw."""
        return {"levels": self.count}


def grey_levels(image: NDArray[np.float32], low: float, high: float, count: int) -> NDArray[np.uint8]:
    """Return levels from 1 to ``count`` of an image: equal bins between the ends of its volume's range."""
    edges = bin_edges(np.array([low, high], image.dtype), None, levels=count, binning="volume")
    return to_levels(image, None, edges).astype(np.uint8)


def open_inputs(job: Job, data: Data, recipe: Recipe, device: torch.device) -> Windows:
    """Return the cases of a method with what cases.csv tells of them; their arrays stay on disk.

    Raises:
        ReradError: a case has no geometry or no range of values.
    """
    assert job.arrays is not None
    names = list(data.table.index)
    rows = pd.read_csv(job.cases, dtype=str, keep_default_na=False).set_index("case")
    return Windows(
        names=names,
        table=data.table.to_numpy(dtype=float),
        arrays=job.arrays,
        known=[_about(rows.loc[name].to_dict(), where=f"{job.cases}, case {name}") for name in names],
        seed=derive(job.seed, job.cohort, job.method),
        recipe=recipe,
        device=device,
    )


def _about(row: dict[str, str], *, where: str) -> About:
    try:
        low, high, axis = float(row["low"]), float(row["high"]), int(row["slice_axis"])
    except (KeyError, ValueError) as error:
        raise ReradError(f"no range or no axis of slices ({error!r})", where=where, remedy="Prepare it anew") from error
    return About(row.get("group", ""), low, high, axis, from_cells(row, where=where))
