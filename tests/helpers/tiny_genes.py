"""A cohort of gene expression so small that a test can train on it many times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.cohorts.tcga_gbm.stored import store_expression

FEATURES = ["enhancing_volume", "enhancing_sphericity", "edema_volume"]
ENTRY: dict[str, Any] = {
    "model": "dense",
    "modalities": ["enhancing", "edema"],
    "network": {"widths": [6, 5, 4], "head": 3, "dropout": 0.25, "nonnegative": "output"},
    "recipe": {
        "epochs": 3,
        "batch": 4,
        "optimiser": {"name": "keras_sgd", "lr": 0.05, "momentum": 0.5, "decay": 1e-3},
        "variants": ["published", "fold_safe"],
        "autoencoder": {
            "activation": "tanh",
            "epochs": 2,
            "batch": 5,
            "optimiser": {"name": "keras_sgd", "lr": 0.1, "momentum": 0.2, "decay": 1e-3},
        },
    },
}


def entry(**changes: Any) -> dict[str, Any]:
    """Return the method's entry with changes to its recipe; ``model``, ``network`` and ``search`` are the entry's own."""
    own = {name: changes.pop(name) for name in ("model", "network", "search") if name in changes}
    return {**ENTRY, **own, "recipe": {**ENTRY["recipe"], **changes}}


def make_cohort(folder: Path, cases: int = 12, others: int = 9, genes: int = 8, folds: int = 3, seed: int = 0) -> Path:
    """Write a prepared cohort: ``cases`` with images, in two latent factors, ``others`` without; rows shuffled."""
    random = np.random.default_rng(seed)
    (folder / "arrays").mkdir(parents=True)
    count = cases + others
    factors = random.normal(size=(count, 2))
    values = factors @ random.normal(size=(2, genes)) + 0.3 * random.normal(size=(count, genes)) + 7
    names = [f"TCGA-{number:02d}" for number in range(count)]
    row = random.permutation(count)
    stored = np.empty((count, genes), np.float32)
    stored[row] = values
    store_expression(folder / "arrays", stored, pd.DataFrame({"gene": [f"G{n}" for n in range(genes)], "id": ""}))
    included = (np.arange(count) < cases).astype(int)
    pd.DataFrame({"case": names, "row": row, "included": included}).to_csv(folder / "cases.csv", index=False)
    target = np.exp(0.4 * factors[:cases] @ random.normal(size=(2, 3)))[:, :3] * [3e4, 0.5, 6e4]
    described = pd.DataFrame(target, columns=FEATURES)
    described.insert(0, "case", names[:cases])
    described.to_csv(folder / "features.csv", index=False)
    rows = [
        (name, fold, "test" if index % folds + 1 == fold else "train")
        for fold in range(1, folds + 1)
        for index, name in enumerate(names[:cases])
    ]
    pd.DataFrame(rows, columns=["case", "fold", "role"]).to_csv(folder / "splits.csv", index=False)
    return folder


def inputs_of(cohort: Path) -> dict[str, Any]:
    """Return the files of a cohort by the names that stages know them by."""
    return {
        "cases": cohort / "cases.csv",
        "splits": cohort / "splits.csv",
        "features": cohort / "features.csv",
        "arrays": cohort / "arrays",
        "method": "nn",
        "seed": 0,
        "cohort": "tcga_gbm",
        "threads": 1,
    }


def run(cohort: Path, out: Path, settings: dict[str, Any], **changes: Any) -> Path:
    """Train into a folder and return it."""
    from rerad.training.job import Job
    from rerad.training.train import train

    given = {
        **inputs_of(cohort),
        "settings": settings,
        "folds": [1, 2, 3],
        "folder": out,
    }
    train(Job(**{**given, **changes}))
    return out
