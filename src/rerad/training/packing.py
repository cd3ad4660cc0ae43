"""Predicted masks in the little room that a checkpoint has for them."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def pack(mask: NDArray) -> Tensor:
    """Return a mask of labels (uint8), or of True and False, as a text of bytes; a tumour has few, and they repeat."""
    return torch.from_numpy(np.frombuffer(zlib.compress(mask.astype(np.uint8).tobytes(), 1), np.uint8).copy())


def unpack(packed: Tensor, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the labels of a packed mask of a shape."""
    return np.frombuffer(zlib.decompress(packed.numpy().tobytes()), np.uint8).reshape(shape)
