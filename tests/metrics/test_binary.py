import doctest
import subprocess
import sys

import numpy as np
import pytest

import rerad.metrics
from rerad.metrics import binary

TARGET = np.repeat([1, 0], 24)
SCORE = np.repeat([0.9, 0.2, 0.3, 0.8], [19, 5, 17, 7])


def test_the_public_function_gives_values_and_both_intervals():
    found = rerad.metrics.classification(TARGET, SCORE)
    assert found["acc"]["value"] == 0.75
    assert (found["acc"]["wilson_low"], found["acc"]["wilson_high"]) == pytest.approx((0.612157, 0.850793), abs=2e-6)
    # Precision counts the 26 called positive, not the patients: Wilson of 19 in 26.
    assert (found["pre"]["wilson_low"], found["pre"]["wilson_high"]) == pytest.approx((0.5392, 0.8630), abs=1e-3)
    assert np.isnan([found["auc"]["wilson_low"], found["f1"]["wilson_high"], found["acc"]["sd"]]).all()
    for one in found.values():
        assert one["low"] < one["value"] < one["high"]
        assert one["n"] == 48


def test_several_seeds_are_averaged():
    found = binary.classification(TARGET, np.stack([SCORE, np.where(TARGET == 1, 0.9, 0.1)]), bootstraps=50)
    assert found["acc"]["value"] == pytest.approx((0.75 + 1.0) / 2)
    assert found["acc"]["sd"] == pytest.approx(np.std([0.75, 1.0], ddof=1))


def test_same_seed_same_interval():
    first, again, other = (binary.classification(TARGET, SCORE, bootstraps=100, seed=s)["auc"] for s in (1, 1, 2))
    assert (first["low"], first["high"]) == (again["low"], again["high"])
    assert (first["low"], first["high"]) != (other["low"], other["high"])


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(binary).failed == 0
    assert doctest.testmod(binary).attempted > 0


def test_importing_the_package_is_light():
    code = "import sys, rerad.metrics; sys.exit('statsmodels' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
