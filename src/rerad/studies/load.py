"""Load, check and expand the configuration: the only reader of config/."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerad.core.errors import ConfigError
from rerad.studies.bases import bases_of, check_entries, expand
from rerad.studies.check import check, read_yaml
from rerad.studies.external import check_external, join
from rerad.studies.files import published_file, study_files
from rerad.studies.merge import difference, merge, typed
from rerad.studies.modalities import check_modalities
from rerad.studies.multiverse import check_multiverse, expand_universes
from rerad.studies.references import check_references
from rerad.studies.rows import check_rows, trained_methods
from rerad.studies.searched import check_searched
from rerad.studies.settle import settle
from rerad.training.code import learns_in_epochs

Dict = dict[str, Any]
LOCAL_FOLDERS = {"path": "scans", "segmentations": "segmentations"}  # keys of a source that name a folder, and of what
LOCAL_PATHS = (*LOCAL_FOLDERS, "clinical", "grades")  # and those that name a file


@dataclass(frozen=True)
class Plan:
    """The checked configuration of a run and what follows from it.

    ``methods`` maps cohort and method id to the method's settings, ``folds`` a cohort to its number of folds;
    ``studies`` holds the enabled ones, ``files`` where every study is written.
    """

    root: Path
    config: Dict
    studies: dict[str, Dict]
    methods: dict[str, dict[str, Dict]]
    folds: dict[str, int]
    files: dict[str, Path]

    @property
    def run_folder(self) -> str:
        """The folder of the run's results, as it stands in Snakemake's file names."""
        return f"{self.config['paths']['results'].rstrip('/')}/{self.config['run']}"

    @property
    def data_folder(self) -> str:
        """The folder of acquired cohorts."""
        return str(self.config["paths"]["data"]).rstrip("/")

    def chunks(self, cohort: str, method: str) -> list[str]:
        """Return the chunks of a method: ``all``, or one a fold; a floor is fitted sooner than a process starts."""
        settings = self.methods[cohort][method]
        if self.config["jobs"] == "method" or not (learns_in_epochs(settings) or "search" in settings):
            return ["all"]
        return [f"fold{fold}" for fold in range(1, self.folds[cohort] + 1)]

    def folds_of(self, cohort: str, chunk: str) -> list[int]:
        """Return the folds that a chunk trains."""
        return list(range(1, self.folds[cohort] + 1)) if chunk == "all" else [int(chunk.removeprefix("fold"))]

    def phantom(self, cohort: str) -> bool:
        """Tell whether a cohort was made here."""
        return bool(self.config["cohorts"][cohort]["source"] == "phantom")

    def source_settings(self, cohort: str) -> Dict:
        """Return the settings of a cohort's source, paths made absolute."""
        settings = self.config["cohorts"][cohort]
        source = dict(settings[settings["source"]])
        for key in LOCAL_PATHS:
            if source.get(key):
                source[key] = str(Path(source[key]).expanduser().absolute())
        return source

    def scan_settings(self, cohort: str, stage: str) -> Dict:
        """Return the settings of a stage that reads scans, and how the cohort's scans are to be read."""
        settings = self.config["cohorts"][cohort]
        return {**settings[stage], **{key: settings[key] for key in ("roi", "rois") if key in settings}}

    def local_files(self, cohort: str) -> list[str]:
        """Return every file that a cohort takes from a local folder, but for those in folders that are links.

        51 patients in DICOM are 27,541 files; they add three seconds to a dry run. What changes in folders that are
        links, preparing tells by the manifest.

        Raises:
            ConfigError: the source's folder is not set or is none.
        """
        name, source = self.config["cohorts"][cohort]["source"], self.source_settings(cohort)
        key = next((key for key in LOCAL_FOLDERS if key in source), None)
        if key is None:
            return []
        where = f"cohorts.{cohort}.{name}.{key}"
        if source[key] is None:
            raise ConfigError(
                f"null: the source {name} needs a folder of {LOCAL_FOLDERS[key]}",
                where=where,
                remedy=f"Set it as config/local_{cohort}.yaml does, or run a phantom: --configfile config/demo.yaml",
            )
        if not Path(source[key]).is_dir():
            told = f"{source[key]!r} is not a folder"
            raise ConfigError(told, where=where, remedy=f"Write the folder of the {LOCAL_FOLDERS[key]}")
        files = [path for path in Path(source[key]).rglob("*") if path.is_file()]
        files += [Path(source[key]) for key in LOCAL_PATHS if key not in LOCAL_FOLDERS and source.get(key)]
        return sorted({str(path) for path in files})

    def about(self, cohort: str) -> Dict:
        """Return what tables and pages say about a cohort."""
        return {
            "name": cohort,
            "source": self.config["cohorts"][cohort]["source"],
            "phantom": self.phantom(cohort),
            "permuted": self.config["permute_labels"] is not False,
        }

    def effective(self) -> Dict:
        """Return the configuration with the studies as they are after the overlay."""
        return {**self.config, "studies": self.studies}

    def difference(self) -> list[tuple[str, Any, Any]]:
        """Return (key, value in the paper run, value here) where this run differs from the paper run."""
        paper = read_yaml(self.root / "config" / "config.yaml")
        studies = {name: read_yaml(self.files[name]) for name in self.studies}
        studies = {name: expand(study, bases_of(study, where=name)) for name, study in studies.items()}
        studies = {name: settle(study, study, pretrained=paper["pretrained"]) for name, study in studies.items()}
        studies = {name: join(study, where=name) for name, study in studies.items()}
        return difference({**paper, "studies": studies}, self.effective())

    def figure(self, study: str, figure: str) -> Dict:
        """Return a figure's entry; with ``table`` its rows, task, primary and columns are those of that table."""
        entry = self.studies[study]["figures"][figure]
        if "table" in entry:
            table = self.studies[study]["tables"][entry["table"]]
            rows = [{**({"role": table["role"]} if "role" in table else {}), **row} for row in table["rows"]]
            known = {key: table[key] for key in ("task", "primary", "columns", "other_patients") if key in table}
            return {**known, "rows": rows, **entry}
        return dict(entry)

    def published(self, study: str, table: str) -> list[Path]:
        """Return the file of a table's published values, if the paper has them."""
        name = self.studies[study]["tables"][table].get("published")
        return [published_file(self.root, self.files, study, name)] if name else []

    def multiverse(self, study: str) -> dict[str, Dict]:
        """Return a study's enabled entries under multiverse, each with its universes."""
        own = self.studies[study]
        describe = self.scan_settings(own["cohort"], "describe") if "describe" in self.cohort(study) else {}
        return {
            key: {
                **{part: entry[part] for part in ("method", "title", "published")},
                "kind": entry.get("kind", "training"),
                "universes": expand_universes(entry, own["methods"][entry["method"]], describe),
            }
            for key, entry in own.get("multiverse", {}).items()
            if entry.get("enabled", True)
        }

    def cohort(self, study: str) -> Dict:
        """Return the settings of a study's cohort."""
        return dict(self.config["cohorts"][self.studies[study]["cohort"]])

    def rows(self, study: str, kind: str | None = None) -> list[str]:
        """Return the trained methods of a study's tables, of one kind or of all, in the order of the rows.

        Tables of another task than the study's do not count: their methods need not have that task.
        """
        task = self.studies[study]["task"]
        tables = [entry for entry in self.studies[study]["tables"].values() if entry.get("task", task) == task]
        return list(dict.fromkeys(method for entry in tables for method in trained_methods(entry, kind)))

    def drawn(self, cohort: str) -> set[str]:
        """Return the methods that some figure of a cohort's studies shows."""
        return {
            method
            for name, study in self.studies.items()
            if study["cohort"] == cohort
            for figure in study["figures"]
            for method in trained_methods(self.figure(name, figure))
        }

    def trainings(self) -> Iterator[tuple[str, str, int, str]]:
        """Yield (cohort, method, seed, chunk) of every training of the run."""
        for cohort, methods in self.methods.items():
            for method in methods:
                for seed in self.config["seeds"]:
                    for chunk in self.chunks(cohort, method):
                        yield cohort, method, seed, chunk


