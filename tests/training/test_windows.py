"""Training on windows of breasts: what is seen, what is never seen, and the same bytes after a kill."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from killing import KilledError, stop_at
from tiny_breasts import GROUPS, SHAPE, entry, make_breasts
from tiny_training import results, run

from rerad.core.errors import ConfigError
from rerad.imaging.stored import open_case
from rerad.metrics.agreement import moments
from rerad.models.radsynth import build, by_patches
from rerad.radiomics import glcm_map
from rerad.reporting.synthesised import read_shown
from rerad.training import loop
from rerad.training.cases import read_data
from rerad.training.job import Job
from rerad.training.loss import rmse
from rerad.training.recipe import read_recipe
from rerad.training.synthesis import maps_of
from rerad.training.windows import Windows, open_inputs

SHORT = entry(checkpoint_s=0)
GIVEN: dict[str, Any] = {"cohort": "breast", "method": "radsynth", "features": None}


@pytest.fixture(scope="module")
def breasts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_breasts(tmp_path_factory.mktemp("breasts"))


@pytest.fixture(scope="module")
def trained(breasts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(breasts, tmp_path_factory.mktemp("trained"), SHORT, keep_model=True, **GIVEN)


def opened(folder: Path, settings: dict = SHORT, seed: int = 0) -> Windows:
    fixed = dict.fromkeys(Job._fields)
    named = {"cases": folder / "cases.csv", "arrays": folder / "arrays", "settings": settings, "seed": seed}
    job = Job(**{**fixed, **named, "cohort": "breast", "method": "radsynth"})
    data = read_data(None, folder / "cases.csv", folder / "splits.csv", settings)
    return open_inputs(job, data, read_recipe(settings), torch.device("cpu"))


def test_windows_are_those_of_the_levels_and_their_entropies_those_of_the_image(breasts: Path) -> None:
    inputs = opened(breasts)
    drawn = inputs.drawn(2)
    assert drawn.windows.shape == (40, 5, 5)
    image, labels = open_case(breasts / "arrays", "B2", channels=1)
    exact = glcm_map(np.asarray(image[0]), levels=16, in_plane=True)
    inner = {}
    for z, y, x in np.argwhere(np.asarray(labels) > 0):
        if 2 <= y < SHAPE[1] - 2 and 2 <= x < SHAPE[2] - 2:
            inner.setdefault(inputs.levels(2)[z, y - 2 : y + 3, x - 2 : x + 3].tobytes(), exact[z, y, x])
    for window, value in zip(drawn.windows, drawn.values, strict=True):
        assert inner[window.tobytes()] == pytest.approx(value, abs=1e-6)
    batch = inputs.batch(inputs.samples([2])[:3], None)
    assert batch.images.tolist() == drawn.windows[:3, None].tolist()
    assert batch.target is not None
    assert batch.target.shape == (3, 1)


def test_draws_differ_by_seed_and_not_by_the_other_cases(breasts: Path, tmp_path: Path) -> None:
    first, other = opened(breasts).drawn(1), opened(breasts, seed=1).drawn(1)
    assert not np.array_equal(first.windows, other.windows)
    fewer = shutil.copytree(breasts, tmp_path / "fewer")
    table = pd.read_csv(fewer / "cases.csv")
    table[table["case"] != "B0"].to_csv(fewer / "cases.csv", index=False)
    assert np.array_equal(opened(fewer).drawn(0).windows, first.windows)
    few = opened(breasts, entry(windows={"levels": 16, "a_case": 10**6})).drawn(1)
    assert len(few.values) == SHAPE[0] * 12 * 14  # all whole windows of a breast


def test_maps_are_the_network_patch_by_patch_wherever_there_is_tissue(breasts: Path) -> None:
    inputs = opened(breasts)
    torch.manual_seed(0)
    network = build({"filters": [4, 4, 4, 4]}).eval()
    maps = maps_of(network, inputs, 3, shown=1)
    for index in range(SHAPE[0]):
        levels = torch.from_numpy(maps.levels[index].astype(np.float32))
        expected = np.maximum(by_patches(network, levels, batch=50).numpy(), 0)
        found = maps.synthesised[index, 2:-2, 2:-2]
        known = np.isfinite(found)
        assert np.allclose(found[known], expected[known], atol=1e-5)
        assert known.all() == (index == 1)  # the slice that is shown is whole, the others are what tissues need
        assert known[np.isin(maps.tissues[index, 2:-2, 2:-2], (1, 2, 3))].all()


def test_the_floor_is_trained_and_judged_like_the_network(breasts: Path, tmp_path: Path, trained: Path) -> None:
    curve = {**entry(epochs=60, optimiser={"name": "adam", "lr": 0.1}), "model": "local_sd", "network": {"knots": 9}}
    given = {**GIVEN, "method": "local_sd"}
    tables = [pd.read_csv(run(breasts, tmp_path / "curve", curve, **given) / "predictions_synthesis.csv")]
    tables.append(pd.read_csv(trained / "predictions_synthesis.csv"))
    assert tables[0]["exact_mean"].equals(tables[1]["exact_mean"])
    # Tissues that are flat in parts: their entropies follow the spread.
    assert tables[0].query("tissue == 'glandular'")["correlation"].min() > 0.9


def test_rows_and_pictures_are_those_of_the_maps(trained: Path, tmp_path: Path) -> None:
    table = pd.read_csv(trained / "predictions_synthesis.csv")
    assert sorted(set(table["case"])) == ["B0", "B1", "B2", "B3"]
    assert table.groupby("case")["fold"].nunique().eq(1).all()
    assert table.set_index("case").loc["B0", "group"].tolist() == [GROUPS[0]] * 3
    chunk = shutil.copytree(trained, tmp_path / "seed0" / "all")
    assert [one.case for one in read_shown([chunk / "predictions_synthesis.csv"])] == ["B0", "B1", "B2", "B3"]
    row = table[(table["case"] == "B0") & (table["tissue"] == "lesion")].iloc[0]
    assert row["pixels"] == 0
    assert np.isnan(row["correlation"])
    with np.load(trained / "artefacts" / "synthesis_B1.npz") as kept:
        pixels = kept["pixels_fatty"]
        row = table[(table["case"] == "B1") & (table["tissue"] == "fatty")].iloc[0]
        assert row["pixels"] == len(pixels) == SHAPE[0] * 10 * 5 - 8
        for name, value in moments(*pixels.T).items():
            assert row[name] == pytest.approx(value, rel=1e-6)
        assert row["correlation"] == pytest.approx(np.corrcoef(pixels.T)[0, 1], rel=1e-5)
        assert kept["slice"] == 1  # of the lesion
        own = kept["tissues"] == 3
        assert np.isfinite(kept["synthesised"][own]).all()


def test_no_pixel_of_a_test_case_reaches_the_training(breasts: Path, tmp_path: Path, trained: Path) -> None:
    poisoned = shutil.copytree(breasts, tmp_path / "poisoned")
    splits = pd.read_csv(breasts / "splits.csv")
    random = np.random.default_rng(5)
    for name in splits.query("fold == 1 and role == 'test'")["case"]:
        path = poisoned / "arrays" / f"{name}.images.npy"
        np.save(path, random.permutation(np.load(path).ravel()).reshape(1, *SHAPE))
    out = run(poisoned, tmp_path / "out", SHORT, keep_model=True, folds=[1], **GIVEN)
    states = [torch.load(folder / "models" / "fold1.pt", weights_only=True)["state"] for folder in (trained, out)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert (out / "predictions_synthesis.csv").read_bytes() != (trained / "predictions_synthesis.csv").read_bytes()
    # And a training case does reach it.
    name = splits.query("fold == 1 and role == 'train'")["case"].iloc[0]
    path = poisoned / "arrays" / f"{name}.images.npy"
    np.save(path, random.permutation(np.load(path).ravel()).reshape(1, *SHAPE))
    other = run(poisoned, tmp_path / "other", SHORT, keep_model=True, folds=[1], **GIVEN)
    state = torch.load(other / "models" / "fold1.pt", weights_only=True)["state"]
    assert not all(torch.equal(states[0][name], state[name]) for name in state)


def test_stopped_it_goes_on_to_the_same_bytes_and_in_any_process(
    breasts: Path, tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = results(trained)
    for step in (1, 5, 11):  # eight steps a fold
        out = tmp_path / f"step{step}"
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", step)
            run(breasts, out, SHORT, keep_model=True, **GIVEN)
        assert not (out / "cost.json").exists()
        assert results(run(breasts, out, SHORT, keep_model=True, **GIVEN)) == expected, f"stopped after step {step}"


def test_the_loss_is_the_root_of_the_mean_square_and_smooth_at_none() -> None:
    values = torch.tensor([[1.0], [2.0]], requires_grad=True)
    assert float(rmse(values, torch.tensor([[1.0], [4.0]])).detach()) == pytest.approx(2**0.5)
    rmse(values, values.detach()).backward()
    assert torch.isfinite(values.grad).all()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"windows": None}, "recipe.windows"),
        ({"windows": {"levels": 300, "a_case": 5}}, "recipe.windows"),
        ({"windows": {"levels": 64}}, "recipe.windows"),
        ({"loss": {"voxels": 0.5}}, "recipe.loss.values"),
        ({"augmentation": {"flips": [0]}}, "recipe.augmentation"),
        ({"compile": True}, "recipe.compile"),
        ({"input": "slices"}, "recipe.windows"),
        ({"input": "slices", "windows": None}, "recipe.loss.values"),
    ],
)
def test_a_recipe_that_windows_cannot_have_is_named(recipe: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_recipe(entry(**recipe))
