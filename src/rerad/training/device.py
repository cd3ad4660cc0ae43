"""Which device trains, how many jobs share it, and how it computes."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rerad.core.errors import ConfigError, ReradError
from rerad.core.lock import one_of
from rerad.training.recipe import Recipe

log = logging.getLogger(__name__)
BF16 = "precision: bf16"
CASE = "case "  # how the notes on errors begin that name a case


@contextlib.contextmanager
def claimed(device: str, *, share: int = 1, locks: Path | None = None) -> Iterator[torch.device]:
    """Yield the device to train on; a GPU is held during the block by one of its ``share`` locks.

    ``device``: cpu; cuda; or auto, a GPU where there is one. Where all are held, wait: Snakemake's resource ``gpu``
    counts the jobs of one run, the locks those of all runs of this user on this machine. A lock ends with its process.

    Raises:
        ConfigError: ``cuda`` where there is none, or another name.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"{device!r} does not do", where="device", remedy="Write auto, cpu or cuda")
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        yield torch.device("cpu")
        return
    if not torch.cuda.is_available():
        raise ConfigError("there is no CUDA device here", where="device", remedy="Write auto or cpu")
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(torch.cuda.device_count())]
    with one_of(places(names, share, locks or _lock_folder()), what="GPU") as place:
        index = place % len(names)
        found = torch.device("cuda", index)
        torch.cuda.set_device(found)
        torch.cuda.reset_peak_memory_stats(found)
        log.info("trains on %s (%d)", torch.cuda.get_device_name(found), index)
        yield found


def places(names: list[str], share: int, folder: Path) -> list[Path]:
    """Return the locks of all devices: first places before second ones, so that two small jobs take two cards."""
    return [folder / f"{name}.{place}.lock" for place in range(share) for name in names]


def _lock_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"rerad-gpu-{os.getuid()}"


@contextlib.contextmanager
def arithmetic(recipe: Recipe) -> Iterator[None]:
    """Compute with the recipe's threads and determinism during the block, and as before after it."""
    saved = torch.get_num_threads(), torch.backends.cudnn.benchmark, torch.get_deterministic_debug_mode()
    try:
        torch.set_num_threads(recipe.threads)
        # Shapes stay the same for the whole training, so that measuring the algorithms once pays.
        torch.backends.cudnn.benchmark = not recipe.deterministic
        if recipe.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            # use_deterministic_algorithms does the same, but loads the compiler first: two seconds for each training.
            torch.set_deterministic_debug_mode("warn")
        yield
    finally:
        torch.set_num_threads(saved[0])
        torch.backends.cudnn.benchmark = saved[1]
        torch.set_deterministic_debug_mode(saved[2])


def precision(recipe: Recipe, device: torch.device) -> contextlib.AbstractContextManager:
    """Return the context of a forward pass: bfloat16 where it is safe, or float32 as it is."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if recipe.precision == "bf16" else contextlib.nullcontext()


def memory_format(recipe: Recipe, axes: int) -> torch.memory_format:
    """Return how images and weights lie in memory."""
    if not recipe.channels_last:
        return torch.contiguous_format
    return torch.channels_last_3d if axes == 3 else torch.channels_last


def compiled(network: nn.Module, recipe: Recipe) -> nn.Module:
    """Return the network, compiled if the recipe says so; both share their weights.

    Raises:
        ReradError: there is no compiler.
    """
    if not recipe.compile:
        return network
    compilers = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
    if not any(shutil.which(name) for name in compilers):
        raise ReradError(
            f"torch.compile needs a C++ compiler, and there is no {' or '.join(compilers)}",
            where="recipe.compile",
            remedy="Install one (apt install g++), name it in CXX, or write compile: false",
        )
    # The compiler chooses its kernels by measuring them otherwise.
    options: dict[str, Any] = {"deterministic": recipe.deterministic}
    return torch.compile(network, options=options)  # type: ignore[return-value]


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error is one of torch's or numpy's for a lack of memory."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


@contextlib.contextmanager
def named_out_of_memory(
    method: str,
    shape: tuple[int, ...],
    recipe: Recipe,
    *,
    lower: Sequence[str] = ("network.width", "recipe.batch"),
    write: Sequence[str] = (BF16,),
) -> Iterator[None]:
    """Tell a person, where memory runs out, what ran and what makes it smaller.

    ``lower`` names keys, ``write`` keys with their values; a batch of 1 and bf16 as it is are not among the remedies.

    Raises:
        ReradError: in place of torch's and numpy's own errors.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        size = " x ".join(map(str, shape))
        about = "".join(f", with {note}" for note in getattr(error, "__notes__", ()) if note.startswith(CASE))
        raise ReradError(
            f"memory ran out for an input of {size} (channels first), batch {recipe.batch}, {recipe.precision}{about}",
            where=method,
            remedy=_smaller(lower, write, recipe),
        ) from error


def _smaller(lower: Sequence[str], write: Sequence[str], recipe: Recipe) -> str:
    keys = [key for key in lower if recipe.batch > 1 or not key.endswith(".batch")]
    values = [value for value in write if recipe.precision != "bf16" or value != BF16]
    ways = [f"{verb} {' or '.join(what)}" for verb, what in (("lower", keys), ("write", values)) if what]
    told = ", ".join([*ways, f"{'or ' if ways else ''}give it a device with more memory"])
    return told[0].upper() + told[1:]
