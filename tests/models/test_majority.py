import numpy as np
import pandas as pd

from rerad.models import majority


def test_majority_scores_the_share_of_positives():
    fitted = majority.fit(pd.DataFrame(index=range(5)), np.array([0, 0, 0, 1, 1]), chosen={}, recipe={}, seed=0)
    assert fitted.score(pd.DataFrame(index=range(2))).tolist() == [0.4, 0.4]
