"""Predict new gliomas with a kept model: labels in the geometry of the scans."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from rerad.cohorts.brats.naming import MODALITIES, find_cases
from rerad.cohorts.brats.prepare_case import brain_cube
from rerad.cohorts.brats.scans import Case, read_modalities
from rerad.core.errors import CaseError, ReradError
from rerad.core.files import atomic_folder, write_csv
from rerad.imaging.geometry import put_back
from rerad.imaging.images import write_image
from rerad.imaging.stored import Contents
from rerad.models import MODELS
from rerad.models import model as model_of
from rerad.training.device import arithmetic, claimed, named_out_of_memory
from rerad.training.patches import Patches
from rerad.training.recipe import Recipe
from rerad.training.stitching import stitched

log = logging.getLogger(__name__)
TABLE = "predictions.csv"
KEYS = ("model", "network", "channels", "columns", "regions", "patch", "intensity", "state")


def predict(*, model: Path, folder: Path, output: Path, device: str = "auto", threads: int = 1) -> None:
    """Write ``<case>.nii.gz`` with the labels 0, 1, 2, 4 of every case below a folder, and a table of all cases.

    Args:
        model: a file ``models/fold<k>.pt`` of a method that was trained on patches (``keep_models``).
        folder: cases in any naming that a local source may have; segmentations beside them are not looked at.
        output: a folder that is replaced as a whole. ``predictions.csv`` has a row for each case: status (predicted or
            excluded), reason, and ml of every region.
        device: cpu, cuda or auto. threads: of the CPU.

    Raises:
        ReradError: the model cannot be used, there is no case, or none can be predicted.
    """
    about = read_model(model)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    found = find_cases(files)
    if not found:
        remedy = "Name the files <case>_t1.nii.gz, <case>_t1ce.nii.gz, <case>_t2.nii.gz and <case>_flair.nii.gz"
        raise ReradError("there is no case", where=str(folder), remedy=remedy)
    recipe = Recipe(epochs=1, batch=1, optimiser={}, input="patches", patch=about["patch"], threads=threads)
    rows: list[dict[str, Any]] = []
    with claimed(device) as place, arithmetic(recipe), atomic_folder(output) as part:
        network = network_of(about, where=str(model)).to(place).eval()
        for name, own in found.items():
            try:
                volumes = _predict_case(network, about, Case(folder, own, own, {}), recipe, place, part)
            except CaseError as error:
                log.warning("%s: %s", name, error)
                rows.append({"case": name, "status": "excluded", "reason": str(error).replace(f"{folder}/", "")})
                continue
            rows.append({"case": name, "status": "predicted", "reason": "", **volumes})
            log.info("%s predicted", name)
        if all(row["status"] == "excluded" for row in rows):
            told = f"none of {len(rows)} cases can be predicted; for example {rows[0]['case']}: {rows[0]['reason']}"
            raise ReradError(told, where=str(folder))
        columns = ["case", "status", "reason", *(f"{region.lower()}_ml" for region in about["regions"])]
        write_csv(part / TABLE, pd.DataFrame(rows, columns=columns))


def read_model(path: Path) -> dict[str, Any]:
    """Return a kept model; nothing in its file is executed.

    Raises:
        ReradError: it is broken, or not of a network of patches.
    """
    try:
        about = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy="Keep the model again") from error
    missing = [key for key in KEYS if not isinstance(about, Mapping) or key not in about]
    if missing or about["model"] not in MODELS or not set(about["channels"]) <= set(MODALITIES):
        what = f"it lacks {', '.join(missing)}" if missing else f"model {about['model']!r} of {about['channels']}"
        remedy = "Take models/fold<k>.pt of a method with input: patches, kept with keep_models"
        raise ReradError(what, where=str(path), remedy=remedy)
    return dict(about)


def network_of(about: Mapping[str, Any], *, where: str) -> nn.Module:
    """Return the network of a kept model with its weights.

    Raises:
        ReradError: the weights are those of other code.
    """
    network: nn.Module = model_of(about["model"]).build(
        about["network"], channels=tuple(about["channels"]), shape=tuple(about["patch"]), columns=about["columns"]
    )
    try:
        network.load_state_dict(about["state"])
    except RuntimeError as error:
        raise ReradError(f"its weights do not fit ({error})", where=where, remedy="Train it again") from error
    return network


def _predict_case(
    network: nn.Module, about: Mapping[str, Any], case: Case, recipe: Recipe, device: torch.device, part: Path
) -> dict[str, float]:
    """Write the labels of a case and return the volumes of its regions in ml."""
    scan = read_modalities(case)
    cube, geometry = brain_cube(scan, case, about["intensity"])
    images = cube[[MODALITIES.index(name) for name in about["channels"]]]
    regions = {name: tuple(labels) for name, labels in sorted(about["regions"].items(), key=lambda item: -len(item[1]))}
    inputs = Patches(
        names=[case.files.case],
        target=None,
        table=np.empty((1, 0)),
        modalities=list(about["channels"]),
        arrays=case.folder,
        contents=Contents(tuple(about["channels"]), regions, dict(about["intensity"])),
        geometry=[geometry],
        recipe=recipe,
        device=device,
    )
    lower = ("the other work on this device",)
    with named_out_of_memory(case.files.case, images.shape, recipe, lower=lower, write=()), torch.no_grad():
        chance = stitched(network, inputs, torch.from_numpy(images).to(device), 0).cpu().numpy()
    labels = inputs.paint(chance, (images != 0).any(axis=0))
    write_image(part / f"{case.files.case}.nii.gz", put_back(labels, geometry))
    voxel_ml = float(np.prod(scan.spacing_mm)) / 1000
    return {f"{name.lower()}_ml": float(np.isin(labels, own).sum()) * voxel_ml for name, own in regions.items()}
