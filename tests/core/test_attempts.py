"""A job that is tried again asks for more."""

from __future__ import annotations

from rerad.core.attempts import growing


def test_the_first_attempt_asks_for_what_the_rule_says_and_each_further_one_for_twice_as_much() -> None:
    assert [growing(1500)(None, 1, attempt) for attempt in (1, 2, 3)] == [1500, 3000, 6000]


def test_a_function_sees_wildcards_and_threads() -> None:
    memory = growing(lambda wildcards, threads: len(wildcards) + 100 * threads)
    assert [memory("sts", 8, attempt) for attempt in (1, 2)] == [803, 1606]
