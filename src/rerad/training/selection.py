"""Which epoch counts: the last, and beside it the one that looks best on the test side."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Best:
    """The best epochs so far, by the test side: of each task; 0 where there is none yet.

    ``scores`` (cases,) are those of the epoch ``classified``; ``masks`` those of the epoch ``segmented``, packed, one
    text of bits a case. ``values`` (cases, outputs) are those of the epoch ``fitted``, of a regression.
    """

    classified: int = 0
    accuracy: float = -1.0
    loss: float = math.inf
    scores: list[float] = field(default_factory=list)
    segmented: int = 0
    dice: float = -1.0
    masks: list[Any] = field(default_factory=list)
    fitted: int = 0
    error: float = math.inf
    values: list[list[float]] = field(default_factory=list)

    def see_scores(self, epoch: int, scores: list[float], target: list[int], loss: float) -> None:
        """Take an epoch if its accuracy is higher, or as high with a lower loss; the earliest stays.

        An epoch with a score or loss that is no number is no candidate.
        """
        if not scores or not all(map(math.isfinite, [*scores, loss])):
            return
        reached = accuracy(scores, target)
        if (reached, -loss) > (self.accuracy, -self.loss):
            self.classified, self.accuracy, self.loss, self.scores = epoch, reached, loss, list(scores)

    def see_masks(self, epoch: int, dice: list[float], masks: list[Any]) -> None:
        """Take an epoch if its mean Dice is higher; the earliest stays."""
        if not dice or not all(map(math.isfinite, dice)):
            return
        reached = sum(dice) / len(dice)
        if reached > self.dice:
            self.segmented, self.dice, self.masks = epoch, reached, list(masks)

    def see_values(self, epoch: int, values: list[list[float]], error: float) -> None:
        """Take an epoch if its mean error is lower; the earliest stays."""
        if error < self.error:
            self.fitted, self.error, self.values = epoch, error, values

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return asdict(self)


def accuracy(scores: list[float], target: list[int]) -> float:
    """Return the share of cases called rightly: positive from a score of 0.5."""
    return sum((score >= 0.5) == bool(truth) for score, truth in zip(scores, target, strict=True)) / len(scores)
