"""Where a run's numbers come from: code, versions, data, configuration."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rerad.core.files import sha256, write_json, write_text
from rerad.core.versions import version_of

# What computes the numbers and pictures; everything else is in the lock.
PACKAGES = (
    "rerad", "numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "SimpleITK", "pyradiomics", "matplotlib",
    "snakemake", "torch", "monai",
)  # fmt: skip
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same text, many times as fast


def collect(*, manifests: Sequence[Path], config: Mapping[str, Any], lock: Path, root: Path) -> dict[str, Any]:
    """Return what is needed to say which code, versions, data and settings made a run.

    ``manifests`` are the cohorts' manifest.csv (file, size, sha256, url, licence, doi), ``lock`` the pinned
    requirements, ``root`` the folder of the code. Works without git and outside a repository.
    """
    return {
        "code": _git(root),
        "python": {"version": platform.python_version(), "implementation": platform.python_implementation()},
        "platform": {"system": platform.platform(), "machine": platform.machine(), "cores": os.cpu_count()},
        "packages": {name: version for name in PACKAGES if (version := version_of(name))},
        "lock": {"file": lock.name, "sha256": sha256(lock), "differs": _differences(lock)} if lock.is_file() else None,
        "data": [_data(Path(path)) for path in manifests],
        "config": dict(config),
    }


def write(
    *,
    record: Mapping[str, Any],
    difference: Sequence[tuple[str, Any, Any]],
    provenance: Path,
    config_file: Path,
) -> None:
    """Write ``provenance.json`` and the effective configuration with, on top, how it differs from the paper run's.

    ``difference`` holds (key, value in the paper run, value here).
    """
    write_json(provenance, record)
    lines = ["# The effective configuration of this run."]
    lines.append("# It differs from the paper run in:" if difference else "# It is that of the paper run.")
    lines.extend(f"#   {key}: {_told(there)} (paper run: {_told(paper)})" for key, paper, there in difference)
    write_text(config_file, "\n".join(lines) + "\n" + config_text(record["config"]))


def config_text(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML with sorted keys."""
    return str(yaml.dump_all([_plain(config)], Dumper=DUMPER, sort_keys=True, allow_unicode=True, width=110))


def short(value: Any) -> str:
    """Return a value of a configuration on one line, as YAML."""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, width=10**6, allow_unicode=True)
    return " ".join(text.replace("\n...", "").split())


def _told(value: Any) -> str:
    return "not set" if value is None else short(value)


def _plain(value: Any) -> Any:
    """Turn paths, tuples and mappings of other kinds into what YAML knows, without anchors for shared parts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _git(root: Path) -> dict[str, Any]:
    nothing: dict[str, Any] = {"commit": None, "dirty": None}
    top = _ask(root, "rev-parse", "--show-toplevel")
    # An unpacked copy inside somebody's own repository is not described by that repository's commit.
    if top is None or Path(top).resolve() != root.resolve():
        return nothing
    status = _ask(root, "status", "--porcelain")
    return {
        "commit": _ask(root, "rev-parse", "--verify", "--quiet", "HEAD"),
        "dirty": None if status is None else bool(status),
    }


def _ask(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _differences(lock: Path) -> dict[str, dict[str, str]]:
    """Return the key packages whose installed version is not the locked one."""
    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    locked = {_normal(name): version for name, version in pins.items()}
    found = {}
    for name in PACKAGES:
        wanted, here = locked.get(_normal(name)), version_of(name)
        # A build tag such as +cpu says where a wheel comes from, not which version it is.
        if wanted and here and wanted.partition("+")[0] != here.partition("+")[0]:
            found[name] = {"locked": wanted, "installed": here}
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _data(manifest: Path) -> dict[str, Any]:
    frame = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    distinct = {name: sorted({value for value in frame[name] if value}) for name in ("licence", "doi")}
    return {
        "cohort": manifest.parent.name,
        "files": len(frame),
        "bytes": int(frame["size"].astype(int).sum()) if len(frame) else 0,
        "manifest_sha256": sha256(manifest),
        **distinct,
    }
