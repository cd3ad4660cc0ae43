"""What a training asks of the cases of a method, however they are stored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.core.errors import ReradError
from rerad.training.augmentation import Transform
from rerad.training.cases import Data
from rerad.training.judged import Judged
from rerad.training.recipe import Recipe


class Sample(NamedTuple):
    """What a network sees at once: a case, one axial slice or patch of it or all (-1), in one of several copies."""

    case: int
    part: int = -1
    copy: int = 0


class Batch(NamedTuple):
    """Images (batch, channels, *shape), features (batch, columns), targets (batch,), and what the voxels are.

    ``mask`` (batch, *shape) is the GTV, or (batch, regions, *shape) are regions that overlap. ``table`` and ``target``
    are None where there are none.
    """

    images: Tensor
    table: Tensor | None
    target: Tensor | None
    mask: Tensor


class Compared(NamedTuple):
    """A region's true and predicted mask (z, y, x) in the geometry in which they are judged."""

    region: str
    truth: NDArray[np.bool_]
    called: NDArray[np.bool_]


class Inputs(Protocol):
    """The cases of a method, sorted by name: arrays on one grid, or stored cases of their own size in patches.

    ``target`` (cases,) or None; ``table`` (cases, handcrafted features); ``modalities`` of the first channels of an
    image. Cases are told by their place in ``names``.
    A predicted mask (z, y, x) is one of the GTV, or one of labels where ``one_grid`` is False;
    where maps are ``synthesised``, there are no masks.
    """

    names: list[str]
    target: Tensor | None
    table: NDArray[np.float64]
    modalities: list[str]
    recipe: Recipe
    device: torch.device
    one_grid: ClassVar[bool]
    synthesised: ClassVar[bool]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""

    def samples(self, cases: Sequence[int], *, copies: int = 1, learning: bool = False) -> list[Sample]:
        """Return the samples of some cases in order; where one is to learn from, those without tumour may be left."""

    def batch(self, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()) -> Batch:
        """Return samples as one batch on the device, augmented by one transform each if there are any."""

    def judge(self, network: nn.Module, case: int, table: Tensor | None, *, whole: bool) -> Judged:
        """Return what a network in evaluation says about a case; its mask or maps if ``whole``."""

    def told(self, sample: Sample) -> str:
        """Return a sample as a person would name it."""

    def truth(self, case: int) -> NDArray:
        """Return what a predicted mask of a case should be (z, y, x)."""

    def largest(self, case: int) -> int:
        """Return the axial slice with the largest tumour, the first of several."""

    def compared(self, case: int, mask: NDArray) -> Iterator[Compared]:
        """Yield every region, as it is and as a predicted mask has it."""

    def spacing(self, case: int) -> float | tuple[float, ...]:
        """Return the voxel size of what is compared, in mm: one number, or one an axis."""

    def digest(self) -> str:
        """Return a digest of everything that the network may see."""

    def about(self) -> dict[str, object]:
        """Return, in plain data, what a kept model needs besides its own settings to predict a new case."""


@contextlib.contextmanager
def noted(inputs: Inputs, picked: Sequence[Sample]) -> Iterator[None]:
    """Note on an error in the block which cases it came with, if they differ in size; see ``named_out_of_memory``."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not inputs.one_grid:
            error.add_note(", ".join(map(inputs.told, picked)))
        raise


def not_finite(inputs: Inputs, picked: Sequence[Sample], given: Batch) -> dict[str, list[str]]:
    """Return, by case, the modalities of which the batch of some samples shows values that are no numbers."""
    found: dict[str, set[str]] = {}
    for sample, image in zip(picked, given.images, strict=True):
        channels = image if image.ndim > 1 else image[None]  # genes have no channels
        broken = {
            name for name, own in zip(inputs.modalities, channels, strict=False) if not bool(torch.isfinite(own).all())
        }
        found.setdefault(inputs.names[sample.case], set()).update(broken)
    return {case: sorted(broken, key=inputs.modalities.index) for case, broken in sorted(found.items()) if broken}


def class_tensor(data: Data, device: torch.device) -> Tensor | None:
    """Return the targets (cases,) on the device, if there are any."""
    return None if data.target is None else torch.tensor(data.target.to_numpy(), dtype=torch.long, device=device)


def target_of(inputs: Inputs, case: int) -> int:
    """Return the class of a case.

    Raises:
        ReradError: the cohort knows none.
    """
    if inputs.target is None:
        what = f"case {inputs.names[case]} has no target to classify"
        raise ReradError(what, where="cases.csv", remedy="Train a network that segments only")
    return int(inputs.target[case])
