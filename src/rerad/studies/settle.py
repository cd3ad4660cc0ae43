"""Settings of a method that follow from others: groups of channels from the width, weights from the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SHARE = re.compile(r"group:(\d+)/(\d+)")


def settle(study: Mapping[str, Any], own: Mapping[str, Any], *, pretrained: str) -> dict[str, Any]:
    """Return a study whose methods say what they leave to other settings.

    ``study`` is expanded and checked, ``own`` the same study without any overlay. The normalisation ``group:4/16``
    becomes the groups of 4 channels that a network of width 16 has, and of fewer in a narrower one. With
    ``pretrained`` phantom, weights that the study itself names are made here; those that an overlay names stay.
    """
    methods = {}
    for name, method in study["methods"].items():
        named = own["methods"].get(name, {}).get("recipe", {}).get("weights")
        methods[name] = _with_weights(_with_groups(method), named, pretrained)
    return {**study, "methods": methods}


def _with_groups(method: dict[str, Any]) -> dict[str, Any]:
    network = method.get("network", {})
    share = SHARE.fullmatch(str(network.get("norm")))
    if share is None:
        return method
    channels, width = map(int, share.groups())
    return {**method, "network": {**network, "norm": f"group:{max(1, channels * network['width'] // width)}"}}


def _with_weights(method: dict[str, Any], named: Any, pretrained: str) -> dict[str, Any]:
    weights = method["recipe"].get("weights")
    if not isinstance(weights, Mapping):
        return method
    if "path" in weights:  # an overlay's, laid over the address in the study
        weights = {"path": weights["path"]}
    elif pretrained == "phantom" and weights == named:
        weights = "phantom"
    return {**method, "recipe": {**method["recipe"], "weights": weights}}
