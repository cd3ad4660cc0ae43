import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rerad.models.resampling import balanced_bootstraps
from rerad.models.selection import auc_632_plus, forward_selection, reduce_by_gain

NEWTON = {"ridge": 0.1, "iterations": 50, "tolerance": 1e-10}


@pytest.mark.parametrize(
    ("apparent", "outside", "expected"),
    [
        # R = 0.2/0.4, α = 0.632121/(1 − 0.367879 · 0.5) = 0.774601
        (0.9, 0.7, 0.225399 * 0.9 + 0.774601 * 0.7),
        # worse than chance outside: R = 1, α = 1, the estimate is chance
        (0.9, 0.4, 0.5),
        # better outside than inside: R = 0
        (0.9, 0.95, 0.367879 * 0.9 + 0.632121 * 0.95),
        (1.0, 1.0, 1.0),
        (0.5, 0.5, 0.5),
    ],
)
def test_632_plus_by_hand(apparent, outside, expected):
    assert auc_632_plus(np.array([apparent]), np.array([outside]))[0] == pytest.approx(expected, abs=2e-6)


def test_gain_equals_a_plain_loop():
    generator = np.random.default_rng(0)
    target = np.repeat([0, 1], 12)
    base = generator.normal(size=(24, 3))
    values = np.column_stack([base, base + 0.3 * generator.normal(size=(24, 3)), base[:, 0] + target])
    drawn = balanced_bootstraps(target, samples=6, generator=generator)
    samples = [np.repeat(np.arange(24), counts.astype(int)) for counts in drawn]

    def correlation(a, b):
        return [spearmanr(a[rows], b[rows]).statistic for rows in samples]

    chosen, gains = [], []
    for _ in range(5):
        best = (-np.inf, -1)
        for j in range(7):
            if j in chosen:
                continue
            gain = 0.5 * abs(np.mean(correlation(values[:, j], target)))
            f = len(chosen)
            for k, c in enumerate(chosen, 1):
                new = 1 - np.mean(np.abs(correlation(values[:, c], values[:, j])))
                gain += 0.5 * 2 * (f - k + 1) / (f * (f + 1)) * new
            best = max(best, (gain, j))
        gains.append(best[0])
        chosen.append(best[1])
    found = reduce_by_gain(values, target, drawn, features=5, relevance=0.5, novelty=0.5)
    assert [column for column, _ in found] == chosen
    assert [gain for _, gain in found] == pytest.approx(gains)


def test_a_copy_of_the_first_feature_waits_unless_novelty_is_off():
    target = np.repeat([0, 1], 10)
    generator = np.random.default_rng(0)
    strong = target + 0.1 * generator.normal(size=20)
    values = np.column_stack([strong, strong, generator.normal(size=(20, 3))])
    order = {
        novelty: [
            c for c, _ in reduce_by_gain(values, target, np.ones((1, 20)), features=5, relevance=0.5, novelty=novelty)
        ]
        for novelty in (0.0, 0.5)
    }
    assert order[0.0][:2] == [0, 1]
    assert order[0.5][0] == 0
    assert order[0.5][1] != 1


def reference_criterion(values, target, drawn, columns):
    model = LogisticRegression(C=1 / NEWTON["ridge"], solver="newton-cholesky", tol=1e-10, max_iter=200)
    part = values[:, columns]
    apparent = roc_auc_score(target, model.fit(part, target).decision_function(part))
    total = 0.0
    for counts in drawn:
        out = counts == 0
        model.fit(part, target, sample_weight=counts)
        outside = roc_auc_score(target[out], model.decision_function(part[out]))
        total += auc_632_plus(np.array([apparent]), np.array([outside]))[0]
    return total / len(drawn)


def test_forward_selection_equals_a_plain_loop():
    generator = np.random.default_rng(3)
    target = np.repeat([0, 1], 13)
    values = generator.normal(size=(26, 5)) + 0.5 * np.outer(target, [1, 0, 0.5, 0, 1])
    drawn = balanced_bootstraps(target, samples=5, generator=generator)
    best = {}
    for start in range(2):
        path = [start]
        for order in range(1, 4):
            if order > 1:
                left = [c for c in range(5) if c not in path]
                path.append(max(left, key=lambda c: reference_criterion(values, target, drawn, [*path, c])))
            value = reference_criterion(values, target, drawn, path)
            if value > best.get(order, ((), -1.0))[1] + 1e-12:
                best[order] = (tuple(path), value)
    found = forward_selection(values, target, drawn, order=3, starts=2, **NEWTON)
    assert [step.features for step in found] == [best[order][0] for order in (1, 2, 3)]
    assert [step.criterion for step in found] == pytest.approx([best[order][1] for order in (1, 2, 3)], abs=1e-9)


def test_a_pair_that_only_tells_together_is_found():
    # Neither column alone tells the classes apart; their difference does.
    generator = np.random.default_rng(0)
    target = np.repeat([0, 1], 20)
    shared = 3 * generator.normal(size=40)
    pair = np.column_stack([shared + target, shared - target]) + 0.2 * generator.normal(size=(40, 2))
    values = np.column_stack([generator.normal(size=(40, 4)), pair])
    drawn = balanced_bootstraps(target, samples=20, generator=generator)
    steps = forward_selection(values, target, drawn, order=2, starts=6, **NEWTON)
    assert sorted(steps[1].features) == [4, 5]
    assert steps[1].criterion > 0.95 > steps[0].criterion


def test_order_never_exceeds_the_columns():
    target = np.repeat([0, 1], 10)
    values = np.random.default_rng(0).normal(size=(20, 2))
    drawn = balanced_bootstraps(target, samples=3, generator=np.random.default_rng(0))
    assert [len(s.features) for s in forward_selection(values, target, drawn, order=10, starts=25, **NEWTON)] == [1, 2]
    few = reduce_by_gain(values, target, drawn, features=25, relevance=0.5, novelty=0.5)
    assert len(few) == 2
