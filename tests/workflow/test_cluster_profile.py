"""The profile for clusters fits the rules, the profile that is loaded with it, and its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def profile(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "profiles" / "slurm" / "config.yaml").read_text())


@pytest.fixture(scope="module")
def rules(root: Path) -> dict[str, str]:
    """Return the text of every rule by its name."""
    texts = [path.read_text() for path in sorted((root / "workflow" / "rules").glob("*.smk"))]
    found = {}
    for text in texts:
        found |= {part.partition(":")[0]: part for part in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]}
    assert {"acquire", "train", "report"} <= set(found)
    return found


def test_every_job_of_a_cluster_says_how_long_it_takes_and_grows_with_each_attempt(rules: dict[str, str]) -> None:
    for name, text in rules.items():
        if "localrule: True" not in text:
            assert re.search(r"^        mem_mb=growing\(", text, flags=re.MULTILINE), name
            assert re.search(r"^        runtime=", text, flags=re.MULTILINE), name


def test_what_needs_the_internet_stays_on_the_login_node(rules: dict[str, str]) -> None:
    assert {name for name, text in rules.items() if "localrule: True" in text} == {"acquire", "fetch_weights"}


def test_groups_are_of_rules_and_components_of_groups(profile: dict[str, Any], rules: dict[str, str]) -> None:
    groups = profile["groups"]
    assert set(groups) <= set(rules)
    assert set(profile["group-components"]) <= set(groups.values())
    for name, group in groups.items():
        for wildcard in re.findall(r"{(\w+)}", group):
            assert f"{{{{{wildcard}}}}}" in rules[name] or "COHORT" in rules[name] or "TRAINED" in rules[name], name
        assert "gpu=" not in rules[name]


def test_the_profile_that_is_loaded_as_well_overrides_nothing(root: Path, profile: dict[str, Any]) -> None:
    default = yaml.safe_load((root / "profiles" / "default" / "config.yaml").read_text())
    assert not set(default) & set(profile)


def test_the_page_names_every_rule_and_every_key(root: Path, profile: dict[str, Any], rules: dict[str, str]) -> None:
    page = (root / "docs" / "cluster.md").read_text()
    for name in (*rules, *(key for key in profile if key != "executor")):
        assert re.search(rf"\b{name}\b", page), name
