"""Time a step of the MM-NAS search, α and weights, against a plain DARTS one, in turns, and measure its memory.

    python benchmarks/search_step.py [--device auto|cpu|cuda] [--size 72 56 56] [--channels 8] [--turns 3]

The plain side is what anybody would write: all candidates of an edge one after the other, each with its own ReLU,
torch's poolings, contiguous fp32, and every gradient in both steps. Ours is the loop's step with the search of
config/studies/mmnas.yaml, and its levers one by one. Peak memory is that of a process of its own; that of the recipe is
also measured at the paper's size, beside what a step keeps there, counted on tensors without memory. On a GPU the
default is the paper's size, and the seconds of an epoch of 40 patients are told (the paper: about 180 s on a GTX
2080 Ti with 11 GB). Fails if the recipe's step takes more than 0.7 of the plain time on a CPU, if with activation
checkpointing its peak is more than 0.7 of the plain one, or if the paper's size needs more than 11 GB.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measured import RATIO, at_most, measured, not_measured, verdict
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rerad.models import mmnas
from rerad.models.cells.cell import Levers
from rerad.models.cells.edges import MixedEdge
from rerad.search.bilevel import learners_of, side_step
from rerad.search.recipe import read_search
from rerad.search.state import ALPHA, WEIGHTS
from rerad.studies.bases import bases_of, expand
from rerad.studies.check import read_yaml
from rerad.training.device import arithmetic, memory_format
from rerad.training.inputs import Sample
from rerad.training.loop import Task
from rerad.training.volumes import Volumes

TIME_RATIO, MEMORY_RATIO, PEAK_GB = 0.7, 0.7, 11.0
CASES, FULL = 40, [144, 112, 112]
PAPER_EPOCH_S = 180.0
STUDY = Path(__file__).resolve().parents[1] / "config" / "studies" / "mmnas.yaml"
PLAIN, RECIPE, CHECKPOINTED = "plain", "the recipe", "activation checkpointing"
SIDES: dict[str, dict] = {
    PLAIN: {},
    RECIPE: {},
    "contiguous": {"channels_last": False},
    CHECKPOINTED: {"activation_checkpointing": True},
    "partial channels 4": {"partial_channels": 4},
    "bf16": {"precision": "bf16"},
}


def main() -> int:
    """Time and weigh all sides and print their ratios to the plain step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--size", type=int, nargs=3, metavar=("Z", "Y", "X"))
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--weigh", choices=list(SIDES), help=argparse.SUPPRESS)
    given = parser.parse_args()
    device = torch.device(given.device if given.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu"))
    size = given.size or (FULL if device.type == "cuda" else [72, 56, 56])
    if given.weigh:
        with arithmetic(read_search(paper_entry(given.weigh, given.channels, given.threads)).training):
            print(peak_gb(step_of(given.weigh, given.channels, given.threads, size, device), device))
        return 0
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    with arithmetic(read_search(paper_entry(PLAIN, given.channels, given.threads)).training):
        for turn in range(given.turns):
            for side in SIDES:
                step = step_of(side, given.channels, given.threads, size, device)
                if device.type == "cuda":
                    timed(step, device)  # the first step tunes the algorithms
                times[side].append(timed(step, device))
                print(f"turn {turn + 1}: {side} {times[side][-1]:.2f} s", flush=True)
    keys = [f"--device={device.type}", f"--threads={given.threads}"]
    peaks = {side: weighed(side, size, [*keys, f"--channels={given.channels}"]) for side in SIDES}
    return told(times, peaks, weighed(RECIPE, FULL, keys), size, device)


def weighed(side: str, size: list[int], keys: list[str]) -> float:
    """Return the peak memory in GB of a step in a process of its own."""
    command = [sys.executable, __file__, *keys, "--size", *map(str, size), "--weigh", side]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def paper_entry(side: str, channels: int, threads: int) -> dict:
    """Return the entry of MM-NAS 3D in its study, with a side's keys in its search."""
    study = read_yaml(STUDY)
    entry = expand(study, bases_of(study, where=STUDY.name))["methods"]["mmnas3d"]
    search = {**entry["search"], "threads": threads, **SIDES[side]}
    return {**entry, "network": {**entry["network"], "channels": channels}, "search": search}


class PlainEdge(nn.Module):
    """DARTS' mixed operation: every candidate on the edge's state, zero included."""

    def __init__(self, edge: MixedEdge) -> None:
        super().__init__()
        self.candidates = nn.ModuleList()
        for name in edge.names:
            if name.startswith("average"):
                pooling = nn.AvgPool3d(3, 1, 1, count_include_pad=False)
                self.candidates.append(nn.Sequential(pooling, edge.candidates[name][1]))
            elif name == "zero":
                self.candidates.append(Zero())
            elif name == "skip" or "pooling" in name:
                self.candidates.append(edge.candidates[name])
            else:
                self.candidates.append(nn.Sequential(nn.ReLU(), *edge.candidates[name]))

    def forward(self, values: Tensor, rectified: Tensor, weights: Tensor) -> Tensor:
        """Return the sum of all candidates times their weights."""
        return sum(weight * candidate(values) for weight, candidate in zip(weights, self.candidates, strict=True))


class Zero(nn.Module):
    """DARTS' zero operation of stride one."""

    def forward(self, values: Tensor) -> Tensor:
        """Return zeros."""
        return values.mul(0.0)


def step_of(side: str, channels: int, threads: int, size: list[int], device: torch.device) -> Callable[[], None]:
    """Return a step of α and one of the weights, on one case each."""
    entry = paper_entry(side, channels, threads)
    recipe = read_search(entry)
    torch.manual_seed(0)
    levers = Levers(recipe.partial_channels, recipe.activation_checkpointing)
    network = mmnas.supernet(entry["network"], channels=("PET", "CT"), shape=tuple(size), levers=levers)
    if side == PLAIN:
        for cell in network.cells:
            cell.edges = nn.ModuleList(PlainEdge(edge) for edge in cell.edges)
        return plain_step(network.to(device), size, device)
    network = network.to(device=device, memory_format=memory_format(recipe.training, 3))
    images = torch.randn(2, *size, generator=torch.Generator().manual_seed(0)).to(device)
    volumes = Volumes(
        names=["case"],
        target=torch.ones(1, dtype=torch.long, device=device),
        table=np.empty((1, 0)),
        modalities=["PET", "CT"],
        arrays={"PET": images[:1], "CT": images[1:], "GTV": torch.ones(1, *size, dtype=torch.uint8, device=device)},
        rows=[0],
        slices=[[]],
        recipe=recipe.training,
        device=device,
    )
    learners, task = learners_of(network, recipe), Task(volumes, [0], [0], None, 0, "benchmark")

    def step() -> None:
        for which in (ALPHA, WEIGHTS):
            side_step(network, learners, which, task, [Sample(0)], 1, recipe.clip)

    return step


def plain_step(network: nn.Module, size: list[int], device: torch.device) -> Callable[[], None]:
    """Return a step as anybody would write it."""
    alphas = list(network.alphas.parameters())
    weights = [value for name, value in network.named_parameters() if not name.startswith("alphas.")]
    by_alphas = torch.optim.Adam(alphas, lr=5e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    by_weights = torch.optim.SGD(weights, lr=1e-4, momentum=0.9, weight_decay=3e-4)
    images = torch.randn(1, 2, *size, generator=torch.Generator().manual_seed(0)).to(device)
    target = torch.ones(1, dtype=torch.long, device=device)

    def step() -> None:
        by_alphas.zero_grad()
        cross_entropy(network(images).logits, target).backward()
        by_alphas.step()
        by_weights.zero_grad()
        cross_entropy(network(images).logits, target).backward()
        nn.utils.clip_grad_norm_(weights, 5.0)
        by_weights.step()

    return step


def timed(step: Callable[[], None], device: torch.device) -> float:
    """Return the seconds of a step; on a CPU those of its threads, which other work on the machine hardly changes."""
    if device.type == "cpu":
        start = time.process_time()
        step()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_gb(step: Callable[[], None], device: torch.device) -> float:
    """Return by how much a step raises the memory of the GPU, or of this process, at its highest.

    On a CPU what torch loads at its first step counts as well, on all sides alike.
    """
    if device.type == "cuda":
        step()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return (torch.cuda.max_memory_allocated() - before) / 1e9
    before = resident("VmRSS")
    step()
    return (resident("VmHWM") - before) / 1e9


def resident(key: str) -> float:
    """Return the memory of this process in bytes: now (VmRSS) or at its highest (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * float(next(line for line in lines if line.startswith(key)).split()[1])


def kept_gb(side: str, size: list[int]) -> float:
    """Return what a forward pass keeps, of α's step and the weights' the larger; nothing is computed."""
    entry = paper_entry(side, 8, 1)
    recipe = read_search(entry)
    with torch.device("meta"):
        levers = Levers(recipe.partial_channels, recipe.activation_checkpointing)
        network = mmnas.supernet(entry["network"], channels=("PET", "CT"), shape=tuple(size), levers=levers)
        images = torch.empty(1, 2, *size)
    own = {id(alpha) for alpha in network.alphas.parameters()}
    found = []
    for of_alpha in (True, False):
        for parameter in network.parameters():
            parameter.requires_grad_((id(parameter) in own) == of_alpha)
        found.append(kept_bytes(network, images))
    return max(found) / 1e9


def kept_bytes(network: nn.Module, images: Tensor) -> int:
    """Return the bytes of the tensors that a forward pass keeps."""
    kept: dict[int, Tensor] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.untyped_storage()._cdata] = value
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        network(images)
    return sum(value.untyped_storage().nbytes() for value in kept.values())


def told(
    times: dict[str, list[float]], peaks: dict[str, float], full: float, size: list[int], device: torch.device
) -> int:
    """Tell time and memory of every side beside the plain step and return 1 if a target is missed."""
    steps = {side: statistics.median(seconds) for side, seconds in times.items()}
    what, on_cpu = f"search step of MM-NAS at {' × '.join(map(str, size))}", device.type == "cpu"
    seconds_of, kept = "processor's time" if on_cpu else "", []
    for side in [side for side in SIDES if side != PLAIN]:
        fast = at_most(TIME_RATIO, RATIO) if side == RECIPE and on_cpu else None
        light = at_most(MEMORY_RATIO, RATIO) if side == CHECKPOINTED else None
        plain, name = ("the plain step", steps[PLAIN]), f"{what}, {side}"
        kept.append(measured(name, steps[side], "s", peer=plain, target=fast, note=seconds_of))
        kept.append(measured(f"{name}: peak memory", peaks[side], "GB", peer=(plain[0], peaks[PLAIN]), target=light))
    whole, at = ("what the step keeps", kept_gb(RECIPE, FULL)), f"at {' × '.join(map(str, FULL))}, {RECIPE}"
    kept.append(measured(f"peak memory of a search step {at}", full, "GB", peer=whole, target=at_most(PEAK_GB)))
    epoch = f"epoch of the search over {CASES} patients on a GPU"
    if on_cpu:
        not_measured(epoch, "needs a GPU; this ran on the CPU")
    else:
        kept.append(measured(epoch, CASES / 2 * steps[RECIPE], "s", peer=("the paper", PAPER_EPOCH_S)))
        not_measured(f"{what} against the target for a CPU", "this ran on the GPU: --device cpu")
    return verdict(kept)


if __name__ == "__main__":
    sys.exit(main())
