"""What two runs were made with: configuration, versions, data and code, key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import sha256
from rerad.reporting.provenance import short
from rerad.reporting.runs.run import Run

COLUMNS = ["key", "a", "b", "change"]
FILES = ["cohort", "file", "a", "b", "change"]
NAMES = ("method", "topic", "cohort")  # what an entry of a list is called by
SAME, DIFFERS, ONLY_A, ONLY_B, PLACE = "same", "differs", "only in A", "only in B", "place"
PLACES = ("run", "paths.")  # keys that say where a run lies, and change nothing in it


def leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (key path, value) of every leaf; entries of a list by their method or topic, or else by their number.

    Lists of plain values are leaves. A list of entries yields their names as well, in their order.
    """
    if isinstance(value, Mapping) and value:
        for key in sorted(value, key=str):
            yield from leaves(value[key], f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        names = _names(value)
        yield prefix, names
        for name, item in zip(names, value, strict=True):
            yield from leaves(item, f"{prefix}[{name}]")
    else:
        yield prefix, value


def _names(items: Sequence[Mapping[str, Any]]) -> list[str]:
    for key in NAMES:
        names = [str(item.get(key, "")) for item in items]
        if all(names) and len(set(names)) == len(names):
            return names
    return [str(number) for number in range(1, len(items) + 1)]


def change_of(key: Any, one: Mapping[Any, Any], two: Mapping[Any, Any]) -> str:
    """Return how what two mappings have under a key differs: same, differs, only in A, only in B."""
    if key not in two:
        return ONLY_A
    if key not in one:
        return ONLY_B
    return SAME if one[key] == two[key] else DIFFERS


def differences(a: Any, b: Any) -> pd.DataFrame:
    """Return every key of either (key, a, b, change)."""
    one, two = dict(leaves(a)), dict(leaves(b))
    rows = [
        {
            "key": key,
            "a": short(one[key]) if key in one else "",
            "b": short(two[key]) if key in two else "",
            "change": change_of(key, one, two),
        }
        for key in sorted({*one, *two})
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_config(a: Run, b: Run) -> pd.DataFrame:
    """Return the keys of the configuration (key, a, b, change); ``place`` where a run only lies elsewhere."""
    table = differences(a.config, b.config)
    moved = table["key"].str.startswith(PLACES) & (table["change"] == DIFFERS)
    return table.assign(change=table["change"].mask(moved, PLACE))


def compare_versions(a: Run, b: Run) -> pd.DataFrame:
    """Return the versions of code, Python, packages and lock, and the machines (key, a, b, change)."""
    one, two = ({key: part for key, part in run.provenance.items() if key not in ("config", "data")} for run in (a, b))
    return differences(one, two)


def compare_data(a: Run, b: Run) -> pd.DataFrame:
    """Return files, bytes, licences and checksum of every cohort's manifest (key, a, b, change)."""
    one, two = (
        {
            data["cohort"]: {key: part for key, part in data.items() if key != "cohort"}
            for data in run.provenance["data"]
        }
        for run in (a, b)
    )
    return differences(one, two)


def compare_files(a: Run, b: Run) -> pd.DataFrame:
    """Return the files of the cohorts whose checksum differs, where both manifests are still there.

    A manifest that is no longer the one that the run recorded tells nothing about it and is left out.
    """
    rows = []
    for cohort in sorted({*a.cohorts} & {*b.cohorts}):
        one, two = (_manifest(run, cohort) for run in (a, b))
        if one is None or two is None:
            continue
        changes = {name: change_of(name, one, two) for name in sorted({*one, *two})}
        rows += [
            {"cohort": cohort, "file": name, "a": one.get(name, ""), "b": two.get(name, ""), "change": change}
            for name, change in changes.items()
            if change != SAME
        ]
    return pd.DataFrame(rows, columns=FILES)


def _manifest(run: Run, cohort: str) -> dict[str, str] | None:
    """Return the checksum of every file of a cohort, or None if the manifest of the run is no longer there."""
    folder, results = run.folder.resolve(), Path(run.config["paths"]["results"])
    # A relative path of the configuration begins where the run was started.
    starts = [folder] if results.is_absolute() else [*folder.parents][len(results.parts) :][:1]
    for path in [start / run.config["paths"]["data"] / cohort / "manifest.csv" for start in starts]:
        if path.is_file() and sha256(path) == run.manifest(cohort):
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            return dict(zip(frame["file"], frame["sha256"], strict=True))
    return None


def compare_code(a: Run, b: Run) -> pd.DataFrame:
    """Return the digest of the code that trained every method (key: cohort and method, a, b, change)."""
    return differences(_digests(a), _digests(b))


def _digests(run: Run) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for path in sorted((run.folder / "trained").glob("*/*/seed*/*/cost.json")):
        try:
            code = dict(json.loads(path.read_text(encoding="utf-8"))).get("code")
        except (ValueError, TypeError) as error:
            remedy = "Train the method again"
            raise ReradError(f"is no JSON object ({error})", where=str(path), remedy=remedy) from error
        if code:
            found.setdefault("/".join(path.parts[-5:-3]), set()).add(str(code))
    return {key: ", ".join(sorted(codes)) for key, codes in found.items()}
