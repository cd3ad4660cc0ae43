"""The universes of a study are every combination of its answers, and what cannot be is refused by name."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rerad.core.errors import ConfigError
from rerad.studies import Plan, load
from rerad.studies.merge import merge
from rerad.studies.multiverse import expand_universes

ENTRY: dict[str, Any] = {
    "metric": "acc",
    "questions": [
        {
            "question": "Features",
            "options": [{"label": 25}, {"label": 10, "method": {"search": {"features": 10}}, "describe": {"bins": 64}}],
        },
        {"question": "Mean", "options": [{"label": "patients"}, {"label": "folds", "read": {"scope": "fold"}}]},
    ],
}


def test_every_combination_is_a_universe_and_the_first_is_the_runs_own() -> None:
    settings, describe = {"search": {"features": 25, "order": 3}}, {"bins": None}
    kept = copy.deepcopy(settings)
    own, folds, few, both = expand_universes(ENTRY, settings, describe)
    assert own["answers"] == {"Features": "25", "Mean": "patients"}
    assert (own["settings"], own["describe"], own["read"]) == (kept, {"bins": None}, {"metric": "acc"})
    assert folds == {**own, "answers": {**own["answers"], "Mean": "folds"}, "read": {"metric": "acc", "scope": "fold"}}
    assert few["settings"] == both["settings"] == {"search": {"features": 10, "order": 3}}
    assert few["describe"] == {"bins": 64}
    assert both["read"] == folds["read"]
    assert settings == kept


@pytest.fixture(scope="module")
def config(root: Path) -> dict[str, Any]:
    base = yaml.safe_load((root / "config" / "config.yaml").read_text())
    others = {name: {"enabled": False} for name in ("mmnas", "nas3dunet", "radsynth")}
    return merge(base, {"studies": others})


@pytest.fixture(scope="module")
def plan(root: Path) -> Plan:
    base = yaml.safe_load((root / "config" / "config.yaml").read_text())
    return load(merge(base, yaml.safe_load((root / "config" / "demo.yaml").read_text())), root=root)


def test_cheap_methods_have_a_multiverse_whose_first_universe_is_the_run(plan: Plan) -> None:
    found = {(name, key): entry for name in plan.studies for key, entry in plan.multiverse(name).items()}
    assert {name for name, _ in found} == {"chmfl", "radiogenomics", "radsynth"}
    for (name, key), entry in found.items():
        assert entry["universes"][0]["settings"] == plan.studies[name]["methods"][entry["method"]], key
        assert len({tuple(universe["answers"].values()) for universe in entry["universes"]}) == len(entry["universes"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"method": "hc_fr"}, "defines no method 'hc_fr'"),
        ({"published": {"table": "table9"}}, "'table9' is no table with published values"),
        (
            {"questions": [{"question": "Trees", "options": [{"label": 1, "read": {"scope": "fold"}}, {"label": 2}]}]},
            "Trees: the first answer changes something",
        ),
        (
            {"questions": [{"question": "Trees", "options": [{"label": 1}, {"label": "1"}]}]},
            "Trees: an answer stands there twice",
        ),
        (
            {
                "questions": [
                    {"question": "Trees", "options": [{"label": 1}, {"label": 2, "method": {"recipe": {"tree": 2}}}]}
                ]
            },
            r"Trees, 2: methods\.hc_rf\.recipe\.tree: unknown key\. Did you mean 'trees'",
        ),
    ],
)
def test_what_cannot_be_is_refused(root: Path, config: dict[str, Any], change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(merge(config, {"studies": {"chmfl": {"multiverse": {"hc_rf": change}}}}), root=root)
