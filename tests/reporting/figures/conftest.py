"""A prepared cohort with pictures, and what trainings leave beside their predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from drawn_genotypes import drawn_genotype
from glioma_run import Gliomas, prepare_gliomas
from PIL import Image

from rerad.metrics import segmentation
from rerad.training.predictions import CLASSIFICATION, HISTORY, SEGMENTATION

SHAPE = (12, 40, 44)
RADII = (4.0, 6.0, 9.0, 9.5, 7.0, 11.0, 5.0, 8.0)  # of the tumours, in voxels; targets alternate from 0


class Cohort(NamedTuple):
    """A prepared cohort of eight cases."""

    folder: Path

    @property
    def cases(self) -> Path:
        return self.folder / "cases.csv"

    @property
    def arrays(self) -> Path:
        return self.folder / "arrays"

    @property
    def table(self) -> pd.DataFrame:
        return pd.read_csv(self.cases, dtype={"case": str})

    def gtv(self, case: str) -> np.ndarray:
        row = int(self.table.set_index("case").loc[case, "row"])
        return np.load(self.arrays / "GTV.npy")[row] > 0


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Eight cases with balls for tumours; P6 lacks its CT, P7 is excluded."""
    folder = tmp_path_factory.mktemp("scanned")
    (folder / "arrays").mkdir()
    generator = np.random.default_rng(0)
    z, y, x = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
    body = ((y - 20) / 18) ** 2 + ((x - 22) / 20) ** 2 < 1
    images: dict[str, list[np.ndarray]] = {"PET": [], "CT": [], "GTV": []}
    for index, radius in enumerate(RADII):
        ball = ((z - 6) * 1.5) ** 2 + (y - 18 - index % 3) ** 2 + (x - 22 + index % 4) ** 2 < radius**2
        images["PET"].append(np.where(body, generator.normal(-0.2, 0.1, SHAPE) + 3 * ball, 0).astype(np.float32))
        images["CT"].append(np.where(body, generator.normal(0.5, 0.2, SHAPE) + 0.4 * ball, -1.5).astype(np.float32))
        images["GTV"].append(ball.astype(np.uint8))
    for name, arrays in images.items():
        np.save(folder / "arrays" / f"{name}.npy", np.stack(arrays))
    table = pd.DataFrame({"case": [f"P{n}" for n in range(8)], "row": range(8), "included": 1, "has_ct": 1})
    table = table.assign(target=[0, 1] * 4, outcome="x", crop_ml=1.0, cropped=0)
    table.loc[6, "has_ct"], table.loc[7, "included"] = 0, 0
    table.to_csv(folder / "cases.csv", index=False)
    return Cohort(folder)


class Trained(NamedTuple):
    """The files of predictions of a method."""

    classification: list[Path]
    segmentation: list[Path]