def load(config: Dict, *, root: Path, files: Sequence[str | Path] = ()) -> Plan:
    """Check a merged configuration and expand it into what there is to do.

    ``files`` are the configuration files in the order in which they were laid over each other; errors name the one
    that sets the key.

    Raises:
        ConfigError: naming file, key and value, and what to write instead.
    """
    schemas = root / "workflow" / "schemas"
    overlays = [(str(file), read_yaml(Path(file))) for file in files]
    config = typed(config, functools.reduce(merge, [content for _, content in overlays], {}))
    check(config, schemas / "config.schema.yaml", sources=overlays)
    config = {**config, "paths": {key: os.path.expanduser(path) for key, path in config["paths"].items()}}
    written = study_files(root, config.get("studies_folder"))
    studies = _studies(config, written, schemas, overlays)
    folds = _folds(studies)
    return Plan(root, config, studies, _methods(studies), folds, written)


def as_stored(config: Dict, *, like: Plan) -> Plan:
    """Return the plan of an effective configuration that a run has stored; ``like`` tells where files lie.

    Raises:
        ConfigError, AttributeError, KeyError, TypeError: it is none of this version.
    """
    studies = config["studies"]
    return Plan(like.root, config, studies, _methods(studies), _folds(studies), like.files)


def _studies(
    config: Dict, files: dict[str, Path], schemas: Path, overlays: Sequence[tuple[str, Dict]]
) -> dict[str, Dict]:
    unknown = sorted(set(config["studies"]) - set(files))
    if unknown:
        raise ConfigError("no such study", where=f"studies.{unknown[0]}", remedy=f"Studies: {', '.join(files)}")
    studies = {}
    for name, path in files.items():
        own, changes = read_yaml(path), config["studies"].get(name, {})
        otherwise = f"command line: studies.{name}"
        patches = [(file, (content.get("studies") or {}).get(name, {})) for file, content in overlays]
        sources = [(str(path), own), *((f"{file}: studies.{name}", patch) for file, patch in patches)]
        check_entries([*sources, (otherwise, changes)])
        study = merge(own, changes)
        named = bases_of(study, where=str(path))
        study = expand(study, named)
        check(
            study,
            schemas / "study.schema.yaml",
            sources=[(source, expand(content, named)) for source, content in sources],
            otherwise=otherwise,
        )
        if study.get("enabled", True):
            settled = settle(study, expand(own, named), pretrained=config["pretrained"])
            studies[name] = join(settled, where=f"studies.{name}")
    if not studies:
        raise ConfigError("every study has enabled: false", where="studies", remedy="Enable at least one")
    check_rows(studies)
    check_references(studies, schemas.parents[1], files)
    check_modalities(studies)
    check_searched(studies)
    check_external(studies)
    check_multiverse(studies, files, schemas / "study.schema.yaml")
    return studies


