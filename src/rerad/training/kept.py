"""The models that a training keeps: those of its own results, and no other beside them."""

from __future__ import annotations

import shutil

from rerad.core.files import sha256
from rerad.training.job import Job


def remove_models_of_others(job: Job) -> None:
    """Remove the models of a training that is over or gave way: those of folds without a checkpoint."""
    for path in job.folder.joinpath("models").glob("*.pt"):
        if not (job.folder / "checkpoints" / path.name).exists():
            path.unlink()


def is_kept(job: Job, fold: int, digest: str | None) -> bool:
    """Tell whether the model of a fold lies there and has the SHA-256 with which it was written."""
    path = job.folder / "models" / f"fold{fold}.pt"
    return digest is not None and path.exists() and sha256(path) == digest


def remove_unwanted_models(job: Job) -> None:
    """Remove, once the results are written, the models of folds that they do not have; all where none is kept."""
    if not job.keep_model:
        shutil.rmtree(job.folder / "models", ignore_errors=True)
        return
    for path in job.folder.joinpath("models").glob("*.pt"):
        if path.stem not in {f"fold{fold}" for fold in job.folds}:
            path.unlink()
