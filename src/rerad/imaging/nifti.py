"""What ITK's NIfTI reader keeps quiet about: it fills a truncated file with anything and turns nan and inf into 0."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOATS = {16: "f4", 64: "f8"}


def stored_floats(path: Path) -> NDArray[np.floating] | None:
    """Return the voxels of a NIfTI file as they are stored, (…, z, y, x), or None if they are integers.

    Raises:
        EOFError: the file ends too early.
        OSError, zlib.error: the compressed stream is broken.
        ValueError: it is no NIfTI file.
    """
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        content = file.read()
    order = next((mark for mark in "<>" if content[:4] in (struct.pack(f"{mark}i", size) for size in (348, 540))), None)
    if order is None:
        raise ValueError("it does not begin with a NIfTI header")
    first = content[:4] == struct.pack(f"{order}i", 348)
    shape = struct.unpack_from(f"{order}8{'h' if first else 'q'}", content, 40 if first else 16)
    kind, bits = struct.unpack_from(f"{order}2h", content, 70 if first else 12)
    (start,) = struct.unpack_from(f"{order}{'f' if first else 'q'}", content, 108 if first else 168)
    sizes = shape[shape[0] : 0 : -1]
    needed = int(start) + math.prod(sizes) * bits // 8
    if len(content) < needed:
        raise EOFError(f"it holds {len(content)} of {needed} bytes")
    if kind not in FLOATS:
        return None
    return np.frombuffer(content, f"{order}{FLOATS[kind]}", math.prod(sizes), int(start)).reshape(sizes)
