"""Time one training step of CHMFL in the loop of ReRad against the same step written by hand.

Run as ``python benchmarks/train_step.py``; no data needed. Both sides have the same network (width 16), the same
images of 112 x 112 x 144 voxels, batch 1 and Adam; they take turns in one process, so that whatever else the machine
does meets both. On CUDA it also prints what an epoch of 40 patients takes with the default recipe and faster variants.
"""

from __future__ import annotations

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rerad.training.device import arithmetic, compiled, memory_format
from rerad.training.loop import Task, train_step
from rerad.training.recipe import make_optimiser, read_recipe
from rerad.training.volumes import Volumes, samples

TARGET = 1.05
PATIENTS = 40
RECIPE = {"epochs": 200, "batch": 1, "optimiser": {"name": "adam", "lr": 1.0e-4}, "loss": {"voxels": 0.5}}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "bf16": {"precision": "bf16"},
    "channels_last": {"channels_last": True},
    "bf16 + channels_last": {"precision": "bf16", "channels_last": True},
    "bf16 + channels_last + compile": {"precision": "bf16", "channels_last": True, "compile": True},
}


def main() -> int:
    """Print the ratio, the peak memory and the epochs; fail if the ratio is above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=[144, 112, 112], metavar=("Z", "Y", "X"))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--turns", type=int, default=0, help="steps of either side (0: 30 on CUDA, 5 on the CPU)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--memory-of", choices=["plain", "ours"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    on_gpu = arguments.device != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    make = maker(arguments.width, tuple(arguments.shape))
    if arguments.memory_of:
        with arithmetic(recipe_of(threads=arguments.threads)):
            step = (plain_step if arguments.memory_of == "plain" else our_step)(make, arguments, device, {})
            for _ in range(2):
                step()
        print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10))
        return 0
    print(
        f"{torch.cuda.get_device_name() if on_gpu else 'CPU'}, {arguments.threads} threads, torch {torch.__version__}"
    )
    ratio = compare(make, arguments, device, turns=arguments.turns or (30 if on_gpu else 5))
    print(f"a step of ours / a plain step: {ratio:.3f} (target: at most {TARGET})")
    if on_gpu:
        for name, changes in VARIANTS.items():
            seconds, peak = epoch(make, arguments, device, changes)
            print(f"{name}: {seconds:.1f} s an epoch of {PATIENTS} patients, {peak:.0f} MB of GPU memory at most")
    else:
        for side in ("plain", "ours"):
            again = [sys.executable, __file__, *sys.argv[1:], "--memory-of", side]
            found = subprocess.run(again, check=True, capture_output=True, text=True)
            print(f"{side}: {int(found.stdout)} MB of memory at most, in a process of its own")
    return int(ratio > TARGET)


def maker(width: int, shape: tuple[int, ...]) -> Callable[[], nn.Module]:
    """Return a function that makes the network, the same each time."""
    from rerad.models import MODELS, model

    if "chmfl" not in MODELS:
        raise SystemExit("this version of ReRad has no network chmfl yet: nothing to measure")

    def make() -> nn.Module:
        torch.manual_seed(0)
        network: nn.Module = model("chmfl").build({"width": width}, channels=("PET", "CT"), shape=shape)
        return network

    return make


def recipe_of(**changes: Any) -> Any:
    """Return the checked recipe of the benchmark with changes."""
    return read_recipe({"modalities": ["PET", "CT"], "recipe": {**RECIPE, **changes}})


def arrays_of(shape: list[int]) -> dict[str, torch.Tensor]:
    """Return one patient's arrays, a ball of tumour in noise."""
    generator = torch.Generator().manual_seed(0)
    grid = torch.meshgrid(*(torch.linspace(-1, 1, size) for size in shape), indexing="ij")
    gtv = (sum(axis**2 for axis in grid) < 0.1).to(torch.uint8)
    return {name: torch.randn(1, *shape, generator=generator) + gtv for name in ("PET", "CT")} | {"GTV": gtv[None]}


def our_step(make: Callable, arguments: argparse.Namespace, device: torch.device, changes: dict) -> Callable[[], Any]:
    """Return one step as the loop takes it, on arrays that lie on the device as in a training."""
    recipe = recipe_of(threads=arguments.threads, **changes)
    arrays = {name: array.to(device) for name, array in arrays_of(arguments.shape).items()}
    volumes = Volumes(
        names=["patient"],
        target=torch.ones(1, dtype=torch.long, device=device),
        table=np.zeros((1, 0)),
        modalities=["PET", "CT"],
        arrays=arrays,
        rows=[0],
        slices=[[]],
        recipe=recipe,
        device=device,
    )
    network = make().to(device=device, memory_format=memory_format(recipe, 3)).train()
    optimiser = make_optimiser(recipe, network)
    forward = compiled(network, recipe)
    task = Task(volumes, [0], [], None, 0, "benchmark")
    picked = samples(volumes, [0])
    return lambda: float(train_step(forward, optimiser, task, picked, 1)[0])


def plain_step(make: Callable, arguments: argparse.Namespace, device: torch.device, changes: dict) -> Callable[[], Any]:
    """Return the step that anyone would write."""
    arrays = {name: array.to(device) for name, array in arrays_of(arguments.shape).items()}
    images = torch.stack([arrays["PET"], arrays["CT"]], dim=1)
    target, mask = torch.ones(1, dtype=torch.long, device=device), arrays["GTV"].long()
    network = copy.deepcopy(make()).to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1.0e-4)

    def step() -> float:
        optimiser.zero_grad()
        output = network(images)
        loss = 0.5 * functional.cross_entropy(output.logits, target) + 0.5 * functional.cross_entropy(
            output.voxels, mask
        )
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def compare(make: Callable, arguments: argparse.Namespace, device: torch.device, *, turns: int) -> float:
    """Return the median over turns of our time over the plain one; both learn the same, or it is no comparison."""
    with arithmetic(recipe_of(threads=arguments.threads)):
        sides = {"plain": plain_step(make, arguments, device, {}), "ours": our_step(make, arguments, device, {})}
        losses, times = {}, {side: [] for side in sides}
        for side, step in sides.items():
            torch.manual_seed(1)
            losses[side] = step()
        if abs(losses["plain"] - losses["ours"]) > 1e-3 * abs(losses["plain"]):
            raise SystemExit(f"the sides do not compute the same: {losses}")
        for turn in range(turns):
            for side in list(sides) if turn % 2 else list(sides)[::-1]:
                times[side].append(timed(sides[side], device))
    for side in sides:
        print(f"{side}: {statistics.median(times[side]):.3f} s a step (median of {turns})")
    return statistics.median(ours / plain for ours, plain in zip(times["ours"], times["plain"], strict=True))


def timed(step: Callable[[], Any], device: torch.device) -> float:
    """Return the seconds of a step, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def epoch(make: Callable, arguments: argparse.Namespace, device: torch.device, changes: dict) -> tuple[float, float]:
    """Return the seconds of as many steps as there are patients, and the peak of GPU memory in MB."""
    with arithmetic(recipe_of(**changes)):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        step = our_step(make, arguments, device, changes)
        for _ in range(3):  # algorithms are chosen, and code compiled, in the first ones
            step()
        seconds = sum(timed(step, device) for _ in range(PATIENTS))
    return seconds, torch.cuda.max_memory_allocated() / 2**20


if __name__ == "__main__":
    sys.exit(main())
