"""A cohort and a network so small that a test can train them, and kill them, many times."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd

SHAPE = (6, 8, 7)
ENTRY = {
    "model": "tiny",
    "modalities": ["PET", "CT"],
    "network": {"width": 2},
    "recipe": {
        "epochs": 4,
        "batch": 2,
        "optimiser": {"name": "adam", "lr": 0.01},
        "augmentation": {"flips": [0, 1, 2], "rotate_degrees": 10, "shift": 0.1, "scale": 0.1},
        "segment_every": 2,
    },
}


def install(module: str = "tiny_network") -> None:
    """Make a network of this folder known, the tiny one as ``tiny``, its code's digest included."""
    from rerad import models
    from rerad.core import digest

    known = {"tiny_network": "tiny"}.get(module, module)
    models.NETWORKS[known] = models.MODELS[known] = module
    inside = digest._candidates
    here = Path(__file__).with_name(f"{module}.py")
    digest._candidates = lambda name: (here, here) if name == module else inside(name)


def make_cohort(folder: Path, cases: int = 8, folds: int = 2, seed: int = 0) -> Path:
    """Write a prepared cohort: half of the cases positive, brighter in PET; rows in another order than names."""
    random = np.random.default_rng(seed)
    names = [f"STS_{number:03d}" for number in range(cases)]
    target = np.arange(cases) % 2
    row = random.permutation(cases)
    (folder / "arrays").mkdir(parents=True)
    gtv = np.zeros((cases, *SHAPE), dtype=np.uint8)
    for index in range(cases):
        gtv[row[index], 1:4, 2:6, 2:5] = 1
        gtv[row[index], 2, 1:6, 2:5] = 1  # the largest slice
    images = random.normal(size=(2, cases, *SHAPE)).astype(np.float32)
    images[0, row] += (gtv[row] * (1 + target[:, None, None, None])).astype(np.float32)
    for name, array in (("PET", images[0]), ("CT", images[1]), ("GTV", gtv)):
        np.save(folder / "arrays" / f"{name}.npy", array)
    about = {"case": names, "row": row, "included": 1, "target": target, "outcome": "", "has_ct": 1}
    pd.DataFrame(about).to_csv(folder / "cases.csv", index=False)
    slices = [(name, number, index) for name, number in zip(names, row, strict=True) for index in (1, 2, 3)]
    pd.DataFrame(slices, columns=["case", "row", "slice"]).to_csv(folder / "slices.csv", index=False)
    values = random.normal(size=(cases, 3))
    features = pd.DataFrame(values, columns=["PET_a", "PET_b", "CT_a"]).assign(case=names)
    features.to_csv(folder / "features.csv", index=False)
    fold_of = np.arange(cases) // 2 % folds + 1
    rows = [
        (name, fold, "test" if fold_of[index] == fold else "train")
        for fold in range(1, folds + 1)
        for index, name in enumerate(names)
    ]
    pd.DataFrame(rows, columns=["case", "fold", "role"]).to_csv(folder / "splits.csv", index=False)
    return folder


def entry(**recipe) -> dict:
    """Return the tiny method's entry with changes to its recipe; ``network`` replaces the network's settings."""
    network = recipe.pop("network", ENTRY["network"])
    return {**ENTRY, "network": network, "recipe": {**ENTRY["recipe"], **recipe}}


def run(cohort: Path, out: Path, /, settings: dict, **changes) -> Path:
    """Train into a folder and return it."""
    from rerad.training.job import Job
    from rerad.training.train import train

    given = {
        "cases": cohort / "cases.csv",
        "splits": cohort / "splits.csv",
        "features": cohort / "features.csv",
        "arrays": cohort / "arrays",
        "slices": cohort / "slices.csv",
        "method": "tiny",
        "settings": settings,
        "seed": 0,
        "cohort": "sts",
        "folds": [1, 2],
        "threads": 1,
        "spacing_mm": 2.0,
        "folder": out,
    }
    train(Job(**{**given, **changes}))
    return out


def results(out: Path) -> dict[str, bytes]:
    """Return the bytes of everything that a training leaves but its cost."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "cost.json"
    }


def run_in_process(cohort: Path, out: Path, settings: dict, changes: dict, kill_after_s: float | None) -> None:
    """Train in a process of one's own, which is killed some time after its first fold began to learn."""
    from rerad.training import network

    install()
    fit = network.fit

    def doomed(*given, **more):
        if kill_after_s is not None:
            threading.Timer(kill_after_s, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
        return fit(*given, **more)

    network.fit = doomed
    run(cohort, out, settings, **changes)
