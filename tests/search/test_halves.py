"""The cases of α and of the weights where classes are small or nobody knows them."""

from __future__ import annotations

import pytest

from rerad.search.halves import halves


def test_without_classes_alpha_has_its_share_of_all() -> None:
    weights, alphas = halves(range(10), [""] * 10, 0.2, 0)
    assert (len(weights), len(alphas)) == (8, 2)
    assert sorted(weights + alphas) == list(range(10))


def test_the_only_case_of_a_class_teaches_the_weights() -> None:
    assert halves([4, 7, 9], ["HGG", "LGG", "HGG"], 0.2, 0)[1] in ([4], [9])


def test_two_cases_of_two_classes_are_shared_out() -> None:
    weights, alphas = halves([4, 7], ["HGG", "LGG"], 0.2, 0)
    assert sorted(weights + alphas) == [4, 7]
    assert len(alphas) == 1


def test_a_single_case_teaches_both_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert halves([4], ["HGG"], 0.2, 0) == ([4], [4])
    assert "one training case: α learns from the case of the weights" in caplog.text
