"""A finished run, read back from its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.lock import at_work

RECORD = Path("provenance", "provenance.json")
KEYS = ("code", "config", "data", "packages", "platform", "python")
CONFIG = ("bootstraps", "cohorts", "jobs", "paths", "run", "seeds", "studies")
OURS = "compare"  # the folder beside the runs that holds what was compared


class Table(NamedTuple):
    """A table of a study: its entry in the configuration and its file."""

    study: str
    name: str
    entry: Mapping[str, Any]
    path: Path


@dataclass(frozen=True)
class Run:
    """A finished run: its ``name``, its ``folder``, and what its provenance says of it."""

    name: str
    folder: Path
    provenance: Mapping[str, Any]
    read: dict[Any, Any] = field(default_factory=dict, repr=False)  # what was read of it already

    @property
    def config(self) -> Mapping[str, Any]:
        """The effective configuration."""
        config: Mapping[str, Any] = self.provenance["config"]
        return config

    @property
    def phantoms(self) -> set[str]:
        """The cohorts that were made by this software."""
        return {name for name in self.cohorts if self.config["cohorts"][name]["source"] == "phantom"}

    @property
    def cohorts(self) -> list[str]:
        """The cohorts of the enabled studies."""
        return sorted({study["cohort"] for study in self.config["studies"].values()})

    @property
    def permuted(self) -> bool:
        """Whether the labels were permuted."""
        return self.config.get("permute_labels", False) is not False

    def manifest(self, cohort: str) -> str:
        """Return the checksum of a cohort's manifest, or an empty text."""
        return next((str(data["manifest_sha256"]) for data in self.provenance["data"] if data["cohort"] == cohort), "")

    def tables(self) -> Iterator[Table]:
        """Yield the tables of the enabled studies: whatever has a title, its layers and genotypes as well."""
        for study, settings in sorted(self.config["studies"].items()):
            for part in settings.values():
                for name, entry in (part if isinstance(part, Mapping) else {}).items():
                    if isinstance(entry, Mapping) and "title" in entry:
                        yield Table(study, name, entry, self.folder / study / "tables" / f"{name}.csv")

    def predictions(self, study: str, method: str, task: str) -> list[Path]:
        """Return the files of predictions of a trained method: all in one, or one a seed and chunk in older runs.

        None if one of them is missing.
        """
        settings = self.config["studies"][study]
        folder, name = self.folder / "trained" / settings["cohort"] / method, f"predictions_{task}.csv"
        if (folder / name).is_file():
            return [folder / name]
        folds = [f"fold{fold}" for fold in range(1, settings["folds"] + 1)]
        files = []
        for seed in (folder / f"seed{seed}" for seed in self.config["seeds"]):
            # Where folds are jobs, what trains within seconds is one job all the same.
            chunks = ["all"] if (seed / "all" / name).is_file() else folds
            files += [seed / chunk / name for chunk in chunks]
        return files if all(file.is_file() for file in files) else []

    def failures(self) -> list[str]:
        """Return what failed in the run, as its table of costs says."""
        path = self.folder / "costs.csv"
        if not path.is_file():
            return []
        costs = pd.read_csv(path, dtype=str, keep_default_na=False)
        failed = costs[costs["failed"] != ""]
        return [f"{row['method']}, seed {row['seed']}, {row['chunk']}" for row in failed.to_dict("records")]


def read_run(name: str, results: Path) -> Run:
    """Return a finished run, by its name in ``results`` or by its folder.

    Raises:
        ReradError: there is no such run, it is at work or was not finished, or its provenance is broken.
    """
    if not name:
        raise ReradError("two runs are needed", where="A or B", remedy="Name both: make compare A=demo B=paper")
    folder = results / name
    if not folder.is_dir():
        folder = Path(name)
    if not folder.is_dir():
        known = sorted(path.parents[1].name for path in results.glob(f"*/{RECORD}")) if results.is_dir() else []
        told = f"Finished runs there: {', '.join(known)}" if known else "Name a run in results/, or its folder"
        raise ReradError("there is no such run", where=str(results / name), remedy=told)
    if holder := at_work(folder):
        raise ReradError(f"a run is at work here ({holder})", where=str(folder), remedy="Wait for it to end")
    run = Run(folder.resolve().name, folder, _provenance(folder / RECORD))
    for table in run.tables():
        if not table.path.is_file():
            told = f"the table {table.name} of {table.study} is missing: the run was not finished"
            raise ReradError(told, where=str(table.path), remedy="Run it again, to its end")
    return run


def _provenance(path: Path) -> dict[str, Any]:
    if not path.is_file():
        told = "is missing: the run was not finished, or is none"
        raise ReradError(told, where=str(path), remedy="Run it to its end: the report is written last")
    remedy = "Remove the run's report.html and run it again"
    try:
        record = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ReradError(f"is no JSON object ({error})", where=str(path), remedy=remedy) from error
    for keys, part, where in ((KEYS, record, ""), (CONFIG, record.get("config"), "config.")):
        missing = [key for key in keys if not isinstance(part, Mapping) or key not in part]
        if missing:
            raise ReradError(f"the key {where + missing[0]!r} is missing", where=str(path), remedy=remedy)
    return record
