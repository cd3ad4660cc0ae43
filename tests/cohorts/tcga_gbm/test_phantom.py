"""The phantom: the same bytes for the same seed, expression of low rank, shapes that follow it as planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.stats import norm

from rerad.cohorts.tcga_gbm.acquire import acquire
from rerad.cohorts.tcga_gbm.naming import find_segmentations
from rerad.cohorts.tcga_gbm.phantom import QUIET, TRAITS, plant_tumours, write_phantom
from rerad.cohorts.tcga_gbm.phantom_genes import plant_genes
from rerad.cohorts.tcga_gbm.phantom_tumour import Tumour, draw_tumour
from rerad.cohorts.tcga_gbm.table import read_table
from rerad.core.errors import ConfigError


def test_the_same_seed_gives_the_same_bytes_in_one_and_in_two_processes(
    phantom: Path, tmp_path: Path, small_settings: dict[str, Any]
) -> None:
    acquire(tmp_path / "tcga_gbm", source="phantom", settings=small_settings, seed=0, workers=2)
    files = sorted(path.relative_to(phantom) for path in phantom.rglob("*") if path.is_file())
    assert len(files) == 5 + 1 + 2
    for file in files:
        assert (tmp_path / "tcga_gbm" / file).read_bytes() == (phantom / file).read_bytes(), file
    write_phantom(tmp_path / "other", small_settings, 1)
    table = "cbioportal/data_mrna_affymetrix_microarray.txt"
    assert (tmp_path / "other" / table).read_bytes() != (phantom / table).read_bytes()


def test_the_files_are_those_of_the_real_cohort(phantom: Path, small_settings: dict[str, Any]) -> None:
    found = read_table(phantom / "cbioportal" / "data_mrna_affymetrix_microarray.txt")
    assert found.values.shape == (12, 12)
    assert sum(name.endswith("-02") for name in found.samples) == 2
    np.testing.assert_allclose(found.values[:10], plant_genes(small_settings, 0).expression, atol=1e-5)
    segmented = find_segmentations(str(path.relative_to(phantom)) for path in phantom.rglob("*.nii.gz"))
    assert len(segmented) == 5
    assert {f"{patient}-01" for patient in segmented} < set(found.samples)


def test_expression_is_of_low_rank_as_in_tumours() -> None:
    expression = plant_genes({"patients": 173, "genes": 840}, 0).expression
    assert 3 < np.median(expression) < 10
    assert expression.min() >= 0
    scaled = (expression - expression.mean(axis=0)) / expression.std(axis=0)
    shares = np.linalg.svd(scaled, compute_uv=False) ** 2
    shares /= shares.sum()
    # Without factors, the first of 173 would hold 1.2 % and ten of them 12 %.
    assert 0.2 < shares[0] < 0.35
    assert 0.6 < shares[:10].sum() < 0.8


def test_spectrum_and_correlations_are_near_those_of_real_tumours(real_data: Path) -> None:
    lines = (real_data / "tcga_gbm" / "TCGA_unified_CORE_ClaNC840.txt").read_text().splitlines()[2:]
    real = np.array([line.split("\t")[2:] for line in lines if line], float).T
    made = plant_genes({"patients": real.shape[0], "genes": real.shape[1]}, 0).expression
    explained, correlated = [], []
    for values in (real, made):
        scaled = (values - values.mean(axis=0)) / values.std(axis=0)
        shares = np.cumsum(np.linalg.svd(scaled, compute_uv=False) ** 2)
        explained.append(shares[[0, 2, 4, 9, 29]] / shares[-1])
        between = np.abs(np.corrcoef(values.T)[np.triu_indices(values.shape[1], 1)])
        correlated.append(np.percentile(between, [50, 90, 99]))
    np.testing.assert_allclose(explained[1], explained[0], atol=0.05)
    np.testing.assert_allclose(correlated[1], correlated[0], atol=0.08)


def settings_of(small: dict[str, Any], effect: float) -> dict[str, Any]:
    return small | {"patients": 400, "imaged": 400, "effect_size": effect}


@pytest.mark.parametrize("effect", [0.0, 0.6, 1.0])
def test_traits_follow_their_factors_as_planted(small_settings: dict[str, Any], effect: float) -> None:
    settings = settings_of(small_settings, effect)
    factors = plant_genes(settings, 3).factors
    patients = plant_tumours([f"P{index:03d}" for index in range(400)], factors, settings, 3)
    tumours = [patient.tumour for patient in patients]
    values = {
        "enhancing_ml": (np.log([tumour.enhancing_ml for tumour in tumours]), np.log([8, 30])),
        "edema_ml": (np.log([tumour.edema_ml for tumour in tumours]), np.log([15, 60])),
        "quiet": ([tumour.quiet for tumour in tumours], QUIET),
        "core_irregularity": ([tumour.irregularity[0] for tumour in tumours], [0.05, 0.2]),
        "edema_irregularity": ([tumour.irregularity[1] for tumour in tumours], [0.05, 0.2]),
        "core_elongation": ([tumour.elongation[0] for tumour in tumours], [1.0, 1.6]),
        "edema_elongation": ([tumour.elongation[1] for tumour in tumours], [1.0, 1.6]),
    }
    for index, trait in enumerate(TRAITS):
        told, (low, high) = values[trait]
        quantiles = (np.asarray(told) - low) / (high - low)
        assert 0 <= quantiles.min() < 0.05
        assert 0.95 < quantiles.max() <= 1
        # Clipped, since a quantile of exactly 1 has no place on the line.
        latent = norm.ppf(np.clip(quantiles, 1e-9, 1 - 1e-9))
        correlations = [np.corrcoef(latent, factor)[0, 1] for factor in factors.T[: len(TRAITS)]]
        assert correlations[index] == pytest.approx(effect, abs=0.12)
        assert np.abs(np.delete(correlations, index)).max() < 0.2


def test_parts_are_nested_and_as_large_as_planted(small_settings: dict[str, Any]) -> None:
    fine = small_settings | {"size": [60, 70, 64], "spacing_mm": [2.0, 2.0, 2.5]}
    tumour = Tumour(12.0, 30.0, 0.25, (0.1, 0.2), (1.0, 1.4))
    labels = draw_tumour(tumour, fine, np.random.default_rng(0))
    voxel = 0.01
    counts = {label: int((labels == label).sum()) for label in (1, 2, 4)}
    assert counts == {1: round(4 / voxel), 2: round(30 / voxel), 4: round(12 / voxel)}
    assert not (binary_dilation(labels == 1) & np.isin(labels, (0, 2))).any()


def test_an_elongated_tumour_is_longer(small_settings: dict[str, Any]) -> None:
    fine = small_settings | {"size": [80, 80, 80], "spacing_mm": [2.0, 2.0, 2.0]}
    spreads = []
    for elongation in (1.0, 1.5):
        tumour = Tumour(20.0, 40.0, 0.2, (0.0, 0.0), (elongation, elongation))
        places = np.argwhere(draw_tumour(tumour, fine, np.random.default_rng(1)) > 0)
        spreads.append(np.sqrt(np.linalg.eigvalsh(np.cov(places.T))))
    assert spreads[0][2] / spreads[0][0] == pytest.approx(1, abs=0.02)
    assert spreads[1][2] / spreads[1][0] == pytest.approx(1.5, abs=0.03)
    assert spreads[1][1] / spreads[1][0] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"imaged": 11}, "cohorts.tcga_gbm.phantom.imaged"),
        ({"recurrent": 11}, "cohorts.tcga_gbm.phantom.recurrent"),
        ({"enhancing_ml": [0.1, 0.2]}, "cohorts.tcga_gbm.phantom"),
        ({"edema_ml": [900, 1000]}, "cohorts.tcga_gbm.phantom"),
    ],
)
def test_settings_that_cannot_be_met_are_named(
    small_settings: dict[str, Any], tmp_path: Path, change: dict[str, Any], where: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        write_phantom(tmp_path, small_settings | change, 0)
    assert caught.value.where == where
