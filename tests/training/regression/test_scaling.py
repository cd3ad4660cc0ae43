"""Scaling by hand, and who teaches it."""

from __future__ import annotations

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.training.regression.scaling import learn_genes, learn_largest, scale_genes


def test_genes_lose_their_mean_and_are_divided_by_their_range():
    values = np.array([[1.0, 5.0], [3.0, 5.0], [8.0, 5.0]], np.float32)
    genes = learn_genes(values, [0, 1, 2])
    assert genes.mean.tolist() == [4.0, 5.0]
    assert genes.range.tolist() == [7.0, 0.0]
    expected = np.array([[-3 / 7, 0], [-1 / 7, 0], [4 / 7, 0]], np.float32)
    assert np.array_equal(scale_genes(values, genes), expected)


def test_only_the_named_patients_teach():
    values = np.array([[1.0, 1.0], [3.0, 1.0], [np.nan, np.inf]], np.float32)
    genes = learn_genes(values, [0, 1])
    assert (genes.mean.tolist(), genes.range.tolist()) == ([2.0, 1.0], [2.0, 0.0])
    scaled = scale_genes(values[:2], genes)
    assert scaled.tolist() == [[-0.5, 0.0], [0.5, 0.0]]


def test_whoever_taught_lies_within_one_of_zero():
    values = np.random.default_rng(0).lognormal(size=(30, 40)).astype(np.float32)
    scaled = scale_genes(values, learn_genes(values, range(30)))
    assert np.abs(scaled).max() < 1
    assert np.allclose(scaled.max(axis=0) - scaled.min(axis=0), 1, atol=1e-6)
    assert np.allclose(scaled.mean(axis=0), 0, atol=1e-6)


def test_features_are_divided_by_the_largest_of_the_named_cases():
    target = np.array([[2.0, 0.5], [4.0, 0.1], [100.0, np.nan]])
    assert learn_largest(target, [0, 1], ["volume", "sphericity"]).tolist() == [4.0, 0.5]


def test_a_feature_that_is_always_0_is_refused_by_name():
    with pytest.raises(ReradError, match="no case has a sphericity above 0"):
        learn_largest(np.array([[2.0, 0.0], [4.0, 0.0]]), [0, 1], ["volume", "sphericity"])
