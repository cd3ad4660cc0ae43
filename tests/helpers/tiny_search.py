"""A search so small that a test can run, and stop, many of them."""

from __future__ import annotations

from pathlib import Path

from rerad.search.search import choose
from rerad.training.job import Job

NETWORK = {
    "channels": 2, "nodes": 1, "reductions": 1, "stem_stride": 2, "norm": "batch", "dropout": 0.0,
    "operations": ["convolution 3", "max pooling 3", "skip", "zero"],
}  # fmt: skip
SEARCH = {
    "epochs": 2,
    "batch": 1,
    "optimiser": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 3e-4},
    "alpha_optimiser": {"name": "adam", "lr": 0.05, "betas": [0.5, 0.999], "weight_decay": 1e-3},
}
RECIPE = {"input": "volumes", "epochs": 1, "batch": 1, "optimiser": {"name": "adam", "lr": 1e-3}}


def searched_entry(network: dict | None = None, recipe: dict | None = None, **search) -> dict:
    """Return a method's entry with changes to its search."""
    return {
        "model": "mmnas",
        "modalities": ["PET", "CT"],
        "network": {**NETWORK, **(network or {})},
        "search": {"draw": "random"} if "draw" in search else {**SEARCH, **search},
        "recipe": {**RECIPE, **(recipe or {})},
    }


def run_search(cohort: Path, out: Path, /, settings: dict, **changes) -> Path:
    """Search into a folder and return it."""
    given = {
        "cases": cohort / "cases.csv",
        "splits": cohort / "splits.csv",
        "arrays": cohort / "arrays",
        "slices": cohort / "slices.csv",
        "method": "mmnas3d",
        "settings": settings,
        "seed": 0,
        "cohort": "sts",
        "folds": [1, 2],
        "threads": 1,
        "folder": out,
    }
    choose(Job(**{**given, **changes}))
    return out


def found(out: Path) -> dict[str, bytes]:
    """Return the bytes of what a search leaves but its cost."""
    return {name: (out / name).read_bytes() for name in ("chosen.json", "search_history.csv")}
