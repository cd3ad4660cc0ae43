"""The cases of α and of the weights where classes are small or nobody knows them."""

from __future__ import annotations

import pytest

from rerad.core.errors import ReradError
from rerad.search.halves import halves


def test_without_classes_alpha_has_its_share_of_all() -> None:
    weights, alphas = halves(range(10), [""] * 10, 0.2, 0)
    assert (len(weights), len(alphas)) == (8, 2)
    assert sorted(weights + alphas) == list(range(10))


def test_the_only_case_of_a_class_teaches_the_weights() -> None:
    assert halves([4, 7, 9], ["HGG", "LGG", "HGG"], 0.2, 0)[1] in ([4], [9])


def test_too_few_cases_are_told() -> None:
    with pytest.raises(ReradError, match="1 training cases are too few to search"):
        halves([4], [""], 0.2, 0)