@pytest.fixture
def write_artefacts(tmp_path: Path, scanned: Cohort) -> Callable[..., Trained]:
    """A function that writes predictions and artefacts of two folds, one chunk a fold, of a method.

    ``keep`` names the arrays; a map is the GTV at a quarter of the grid, a mask the GTV one voxel to the right.
    """

    def write(method: str, keep: tuple[str, ...] = ("features", "maps", "mask"), seed: int = 0, **more: Any) -> Trained:
        table = scanned.table.query("included == 1")
        trained = Trained([], [])
        for fold in (1, 2):
            part = table[table["row"] // 2 % 2 == fold - 1]
            chunk = tmp_path / "trained" / "sts" / method / f"seed{seed}" / f"fold{fold}"
            (chunk / "artefacts").mkdir(parents=True)
            gtvs = [scanned.gtv(case) for case in part["case"]]
            slices = [int(gtv.sum(axis=(1, 2)).argmax()) for gtv in gtvs]
            masks = [np.roll(gtv, 1, axis=2) for gtv in gtvs]
            generator = np.random.default_rng(fold)
            arrays = {
                "features": generator.normal(size=(len(part), 6)).astype(np.float32),
                "maps": np.stack([gtv[z, ::4, ::4] + 0.25 for gtv, z in zip(gtvs, slices, strict=True)]),
                "mask": np.stack([mask[z] for mask, z in zip(masks, slices, strict=True)]).astype(np.uint8),
            }
            kept = {name: arrays[name] for name in keep} | more
            np.savez(chunk / "artefacts" / f"fold{fold}.npz", cases=part["case"].to_numpy(str), slice=slices, **kept)
            lead = {"fold": fold, "seed": seed, "role": "test", "selection": "last", "variant": "published"}
            scores = part[["case", "target"]].assign(score=0.3 + 0.1 * part["target"], **lead)
            metrics = [segmentation(gtv, mask, 2.0) for gtv, mask in zip(gtvs, masks, strict=True)]
            found = pd.DataFrame(metrics).assign(case=list(part["case"]), region="GTV", **lead)
            for name, rows, columns, files in (
                ("classification", scores, CLASSIFICATION, trained.classification),
                ("segmentation", found if "mask" in keep else found[:0], SEGMENTATION, trained.segmentation),
            ):
                files.append(chunk / f"predictions_{name}.csv")
                rows[columns].to_csv(files[-1], index=False)
        return trained

    return write


@pytest.fixture
def failed(tmp_path: Path) -> list[Path]:
    """The files of a method that failed: no rows, no artefacts."""
    chunk = tmp_path / "trained" / "sts" / "broken" / "seed0" / "all"
    (chunk / "artefacts").mkdir(parents=True)
    (chunk / "predictions_classification.csv").write_text(",".join(CLASSIFICATION) + "\n")
    (chunk / "predictions_segmentation.csv").write_text(",".join(SEGMENTATION) + "\n")
    return [chunk / "predictions_segmentation.csv"]


@pytest.fixture
def pixels() -> Callable[[Path], np.ndarray]:
    """A function that returns the pixels (y, x, 3) of a picture."""
    return lambda path: np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.fixture
def count() -> Callable[[np.ndarray, str], int]:
    """A function that counts the pixels near a colour."""

    def near(picture: np.ndarray, colour: str) -> int:
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        return int((np.abs(picture - wanted).sum(axis=2) < 40).sum())

    return near


class Searched(NamedTuple):
    """What the searches of a method left: chosen.json and search_history.csv of every chunk."""

    chosen: list[Path]
    history: list[Path]


@pytest.fixture
def write_search(tmp_path: Path) -> Callable[..., Searched]:
    """A function that writes the searches of a method, one chunk a fold, or ``together`` in one.

    ``failed`` names folds whose search failed. The losses of fold f at epoch e are 1/e + f/10 (weights) and
    (e − f)² / 10 (α), the entropy is 1 − e/10, the share of skips e/10; a ``random`` draw has no course.
    """

    def write(
        method: str, *, folds: int = 3, failed: tuple[int, ...] = (), together: bool = False, random: bool = False,
        seed: int = 0, epochs: int = 4, **genotype: Any,
    ) -> Searched:  # fmt: skip
        found = Searched([], [])
        parts = {"all": range(1, folds + 1)} if together else {f"fold{fold}": [fold] for fold in range(1, folds + 1)}
        for name, members in parts.items():
            chunk = tmp_path / "trained" / "sts" / method / f"seed{seed}" / name
            chunk.mkdir(parents=True)
            good = [fold for fold in members if fold not in failed]
            told = "out of memory" if len(good) < len(members) else None
            good = [] if told else good
            choices = {str(fold): {"genotype": drawn_genotype(100 * seed + fold, **genotype)} for fold in good}
            (chunk / "chosen.json").write_text(json.dumps({"failed": told, "folds": choices}))
            rows = [row for fold in good for epoch in range(1, epochs + 1) for row in course(fold, epoch)]
            table = pd.DataFrame([] if random else rows, columns=HISTORY)
            table.to_csv(chunk / "search_history.csv", index=False)
            found.chosen.append(chunk / "chosen.json")
            found.history.append(chunk / "search_history.csv")
        return found

    return write


def course(fold: int, epoch: int) -> list[tuple[int, int, str, str, float]]:
    values = {
        ("train", "loss"): 1 / epoch + fold / 10,
        ("validation", "loss"): (epoch - fold) ** 2 / 10,
        ("train", "accuracy"): 0.5,
        ("alpha", "entropy"): 1 - epoch / 10,
        ("alpha", "skip_share"): epoch / 10,
    }
    return [(fold, epoch, split, quantity, value) for (split, quantity), value in values.items()]


@pytest.fixture(scope="session")
def gliomas(tmp_path_factory: pytest.TempPathFactory) -> Gliomas:
    """A prepared glioma cohort that no test may change."""
    return prepare_gliomas(tmp_path_factory.mktemp("gliomas") / "brats")
