import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.models.preparing import fill, learn, standardise

TRAIN = pd.DataFrame(
    {
        "gap": [1.0, np.nan, 3.0, 8.0],
        "same": [2.0] * 4,
        "empty": [np.nan] * 4,
        "infinite": [0.0, np.inf, 4.0, 8.0],
        "rounding": 0.1 + np.array([0.0, 1e-17, 0.0, 2e-17]),
        "once": [np.nan, np.nan, np.nan, 5.0],
    }
)


def test_gaps_take_the_training_median_and_constant_columns_go():
    learned = learn(TRAIN)
    assert learned.columns == ["gap", "infinite"]
    assert fill(TRAIN, learned).tolist() == [[1, 0], [3, 4], [3, 4], [8, 8]]
    scaled = standardise(TRAIN, learned)
    assert scaled.mean(axis=0) == pytest.approx([0, 0])
    assert scaled.std(axis=0) == pytest.approx([1, 1])


def test_a_test_case_is_filled_and_scaled_by_the_training_fold():
    learned = learn(TRAIN)
    case = pd.DataFrame([{name: np.nan for name in TRAIN}])
    assert fill(case, learned).tolist() == [[3, 4]]
    far = case.assign(gap=1e6)
    assert standardise(far, learned)[0, 0] == pytest.approx((1e6 - 3.75) / np.std([1, 3, 3, 8]))


def test_nothing_that_varies_is_an_error():
    with pytest.raises(ReradError, match="none of 3 features varies"):
        learn(TRAIN[["same", "empty", "once"]])
