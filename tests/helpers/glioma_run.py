"""A small prepared glioma cohort, and what trainings leave of it, for the tests of what draws them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rerad.cohorts.brats.labels import REGIONS, region
from rerad.imaging.stored import open_case, store_case
from rerad.metrics import segmentation
from rerad.training.predictions import SEGMENTATION

SHAPES = {"G1": (26, 34, 30), "G2": (24, 36, 28), "G3": (28, 32, 30), "G4": (26, 34, 32), "G5": (24, 32, 28)}
GRADES = {"G1": "HGG", "G2": "HGG", "G3": "HGG", "G4": "LGG", "G5": "LGG"}
RADII = {"G1": 6, "G2": 9, "G3": 7, "G4": 8, "G5": 5}
WITHOUT_ENHANCING = "G5"


class Gliomas(NamedTuple):
    """A prepared cohort of five cases; the last has no enhancing tumour."""

    folder: Path

    @property
    def cases(self) -> Path:
        return self.folder / "cases.csv"

    @property
    def arrays(self) -> Path:
        return self.folder / "arrays"

    def labels(self, case: str) -> np.ndarray:
        return np.asarray(open_case(self.arrays, case, channels=4).labels)


def prepare_gliomas(folder: Path, *, grades: bool = True) -> Gliomas:
    """Write five brains with balls for tumours into an empty folder."""
    (folder / "arrays").mkdir(parents=True)
    generator, rows = np.random.default_rng(0), []
    for number, (case, shape) in enumerate(SHAPES.items()):
        place = np.meshgrid(*map(np.arange, shape), indexing="ij")
        middle = [length / 2 for length in shape]
        brain = sum(((at - half) / half) ** 2 for at, half in zip(place, middle, strict=True)) < 1
        far = np.sqrt((place[0] - 12) ** 2 + (place[1] - 14) ** 2 + (place[2] - 12 - number) ** 2)
        labels = np.zeros(shape, np.uint8)
        labels[far < RADII[case]] = 2
        labels[far < 0.7 * RADII[case]] = 1 if case == WITHOUT_ENHANCING else 4
        labels[far < 0.4 * RADII[case]] = 1
        labels *= brain
        images = np.stack([np.where(brain, generator.normal(60, 4, shape) + 9 * labels, 0) for _ in range(4)])
        store_case(folder / "arrays", case, images, labels)
        volumes = {f"{name.lower()}_ml": float(region(labels, name).sum()) for name in REGIONS}
        grade = GRADES[case] if grades else ""
        rows.append({"case": case, "row": number, "included": 1, "grade": grade, **volumes})
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    return Gliomas(folder)


def paint_gliomas(trained: Path, gliomas: Gliomas, *, step: int = 1, fold_of: int = 2) -> list[Path]:
    """Write predictions and artefacts of a method below ``trained``: the true labels, ``step`` voxels to the right.

    Cases are tested in ``fold_of`` folds in turn, one chunk a fold, and trained on in the others, where the labels are
    half as far off.
    """
    files = []
    cases = list(SHAPES)
    for fold in range(1, fold_of + 1):
        chunk = trained / "seed0" / f"fold{fold}"
        (chunk / "artefacts").mkdir(parents=True)
        rows, arrays, slices = [], {}, []
        tested = cases[fold - 1 :: fold_of]
        for case in cases:
            role = "test" if case in tested else "train"
            true = gliomas.labels(case)
            painted = np.roll(true, step if role == "test" else step // 2, axis=2)
            lead = {"case": case, "fold": fold, "seed": 0, "role": role, "selection": "last", "variant": "published"}
            for name in REGIONS:
                found = segmentation(region(true, name), region(painted, name), 1.0)
                rows.append({**lead, "region": name, **found})
            if role == "test":
                axial = int((true > 0).sum(axis=(1, 2)).argmax())
                arrays[f"labels_{len(slices)}"] = painted[axial]
                slices.append(axial)
        np.savez(chunk / "artefacts" / f"fold{fold}.npz", cases=np.array(tested), slice=slices, **arrays)
        files.append(chunk / "predictions_segmentation.csv")
        pd.DataFrame(rows)[SEGMENTATION].to_csv(files[-1], index=False)
    return files
