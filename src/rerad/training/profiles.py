"""Patients' gene expression, scaled, as samples of a network that predicts numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.training.augmentation import Transform
from rerad.training.inputs import Batch, Compared, Sample
from rerad.training.judged import Judged
from rerad.training.loss import losses
from rerad.training.recipe import Recipe


@dataclass
class Profiles:
    """Scaled genes (patients, genes) and what is to be ``predicted`` from them (patients, outputs), on the device.

    An autoencoder predicts the genes themselves. Nothing here has voxels, a class, or a ``table`` beside the genes; see
    :class:`rerad.training.inputs.Inputs`.
    """

    names: list[str]
    genes: Tensor
    predicted: Tensor
    recipe: Recipe
    device: torch.device
    target: Tensor | None = None
    modalities: list[str] = field(default_factory=lambda: ["expression"])
    table: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    one_grid: ClassVar[bool] = True
    synthesised: ClassVar[bool] = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of genes."""
        return tuple(self.genes.shape[1:])

    def samples(self, cases: Sequence[int], *, copies: int = 1, learning: bool = False) -> list[Sample]:
        """Return one sample a patient, in order."""
        return [Sample(case) for case in cases]

    def batch(self, chosen: Sequence[Sample], table: Tensor | None, transforms: Sequence[Transform] = ()) -> Batch:
        """Return samples as one batch on the device."""
        cases = torch.tensor([sample.case for sample in chosen], device=self.device)
        return Batch(self.genes[cases], None, self.predicted[cases], self.genes.new_empty(0))

    def judge(self, network: nn.Module, case: int, table: Tensor | None, *, whole: bool) -> Judged:
        """Return what a network predicts of a patient, and the loss of that."""
        del table, whole  # there is neither a table beside the genes nor a mask
        given = self.batch(self.samples([case]), None)
        output = network(given.images, None)
        found = losses(output, given.target, given.mask, self.recipe.loss)
        values = output.values[0].float().cpu().numpy()
        return Judged(case, losses={name: float(value) for name, value in found.items()}, values=values)

    def told(self, sample: Sample) -> str:
        """Return a patient as a person would name them."""
        return f"case {self.names[sample.case]}"

    def truth(self, case: int) -> NDArray:
        """Return what should be predicted, scaled."""
        return self.predicted[case].cpu().numpy()

    def largest(self, case: int) -> int:
        """Return 0: there are no slices."""
        return 0

    def compared(self, case: int, mask: NDArray) -> Iterator[Compared]:
        """Yield nothing: there are no masks."""
        return iter(())

    def spacing(self, case: int) -> float:
        """Return 1: there are no voxels."""
        return 1.0

    def digest(self) -> str:
        """Return a digest of everything that the network may see."""
        digest = hashlib.sha256(repr((self.names, tuple(self.predicted.shape))).encode())
        for values in (self.genes, self.predicted):
            digest.update(np.ascontiguousarray(values.cpu().numpy()).data)
        return digest.hexdigest()[:16]

    def about(self) -> dict[str, object]:
        """Return nothing that a kept model would need."""
        return {}
