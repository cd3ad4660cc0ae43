"""What methods leave to other settings: as the paper has it in the paper run, and by itself in smaller ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rerad.core.errors import ConfigError
from rerad.studies import Plan, load
from rerad.studies.merge import merge
from rerad.studies.settle import settle

PRETRAINED = [f"{prefix}resnet{depth}_pretrained" for prefix in ("", "chmfl_") for depth in (18, 34, 50)]
ELSEWHERE = {"url": "https://example.org/mine.pth", "sha256": "ab" * 32}


def planned(root: Path, *overlays: dict[str, Any]) -> Plan:
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    for overlay in overlays:
        config = merge(config, overlay)
    return load(config, root=root)


def weights_of(plan: Plan, method: str) -> Any:
    return plan.studies["chmfl"]["methods"][method]["recipe"]["weights"]


def norms(plan: Plan) -> list[str]:
    return [plan.studies["chmfl"]["methods"][f"chmfl_gn{n}"]["network"]["norm"] for n in (4, 8, 16)]


def with_weights(method: str, weights: Any) -> dict[str, Any]:
    return {"studies": {"chmfl": {"methods": {method: {"recipe": {"weights": weights}}}}}}


@pytest.mark.parametrize(
    ("norm", "width", "settled"),
    [
        ("group:4/16", 16, "group:4"),
        ("group:16/16", 16, "group:16"),
        ("group:4/16", 64, "group:16"),
        ("group:8/16", 4, "group:2"),
        ("group:4/16", 2, "group:1"),  # half a channel
        ("group:4", 4, "group:4"),
        ("groups:2", 4, "groups:2"),
        ("batch", 4, "batch"),
    ],
)
def test_groups_follow_the_width_where_they_are_a_share_of_it(norm: str, width: int, settled: str) -> None:
    study = {"methods": {"a": {"network": {"norm": norm, "width": width}, "recipe": {}}, "b": {"recipe": {}}}}
    found = settle(study, study, pretrained="published")["methods"]
    assert found == {"a": {"network": {"norm": settled, "width": width}, "recipe": {}}, "b": {"recipe": {}}}
    assert study["methods"]["a"]["network"]["norm"] == norm


def test_the_paper_run_has_the_papers_groups_and_published_weights(root: Path) -> None:
    plan = planned(root)
    assert norms(plan) == ["group:4", "group:8", "group:16"]
    for method in PRETRAINED:
        depth = plan.studies["chmfl"]["methods"][method]["network"]["depth"]
        assert weights_of(plan, method)["url"].startswith(f"https://download.pytorch.org/models/resnet{depth}-")
    assert plan.difference() == []


def test_a_narrow_network_on_a_phantom_needs_no_more_said(root: Path) -> None:
    narrow = {"studies": {"chmfl": {"bases": {"volumes": {"network": {"width": 4}}}}}}
    plan = planned(root, narrow, {"pretrained": "phantom"})
    assert norms(plan) == ["group:1", "group:2", "group:4"]
    assert [weights_of(plan, method) for method in PRETRAINED] == ["phantom"] * 6
    told = {key: (here, there) for key, here, there in plan.difference()}
    assert told["studies.chmfl.methods.chmfl_gn8.network.norm"] == ("group:8", "group:2")
    assert told["studies.chmfl.methods.resnet18_pretrained.recipe.weights"][1] == "phantom"


@pytest.mark.parametrize("pretrained", ["published", "phantom"])
def test_weights_that_an_overlay_names_are_taken_whatever_the_run_says(root: Path, pretrained: str) -> None:
    run = {"pretrained": pretrained}
    for weights in ({"path": "mine.pth"}, ELSEWHERE, None, "phantom"):
        plan = planned(root, run, with_weights("resnet18_pretrained", weights))
        assert weights_of(plan, "resnet18_pretrained") == weights
        assert (weights_of(plan, "resnet34_pretrained") == "phantom") == (pretrained == "phantom")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"url": "https://example.org/mine.pth", "sha256": None}, "weights"),
        ({"paht": "mine.pth"}, "paht"),
        ("imagenet", "weights: 'imagenet' does not do"),
    ],
)
def test_weights_that_are_none_are_named(root: Path, weights: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        planned(root, with_weights("resnet18_pretrained", weights))
    with pytest.raises(ConfigError, match=r"pretrained: 'none' does not do\. Write one of: published, phantom"):
        planned(root, {"pretrained": "none"})
