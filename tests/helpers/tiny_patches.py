"""Stored cases of their own size, so small that a test can train on their patches many times."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import tiny_training
import torch

from rerad.imaging.geometry import Geometry, to_cells
from rerad.imaging.stored import Contents, store_case, store_contents
from rerad.training.cases import read_data
from rerad.training.patches import Patches, open_inputs
from rerad.training.recipe import read_recipe

MODALITIES = ("t1", "t1ce", "t2", "flair")
CONTENTS = Contents(MODALITIES, {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}, {"scale": 100, "offset": 0.1})
SCAN, SPACING = (16, 15, 14), (1.0, 1.5, 2.0)  # x, y, z
BOXES = ((9, 11, 10), (8, 8, 13), (6, 9, 12), (12, 10, 9), (7, 12, 11), (10, 9, 8))  # z, y, x
RECIPE = {
    "input": "patches",
    "patch": 8,
    "epochs": 2,
    "batch": 1,
    "optimiser": {"name": "adam", "lr": 0.01},
    "loss": {"kind": "weighted_dice"},
    "augmentation": {"flips": [0, 1, 2], "quarter_turns": True, "stretch": 0.25},
}
SEARCH = {
    "epochs": 2,
    "batch": 1,
    "patch": 6,
    "optimiser": {"name": "adam", "lr": 0.01},
    "alpha_optimiser": {"name": "adam", "lr": 0.05},
    "schedule": {"name": "plateau", "patience": 0, "factor": 0.5},
    "alpha_schedule": {"name": "plateau", "patience": 0, "factor": 0.5},
    "alpha_start": 0.0,
    "alpha_share": 0.2,
    "select": "most_common",
}


def install() -> None:
    """Make the tiny network of regions known, its code's digest included."""
    tiny_training.install("tiny_regions")


def make_cohort(folder: Path, folds: int = 2, seed: int = 0) -> Path:
    """Write a prepared cohort of six brains that are bright where there is tumour; the grade of one is unknown.

    The first case has no enhancing tumour.
    """
    random = np.random.default_rng(seed)
    arrays = folder / "arrays"
    arrays.mkdir(parents=True)
    rows = []
    for number, box in enumerate(BOXES):
        name = f"case_{number}"
        labels = np.zeros(box, np.uint8)
        labels[1:6, 2:7, 2:7] = 2
        labels[2:5, 3:6, 3:6] = 1
        if number:
            labels[3, 4, 3:6] = 4
        images = random.uniform(10, 60, size=(4, *box)).astype(np.float32)
        images += 40 * np.stack([labels > 0, np.isin(labels, (1, 4)), labels == 4, labels == 2])
        images[:, 0, 0] = 0  # no brain in one corner
        store_case(arrays, name, images, labels)
        geometry = Geometry(SCAN, SPACING, (0.0, -20.0, 5.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0), (1, 2, 2), box)
        rows.append(
            {
                "case": name,
                "row": number,
                "included": 1,
                "patient": name,
                "grade": ("HGG", "LGG", "")[number % 3],
                **to_cells(geometry),
            }
        )
    store_contents(arrays, CONTENTS)
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    split = [
        (f"case_{number}", fold, "test" if number % folds + 1 == fold else "train")
        for fold in range(1, folds + 1)
        for number in range(len(BOXES))
    ]
    pd.DataFrame(split, columns=["case", "fold", "role"]).to_csv(folder / "splits.csv", index=False)
    return folder


def entry(network: dict | None = None, search: dict | None = None, **recipe) -> dict:
    """Return the tiny method's entry with changes to its recipe."""
    found = {
        "model": "tiny_regions",
        "modalities": list(MODALITIES),
        "network": network or {},
        "recipe": {**RECIPE, **recipe},
    }
    return found if search is None else {**found, "search": {**SEARCH, **search}}


def run(cohort: Path, out: Path, /, settings: dict, **changes) -> Path:
    """Train into a folder and return it."""
    given = {"features": None, "slices": None, "spacing_mm": None, "cohort": "brats", "method": "tiny_regions"}
    return tiny_training.run(cohort, out, settings, **{**given, **changes})


def patches_of(cohort: Path, modalities: list[str] | None = None, **recipe) -> Patches:
    """Return the cases of a cohort as a recipe opens them."""
    given = entry(**recipe)
    if modalities:
        given["modalities"] = modalities
    data = read_data(None, cohort / "cases.csv", cohort / "splits.csv", given)
    job = SimpleNamespace(arrays=cohort / "arrays", cases=cohort / "cases.csv", settings=given, method="tiny")
    return open_inputs(job, data, read_recipe(given), torch.device("cpu"))
