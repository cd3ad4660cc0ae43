"""Prepared breasts so small that a network of windows learns from them in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rerad.imaging.stored import store_case

SHAPE = (3, 16, 18)
ENTRY = {
    "model": "radsynth",
    "modalities": ["MR"],
    "network": {"filters": [4, 4, 4, 4], "dropout": 0.2},
    "recipe": {
        "input": "windows",
        "windows": {"levels": 16, "a_case": 40},
        "epochs": 2,
        "batch": 20,
        "optimiser": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 1.0e-4},
        "loss": {"values": "rmse"},
    },
}
GROUPS = ("normal", "benign", "malignant", "benign")


def make_breasts(folder: Path, seed: int = 0) -> Path:
    """Write four prepared cases in two folds; the one of the group normal has no lesion."""
    random = np.random.default_rng(seed)
    (folder / "arrays").mkdir(parents=True)
    rows = []
    for number, group in enumerate(GROUPS):
        name = f"B{number}"
        image = random.normal(100, 10, SHAPE).astype(np.float32)
        image[:, :, 9:] = 100  # flat: entropies differ
        labels = np.zeros(SHAPE, np.uint8)
        labels[:, 1:15, 1:17] = 4
        labels[:, 3:13, 3:8], labels[:, 3:13, 8:14] = 1, 2
        if group != "normal":
            labels[1, 6:10, 6:10] = 3
        store_case(folder / "arrays", name, image[None], labels)
        counts = {
            f"{tissue}_voxels": int((labels == value).sum())
            for value, tissue in enumerate(("fatty", "glandular", "lesion"), 1)
        }
        rows.append(
            {
                "case": name, "row": number, "included": 1, "patient": name, "group": group, "evaluated": 1, **counts,
                "low": float(image.min()), "high": float(image.max()), "slice_axis": 0, "size": "18 16 3",
                "spacing": "1.0 1.0 3.0", "origin": "0.0 0.0 0.0", "direction": "1.0 0.0 0.0 0.0 1.0 0.0 0.0 0.0 1.0",
                "box_start": "0 0 0", "box_shape": "3 16 18",
            }
        )  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    sides = [(f"B{n}", fold, "test" if n % 2 == fold - 1 else "train") for fold in (1, 2) for n in range(len(GROUPS))]
    pd.DataFrame(sides, columns=["case", "fold", "role"]).to_csv(folder / "splits.csv", index=False)
    return folder


def entry(**recipe: object) -> dict:
    """Return the method's entry with changes to its recipe."""
    return {**ENTRY, "recipe": {**ENTRY["recipe"], **recipe}}
