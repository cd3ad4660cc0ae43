import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rerad.core.errors import ReradError
from rerad.metrics.points import point_metrics, weighted_metrics


def confusion(tp, fn, tn, fp):
    target = np.repeat([1, 1, 0, 0], [tp, fn, tn, fp])
    return target, np.repeat([1.0, 0.0, 0.0, 1.0], [tp, fn, tn, fp])


@pytest.mark.parametrize(
    ("cells", "printed"),
    [
        # 24 + 24 patients: HC+RF, 3DMCL and CHMFL of CHMFL Table I, which fit these integer confusion matrices.
        ((19, 5, 17, 7), (0.750, 0.792, 0.708, 0.731, 0.760)),
        ((22, 2, 19, 5), (0.854, 0.917, 0.792, 0.815, 0.863)),
        ((21, 3, 20, 4), (0.854, 0.875, 0.833, 0.840, 0.857)),
    ],
)
def test_published_rows_follow_from_their_confusion_matrix(cells, printed):
    found = point_metrics(*confusion(*cells))
    assert [round(found[name], 3) for name in ("acc", "sen", "spe", "pre", "f1")] == list(printed)
    # An AUC of labels is the balanced accuracy.
    assert found["auc"] == pytest.approx((found["sen"] + found["spe"]) / 2)


def test_auc_equals_scikit_learn_with_ties():
    generator = np.random.default_rng(0)
    for _ in range(20):
        target = np.append(generator.integers(0, 2, 30), [0, 1])
        score = generator.integers(0, 6, 32) / 6
        assert point_metrics(target, score)["auc"] == pytest.approx(roc_auc_score(target, score), abs=1e-12)


def test_weights_count_like_repeated_cases():
    generator = np.random.default_rng(1)
    target, score = generator.integers(0, 2, 20), generator.random(20).round(1)
    weights = generator.multinomial(20, np.full(20, 1 / 20), size=5)
    found = weighted_metrics(target, score, weights.astype(float), threshold=0.5)
    for row, counts in enumerate(weights):
        repeated = point_metrics(np.repeat(target, counts), np.repeat(score, counts))
        for name, value in repeated.items():
            assert found[name][row] == pytest.approx(value, nan_ok=True)


def test_the_threshold_itself_is_a_positive_call():
    assert point_metrics([1, 0], [0.5, 0.4999])["acc"] == 1.0


def test_a_zero_denominator_is_nan():
    never = point_metrics([1, 0, 0], [0.1, 0.2, 0.3])
    assert np.isnan(never["pre"])
    assert never["f1"] == 0.0
    one_class = point_metrics([0, 0], [0.1, 0.9])
    assert np.isnan([one_class["sen"], one_class["auc"]]).all()
    assert one_class["spe"] == 0.5


@pytest.mark.parametrize(
    ("target", "score", "said"),
    [
        ([0, 2], [0.1, 0.2], "target 2"),
        ([0, 1], [0.1, np.nan], "score nan of case number 1"),
        ([0, 1], [0.1], "no pairs"),
        ([], [], "no pairs"),
    ],
)
def test_what_has_no_metric_is_refused(target, score, said):
    with pytest.raises(ReradError, match=said):
        point_metrics(target, score)
