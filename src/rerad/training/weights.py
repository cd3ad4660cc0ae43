"""Where pretrained weights come from: an address with its checksum, a local file, or a phantom made here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from rerad.cohorts.sources import source
from rerad.core.errors import ConfigError
from rerad.core.seeds import derive
from rerad.models import model as model_of

LAYOUT = ("depth", "width")  # settings of a network that decide what published weights look like


def weights_name(entry: Mapping[str, Any]) -> str | None:
    """Return the name, without its suffix, of the file that a method's pretrained weights are fetched to.

    Two methods with the same weights share it. None where nothing is fetched: no weights, or a local file.
    """
    weights = entry["recipe"].get("weights")
    if weights == "phantom":
        network = entry["network"]
        return "_".join(["phantom", entry["model"], *(f"{key}{network[key]}" for key in LAYOUT if key in network)])
    if isinstance(weights, Mapping) and "url" in weights:
        return f"{PurePosixPath(urlsplit(weights['url']).path).stem}_{weights['sha256'][:8]}"
    return None


def fetch_weights(target: Path, *, entry: Mapping[str, Any], seed: int) -> None:
    """Write the pretrained weights of a method's entry to ``target``.

    ``recipe.weights`` is ``{url, sha256}``, downloaded and checked, or ``phantom``: random weights in the layout of
    the published ones, for runs that must not depend on them.

    Raises:
        ConfigError: nothing to fetch, or the network knows no phantom.
        ReradError: the download.
    """
    weights = entry["recipe"].get("weights")
    if isinstance(weights, Mapping) and "url" in weights:
        file = {"file": target.name, "url": weights["url"], "checksum": f"sha256:{weights['sha256']}"}
        source("url").fetch(target.parent, {"files": [file]})
        return
    module = model_of(entry["model"])
    if weights != "phantom" or not hasattr(module, "write_weights"):
        raise ConfigError(
            f"{weights!r} cannot be fetched for {entry['model']}",
            where="recipe.weights",
            remedy="Write {url: …, sha256: …}, or phantom where the network's module has write_weights",
        )
    module.write_weights(target, dict(entry["network"]), derive(seed, "weights", entry["model"]))
