"""The state of a training on disk: whole, of this very training, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from rerad.core.files import atomic

log = logging.getLogger(__name__)
TAIL = b"\nrerad checkpoint "
TAIL_LENGTH = len(TAIL) + 64


def write(path: Path, identity: Mapping[str, str], content: dict[str, Any]) -> None:
    """Write ``content`` (tensors, numbers, texts, lists and mappings) under the identity of its training.

    A checksum ends the file; nothing is held in memory twice.

    Raises:
        UnwritableError: the disk is full, or the folder cannot be written.
    """
    with atomic(path) as part, open(part, "wb") as file:
        stream = _Hashed(file)
        try:
            torch.save({"identity": dict(identity), "content": content}, stream)  # type: ignore[arg-type]
        except RuntimeError as error:  # torch tells of a write that failed as of a place in its archive
            raise stream.failed or error from error
        file.write(TAIL + stream.digest.hexdigest().encode())


class _Hashed:
    """A file that is written from its beginning to its end, the digest of what was written, and what went wrong."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        try:
            return self.file.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        self.file.flush()


def read(path: Path, identity: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what was written, or None where there is nothing that this training may go on from; the log says why.

    Nothing in the file is executed. Tensors come to the CPU.
    """
    if not path.exists():
        return None
    try:
        data, tail = _split(path.read_bytes())
        if tail != TAIL + hashlib.sha256(data).hexdigest().encode():
            raise ValueError("its checksum is wrong")
        saved = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        theirs, content = saved["identity"], saved["content"]
    except (OSError, ValueError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        log.warning("the checkpoint %s is broken (%s): training starts anew", path, error)
        return None
    changed = sorted(name for name in {*theirs, *identity} if theirs.get(name) != identity.get(name))
    if changed:
        log.warning("the checkpoint %s was made with another %s: training starts anew", path, " and ".join(changed))
        return None
    return dict(content)


def _split(whole: bytes) -> tuple[memoryview, bytes]:
    view = memoryview(whole)
    return view[:-TAIL_LENGTH], bytes(view[-TAIL_LENGTH:])


def digest(value: Any) -> str:
    """Return a digest of plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=list).encode()).hexdigest()[:16]


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of torch's random numbers, of the CPU and of the device."""
    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_random_states(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Go on with the random numbers from saved states."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


class Clock:
    """Says when the state is due to be written again, and forgets nothing of the time spent."""

    def __init__(self, every_s: float, before_s: float = 0.0) -> None:
        self.every_s = every_s
        self.before_s = before_s
        self.start = self.last = time.monotonic()

    def due(self) -> bool:
        """Tell whether ``every_s`` seconds have passed since the last writing."""
        return time.monotonic() - self.last >= self.every_s

    def written(self) -> None:
        """Begin to count anew."""
        self.last = time.monotonic()

    @property
    def spent_s(self) -> float:
        """Seconds of training, those before a kill included."""
        return self.before_s + time.monotonic() - self.start