def _folds(studies: dict[str, Dict]) -> dict[str, int]:
    folds: dict[str, tuple[str, int]] = {}
    for name, study in studies.items():
        first, count = folds.setdefault(study["cohort"], (name, study["folds"]))
        if count != study["folds"]:
            raise ConfigError(
                f"studies {first} and {name} ask for {count} and {study['folds']} folds of {study['cohort']}",
                where="folds",
                remedy="A cohort has one split for all: set the same folds in both",
            )
    return {cohort: count for cohort, (_, count) in folds.items()}


def _methods(studies: dict[str, Dict]) -> dict[str, dict[str, Dict]]:
    """Return the defined methods that some row or figure uses, by cohort."""
    defined: dict[str, dict[str, Dict]] = {}
    for name, study in studies.items():
        for method, settings in study["methods"].items():
            known = defined.setdefault(study["cohort"], {}).setdefault(method, settings)
            if known != settings:
                raise ConfigError(
                    "defined twice with different settings",
                    where=f"studies.{name}.methods.{method}",
                    remedy="A method is trained once per cohort: define it in one study, or under another id",
                )
    used: dict[str, set[str]] = {}
    for study in studies.values():
        used.setdefault(study["cohort"], set()).update(_used(study))
    return {
        cohort: {method: settings for method, settings in sorted(methods.items()) if method in used[cohort]}
        for cohort, methods in defined.items()
    }


def _used(study: Dict) -> Iterator[str]:
    for entry in (*study["tables"].values(), *study["figures"].values()):
        yield from trained_methods(entry)
    for entry in study.get("genotypes", {}).values():
        yield from entry["methods"]
