import numpy as np
import pytest

from rerad.core.errors import ConfigError
from rerad.models.evidential import combine, fuse_scores

ALL = {"weights": [1.0, 1.0], "reliabilities": [1.0, 1.0]}


def test_half_weights_by_hand():
    # 0.8 twice at weight 0.5: (0.4 + 0.5)² − 0.5² = 0.56 and (0.1 + 0.5)² − 0.5² = 0.11, over 0.56 + 0.11.
    found = combine([[[0.2, 0.8]], [[0.2, 0.8]]], weights=[0.5, 0.5], reliabilities=[0.5, 0.5])
    assert found == pytest.approx(np.array([[11 / 67, 56 / 67]]))


def test_full_weight_and_reliability_is_dempsters_rule():
    # 0.8 · 0.6 against 0.2 · 0.4.
    assert fuse_scores([[0.8], [0.6]], **ALL) == pytest.approx([0.48 / 0.56])


def test_weight_and_reliability_become_one_share_by_hand():
    # w / (1 + w − r): 0.6 / (1 + 0.6 − 0.4) = 0.5 and 0.9 / (1 + 0.9 − 0.4) = 0.6.
    found = combine([[[0.3, 0.7]], [[0.6, 0.4]]], weights=[0.6, 0.9], reliabilities=[0.4, 0.4])
    # Masses 0.15, 0.35, open 0.5 and 0.36, 0.24, open 0.4: pairs of the same class or of a class with an open one.
    negative = 0.15 * 0.36 + 0.15 * 0.4 + 0.5 * 0.36
    positive = 0.35 * 0.24 + 0.35 * 0.4 + 0.5 * 0.24
    assert found == pytest.approx(np.array([[negative, positive]]) / (negative + positive))


def test_ignorance_by_hand():
    # 0.6 for the positive class and 0.4 open, twice: positive 0.6² + 2 · 0.6 · 0.4 = 0.84, open 0.16.
    assert combine([[[0.0, 0.6]], [[0.0, 0.6]]], **ALL) == pytest.approx(np.array([[0.0, 0.84]]))
    # Against 0.5 for the negative: conflict 0.3, of the rest 0.7 positive 0.3, negative 0.2, open 0.2.
    assert combine([[[0.0, 0.6]], [[0.5, 0.0]]], **ALL) == pytest.approx(np.array([[2 / 7, 3 / 7]]))


def test_identical_evidence_reinforces_on_either_side_of_one_half():
    scores = np.linspace(0.05, 0.95, 19)
    for share in (0.2, 0.5, 1.0):
        fused = fuse_scores([scores, scores], weights=[share] * 2, reliabilities=[share] * 2)
        assert (fused[scores > 0.501] > scores[scores > 0.501]).all()
        assert (fused[scores < 0.499] < scores[scores < 0.499]).all()
        assert fused[9] == pytest.approx(0.5)
        assert (np.diff(fused) > 0).all()


def test_evidence_without_weight_or_without_belief_changes_nothing():
    scores = np.array([0.1, 0.5, 0.9])
    assert fuse_scores([scores, [0.9, 0.1, 0.2]], weights=[0.7, 0.0], reliabilities=[0.3, 1.0]) == pytest.approx(scores)
    known = np.stack([1 - scores, scores], axis=1)
    assert combine([known, np.zeros((3, 2))], **ALL) == pytest.approx(known)


def test_one_source_keeps_its_belief():
    assert fuse_scores([[0.3, 0.8]], weights=[0.4], reliabilities=[0.9]) == pytest.approx([0.3, 0.8])


def test_the_order_of_sources_and_of_classes_does_not_matter():
    generator = np.random.default_rng(0)
    beliefs = generator.dirichlet(np.ones(4), size=(3, 10))[:, :, :3]
    weights, reliabilities = np.array([0.3, 0.8, 1.0]), np.array([0.5, 0.9, 0.7])
    found = combine(beliefs, weights=weights, reliabilities=reliabilities)
    turned = combine(beliefs[::-1], weights=weights[::-1], reliabilities=reliabilities[::-1])
    assert turned == pytest.approx(found)
    assert combine(beliefs[:, :, ::-1], weights=weights, reliabilities=reliabilities)[:, ::-1] == pytest.approx(found)
    assert (found >= 0).all()
    assert (found.sum(axis=1) <= 1 + 1e-12).all()


def test_the_analytic_form_agrees_with_the_recursive_rule():
    generator = np.random.default_rng(1)
    beliefs = generator.dirichlet(np.ones(3), size=(4, 20))[:, :, :2]
    weights, reliabilities = generator.random(4), generator.random(4)
    shares = weights / (1 + weights - reliabilities)
    expected = np.empty((20, 2))
    for case in range(20):
        # Masses of the classes, of ignorance stated, and of what the weight leaves unassigned.
        m = np.zeros(2)
        stated, left = 0.0, 1.0
        for belief, share in zip(beliefs[:, case], shares, strict=True):
            own, own_stated, own_left = share * belief, share * (1 - belief.sum()), 1 - share
            joined = m * own + m * (own_stated + own_left) + (stated + left) * own
            new_left = left * own_left
            new_stated = (stated + left) * (own_stated + own_left) - new_left
            total = joined.sum() + new_stated + new_left
            m, stated, left = joined / total, new_stated / total, new_left / total
        expected[case] = m / (1 - left)
    assert combine(beliefs, weights=weights, reliabilities=reliabilities) == pytest.approx(expected)


def test_a_stronger_source_pulls_further():
    light, heavy = (fuse_scores([[0.3], [0.9]], weights=[0.5, w], reliabilities=[0.5, w])[0] for w in (0.2, 0.9))
    assert 0.3 < light < heavy


def test_total_contradiction_is_ignorance():
    assert fuse_scores([[1.0], [0.0]], **ALL) == pytest.approx([0.5])
    assert fuse_scores([[0.9], [0.8]], weights=[0.0, 0.0], reliabilities=[1.0, 1.0]) == pytest.approx([0.5])


@pytest.mark.parametrize("wrong", [[0.5], [0.5, 1.2], [-0.1, 0.5], [0.5, float("nan")]])
def test_numbers_that_are_no_shares_are_refused(wrong):
    with pytest.raises(ConfigError, match="for 2 sources"):
        fuse_scores([[0.5], [0.5]], weights=wrong, reliabilities=[1.0, 1.0])
    with pytest.raises(ConfigError, match="reliabilities"):
        fuse_scores([[0.5], [0.5]], weights=[1.0, 1.0], reliabilities=wrong)
