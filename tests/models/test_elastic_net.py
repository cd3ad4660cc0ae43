"""The elastic net: the optimality of every fit, closed solutions, an independent solver, odd shapes and faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from expression import synthetic
from sklearn.linear_model import ElasticNet

from rerad.core.errors import ReradError
from rerad.models import elastic_net_path
from rerad.models.elastic_net import elastic_nets

L1_RATIOS = (0.0, 0.001, 0.05, 0.3, 0.7, 0.95, 0.9999999, 1.0)


def random_problem(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return correlated features and a target of some of them."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 2)) @ generator.normal(size=(2, p)) + generator.normal(size=(n, p))
    return x, x[:, : min(3, p)].sum(axis=1) + generator.normal(size=n)


def violation(x: np.ndarray, y: np.ndarray, lambdas: np.ndarray, coefs: np.ndarray, l1_ratio: float) -> float:
    """Return the largest violation of the optimality in the definition of the objective, in parts of the gradient at 0.

    In standardised features and with y divided by its sd: (1/2n)|y − Zb|² + λ' (l1_ratio |b|₁ + (1 − l1_ratio)/2 |b|²),
    λ' = λ / sd(y).
    """
    centred = x - x.mean(axis=0)
    sd = np.sqrt((centred**2).mean(axis=0))
    sd[x.max(axis=0) == x.min(axis=0)] = np.inf
    z, residual = centred / sd, (y - y.mean()) / y.std()
    b = np.where(np.isinf(sd)[:, None], 0.0, coefs * np.where(np.isinf(sd), 0.0, sd)[:, None] / y.std())
    gradient = z.T @ (residual[:, None] - z @ b) / len(y)
    levels = lambdas / y.std()
    active = np.abs(gradient - levels * (1 - l1_ratio) * b - levels * l1_ratio * np.sign(b))
    inactive = np.maximum(np.abs(gradient) - levels * l1_ratio, 0.0)
    return float(np.where(b != 0, active, inactive).max() / np.abs(z.T @ residual / len(y)).max())


PROBLEMS = {
    "fewer cases": random_problem(25, 60, 0),
    "more cases": random_problem(80, 12, 1),
    "square": random_problem(30, 30, 2),
    "two cases": random_problem(2, 7, 3),
    "three cases, one feature": random_problem(3, 1, 4),
    "duplicated columns": (np.repeat(random_problem(30, 20, 5)[0], 3, axis=1), random_problem(30, 20, 5)[1]),
    "mirrored columns": (np.hstack([random_problem(30, 20, 6)[0], -random_problem(30, 20, 6)[0]]), random_problem(30, 20, 6)[1]),
    "more duplicates than cases": (np.tile(random_problem(12, 30, 17)[0], 4), random_problem(12, 30, 17)[1]),
    "nearly the same columns": (np.repeat(random_problem(30, 12, 18)[0], 5, axis=1) + 1e-5 * np.random.default_rng(19).normal(size=(30, 60)), random_problem(30, 12, 18)[1]),
    "constant columns": (np.hstack([np.full((20, 2), 0.1), random_problem(20, 30, 7)[0]]), random_problem(20, 30, 7)[1]),
    "huge features": (random_problem(20, 40, 8)[0] * 1e160, random_problem(20, 40, 8)[1]),
    "tiny features": (random_problem(20, 40, 9)[0] * 1e-170, random_problem(20, 40, 9)[1] * 1e3),
    "mixed scales": (random_problem(20, 40, 10)[0] * np.geomspace(1e-8, 1e8, 40), random_problem(20, 40, 10)[1] * 1e6),
    "far from zero": (random_problem(20, 40, 11)[0] + 1e6, random_problem(20, 40, 11)[1] - 1e5),
    "nothing to find": (random_problem(40, 90, 12)[0], np.random.default_rng(13).normal(size=40)),
    "exact fit": (random_problem(40, 8, 14)[0], random_problem(40, 8, 14)[0] @ np.arange(8.0)),
    "whole numbers": (np.random.default_rng(15).integers(0, 3, (30, 60)).astype(float), np.random.default_rng(16).integers(0, 4, 30).astype(float)),
}  # fmt: skip


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in ("huge features", "tiny features")])
def test_every_fit_is_optimal(name: str, l1_ratio: float) -> None:
    x, y = PROBLEMS[name]
    path = elastic_net_path(x, y, l1_ratio=l1_ratio, n_lambdas=40)
    assert path.coefs.shape == (x.shape[1], 40)
    first = 1 if l1_ratio < 1e-3 else 0  # glmnet's first fit of such a path is made at an infinite λ
    allowed = 1e-9 if l1_ratio < 0.99 else 1e-6
    if name == "far from zero":
        allowed = 1e-8  # the reference itself loses digits
    assert violation(x, y, path.lambdas[first:], path.coefs[:, first:], l1_ratio) <= allowed
    assert path.violations.max() <= (1e-9 if l1_ratio < 0.99 else 1e-6)


@pytest.mark.parametrize("l1_ratio", [0.9, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12])
@pytest.mark.parametrize(("cases", "copies"), [(2, 30), (4, 9), (8, 4)])
def test_more_copies_than_cases_are_fitted_as_exactly_where_the_quadratic_part_vanishes(
    cases: int, copies: int, l1_ratio: float
) -> None:
    generator = np.random.default_rng(cases)
    x = np.repeat(generator.normal(size=(cases, 3)), copies, axis=1) * generator.choice([-1.0, 1.0, 3.0], 3 * copies)
    y = generator.normal(size=cases)
    path = elastic_net_path(x, y, l1_ratio=l1_ratio, lambdas=np.geomspace(1.0, 1e-4, 15))
    found = violation(x, y, path.lambdas, path.coefs, l1_ratio)
    assert found <= 1e-10
    assert found <= 10 * path.violations.max() + 1e-13  # what is told of it holds


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("name", "scale"), [("huge features", 1e160), ("tiny features", 1e-170)])
def test_the_unit_of_the_features_only_scales_the_coefficients(name: str, scale: float, l1_ratio: float) -> None:
    x, y = PROBLEMS[name]
    plain = elastic_net_path(x / scale, y, l1_ratio=l1_ratio, n_lambdas=10)
    scaled = elastic_net_path(x, y, l1_ratio=l1_ratio, n_lambdas=10)
    np.testing.assert_allclose(scaled.lambdas, plain.lambdas, rtol=1e-10)
    np.testing.assert_allclose(scaled.coefs * scale, plain.coefs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.05, 0.5, 1.0])
def test_a_long_path_of_low_rank_expression_is_optimal(l1_ratio: float) -> None:
    x, y = synthetic(40, 900)
    path = elastic_net_path(x, y, l1_ratio=l1_ratio, n_lambdas=400)
    first = 1 if l1_ratio == 0 else 0
    assert violation(x, y, path.lambdas[first:], path.coefs[:, first:], l1_ratio) <= (1e-9 if l1_ratio < 1 else 1e-6)
    short = elastic_net_path(x, y, l1_ratio=l1_ratio, lambdas=path.lambdas[[17, 180, 399]])
    np.testing.assert_allclose(short.predict(x), path.predict(x)[:, [17, 180, 399]], atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(30, 50), (60, 8)])
def test_scikit_learn_finds_the_same_on_the_translated_penalty(shape: tuple[int, int], l1_ratio: float) -> None:
    x, y = random_problem(*shape, 20)
    path = elastic_net_path(x, y, l1_ratio=l1_ratio, n_lambdas=5)
    z, sd = (x - x.mean(axis=0)) / x.std(axis=0), y.std()
    for lam, coefs, intercept in zip(path.lambdas, path.coefs.T, path.intercepts, strict=True):
        # λ on the L1 norm for y itself, λ / sd(y) on the quadratic part.
        l1, l2 = lam * l1_ratio, lam / sd * (1 - l1_ratio)
        peer = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-12, max_iter=200_000).fit(z, y)
        np.testing.assert_allclose(coefs * x.std(axis=0), peer.coef_, atol=1e-6)
        np.testing.assert_allclose(intercept + x @ coefs, peer.predict(z), atol=1e-6)


@pytest.mark.parametrize("shape", [(12, 30), (40, 6)])
def test_without_an_l1_part_it_is_the_closed_ridge_solution(shape: tuple[int, int]) -> None:
    x, y = random_problem(*shape, 21)
    z, sd = (x - x.mean(axis=0)) / x.std(axis=0), y.std()
    lambdas = np.array([30.0, 1.0, 1e-3, 1e-7])
    path = elastic_net_path(x, y, l1_ratio=0.0, lambdas=lambdas)
    for lam, coefs in zip(lambdas, path.coefs.T, strict=True):
        closed = np.linalg.solve(z.T @ z / len(y) + lam / sd * np.eye(shape[1]), z.T @ (y - y.mean()) / len(y))
        np.testing.assert_allclose(coefs * x.std(axis=0), closed, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
def test_one_feature_is_thresholded_softly(l1_ratio: float) -> None:
    x = np.array([[-1.0], [1.0], [-1.0], [1.0]])  # mean 0, sd 1
    y = np.array([-3.0, 1.0, -1.0, 3.0])  # mean 0, sd √5, correlation x·y/n = 2
    path = elastic_net_path(x, y, l1_ratio=l1_ratio, lambdas=[6.0, 2.0, 1.0, 0.1])
    by_hand = [max(2.0 - lam * l1_ratio, 0.0) / (1.0 + lam * (1.0 - l1_ratio) / 5**0.5) for lam in (6.0, 2.0, 1.0, 0.1)]
    np.testing.assert_allclose(path.coefs[0], by_hand, atol=1e-9)
    assert path.counts.tolist() == [int(value > 0) for value in by_hand]
    np.testing.assert_allclose(path.intercepts, 0.0, atol=1e-12)


def test_the_path_goes_from_the_first_feature_to_a_hundredth_of_its_lambda() -> None:
    for (n, p), share in (((20, 50), 1e-2), ((50, 20), 1e-4), ((20, 20), 1e-4)):
        x, y = random_problem(n, p, 22)
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        largest = np.abs(z.T @ (y - y.mean())).max() / n
        for l1_ratio, divisor in ((0.5, 0.5), (1.0, 1.0), (1e-4, 1e-3), (0.0, 1e-3)):
            path = elastic_net_path(x, y, l1_ratio=l1_ratio)
            np.testing.assert_allclose(path.lambdas[[0, -1]], largest / divisor * np.array([1.0, share]), rtol=1e-9)
            np.testing.assert_allclose(np.diff(np.log(path.lambdas)), np.log(share) / 99, rtol=1e-9)
            assert path.counts[0] == 0
            assert path.counts[1] > 0


def test_a_path_stops_where_glmnet_stops() -> None:
    x, y = PROBLEMS["exact fit"]
    whole = elastic_net_path(x, y, l1_ratio=0.5)
    cut = elastic_net_path(x, y, l1_ratio=0.5, early_stop=True)
    number = len(cut.lambdas)
    assert 5 <= number < 100
    assert cut.explained[-1] > 0.999 >= cut.explained[-2]
    np.testing.assert_array_equal(cut.coefs, whole.coefs[:, :number])


def test_what_it_tells_of_a_fit_is_so() -> None:
    x, y = PROBLEMS["fewer cases"]
    for l1_ratio in (0.0, 0.3, 1.0):
        path = elastic_net_path(x, y, l1_ratio=l1_ratio, n_lambdas=20)
        fitted = path.intercepts + x @ path.coefs
        np.testing.assert_allclose(path.predict(x), fitted, atol=1e-10)
        np.testing.assert_allclose(path.explained, 1.0 - ((y[:, None] - fitted) ** 2).mean(axis=0) / y.var(), atol=1e-9)
        np.testing.assert_allclose(path.intercepts, y.mean() - x.mean(axis=0) @ path.coefs, atol=1e-9)
        assert path.counts.tolist() == (path.coefs != 0).sum(axis=0).tolist()
        np.testing.assert_array_equal(path.sparse_coefs.toarray(), path.coefs)


def test_duplicates_share_a_coefficient_where_the_penalty_decides_it() -> None:
    x, y = PROBLEMS["duplicated columns"]
    coefs = elastic_net_path(x, y, l1_ratio=0.5, n_lambdas=20).coefs.reshape(20, 3, 20)
    np.testing.assert_allclose(coefs, np.broadcast_to(coefs[:, :1], coefs.shape), atol=1e-9)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_what_cannot_be_fitted_has_no_feature(l1_ratio: float) -> None:
    x, y = random_problem(10, 4, 23)
    constant = elastic_net_path(x, np.full(10, 0.3), l1_ratio=l1_ratio, n_lambdas=7)
    assert constant.coefs.shape == (4, 7)
    assert not constant.coefs.any()
    np.testing.assert_allclose(constant.intercepts, 0.3)
    flat = elastic_net_path(np.full((10, 4), 0.7), y, l1_ratio=l1_ratio, lambdas=[1.0, 0.1])
    assert not flat.coefs.any()
    np.testing.assert_allclose(flat.predict(x), y.mean())


def test_what_is_no_number_is_refused_by_name() -> None:
    x, y = random_problem(10, 4, 24)
    table = pd.DataFrame(x, columns=["EGFR", "TP53", "PTEN", "NF1"])
    table.loc[3, "PTEN"] = np.nan
    with pytest.raises(ReradError, match=r"feature 'PTEN', row 3: nan"):
        elastic_net_path(table, y, l1_ratio=0.5)
    y[2] = np.inf
    with pytest.raises(ReradError, match=r"target number 0, row 2: inf"):
        elastic_net_path(x, y, l1_ratio=0.5)


@pytest.mark.parametrize(("value", "told"), [(pd.NA, "<NA>"), (None, "None"), ("n/a", "n/a"), (1 + 1j, r"\(1\+1j\)")])
def test_what_no_number_can_be_made_of_is_refused_by_name(value: object, told: str) -> None:
    x, y = random_problem(10, 4, 24)
    table = pd.DataFrame(x, columns=["EGFR", "TP53", "PTEN", "NF1"]).astype(object)
    table.loc[3, "PTEN"] = value
    with pytest.raises(ReradError, match=f"feature 'PTEN', row 3: {told} is no value"):
        elastic_net_path(table, y, l1_ratio=0.5)


def test_what_is_masked_is_not_taken_for_a_value() -> None:
    x, y = random_problem(10, 4, 24)
    hidden = np.ma.masked_array(y, mask=y > 1)
    with pytest.raises(ReradError, match="targets: a masked array"):
        elastic_net_path(x, hidden, l1_ratio=0.5)


def test_tables_of_any_kind_of_number_are_the_same_problem() -> None:
    x, y = random_problem(10, 4, 24)
    expected = elastic_net_path(x, y, l1_ratio=0.5).coefs
    frozen = np.asfortranarray(x)
    frozen.setflags(write=False)
    for table in (
        pd.DataFrame(x).convert_dtypes(),
        pd.DataFrame(x).astype(object),
        frozen,
        x.astype(">f8"),
        x.tolist(),
    ):
        np.testing.assert_array_equal(elastic_net_path(table, y, l1_ratio=0.5).coefs, expected)


def test_what_makes_no_sense_is_refused() -> None:
    x, y = random_problem(10, 4, 25)
    for arguments, told in (
        ({"l1_ratio": 1.2}, "l1_ratio is 1.2"),
        ({"l1_ratio": 0.5, "lambdas": [1.0, -1.0]}, "λ of -1"),
        ({"l1_ratio": 0.5, "lambdas": [np.nan, 1.0]}, "λ of nan"),
        ({"l1_ratio": 0.5, "lambdas": [1.0, np.inf]}, "λ of inf"),
        ({"l1_ratio": 0.5, "lambdas": []}, "λ of nothing"),
        ({"l1_ratio": 0.5, "n_lambdas": 0}, "n_lambdas is 0"),
    ):
        with pytest.raises(ReradError, match=told):
            elastic_net_path(x, y, **arguments)
    with pytest.raises(ReradError, match="do not fit"):
        elastic_net_path(x, y[:-1], l1_ratio=0.5)
    with pytest.raises(ReradError, match="too few"):
        elastic_net_path(x[:1], y[:1], l1_ratio=0.5)
    with pytest.raises(ReradError, match="not those"):
        elastic_net_path(x, y, l1_ratio=0.5).predict(x[:, :2])


def test_many_targets_at_their_own_penalties_are_fitted_as_one_by_one():
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(14, 30)), generator.normal(size=(14, 3))
    penalties = [(0.0, 0.5), (0.4, 0.2), (1.0, 0.1)]
    for column, (ratio, lam), found in zip(y.T, penalties, elastic_nets(x, y, penalties), strict=True):
        alone = elastic_net_path(x, column, l1_ratio=ratio, lambdas=[lam])
        assert np.allclose(found.coefs, alone.coefs, rtol=1e-9, atol=1e-12)
        assert np.allclose(found.predict(x), alone.predict(x), rtol=1e-9)
    ridges = elastic_nets(x, y, [(0.0, 0.5)] * 3)
    assert ridges[0].left is ridges[2].left  # as large as the features: held once
    with pytest.raises(ReradError, match="2 penalties for 3 targets"):
        elastic_nets(x, y, penalties[:2])
