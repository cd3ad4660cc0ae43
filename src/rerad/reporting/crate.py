"""The run as an RO-Crate: workflow, settings, inputs with licence and checksum, software, every table and figure.

Profiles: Process Run Crate and Workflow Run Crate 0.5 (https://www.researchobject.org/workflow-run-crate), Workflow
RO-Crate 1.0. It is one JSON file; the library that writes it loads an HTTP client and costs every run a second.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rerad.core.errors import ReradError
from rerad.core.files import atomic, sha256, write_json
from rerad.reporting.crate_inputs import (
    Methods,
    cohort_entities,
    published_values,
    scores_of_others,
    weights_entities,
)

Entity = dict[str, Any]
NAME = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
LICENCE = "https://spdx.org/licenses/Apache-2.0"
MIME = {
    ".csv": "text/csv", ".md": "text/markdown", ".html": "text/html", ".tex": "application/x-tex", ".png": "image/png",
    ".svg": "image/svg+xml", ".yaml": "application/yaml", ".json": "application/json", ".lock": "text/plain",
    ".py": "text/x-python",
}  # fmt: skip
PARTS_OF_CODE = ("Snakefile", "workflow/rules/*.smk", "workflow/scripts/*.py", "envs/requirements.lock")
KINDS_OF_TABLES = ("tables", "layers", "genotypes", "penalties")
FORMATS = {"tables": ("csv", "md", "html", "tex"), "figures": ("png", "svg")}


def write_crate(
    *,
    run: str,
    studies: Mapping[str, Mapping[str, Any]],
    methods: Methods,
    manifests: Mapping[str, Path],
    record: Mapping[str, Any],
    root: Path,
    crate: Path,
) -> None:
    """Write the crate (``crate``, in the run's folder) of what lies there, with copies of the workflow and of inputs.

    ``methods`` leads from a cohort to its methods' settings, ``manifests`` to its manifest; ``record`` is what
    ``provenance.collect`` found, ``root`` the folder of the code.
    """
    folder = crate.parent
    code = list(_copied(root, folder / "provenance" / "workflow"))
    lists = {
        cohort: _copy(path, folder / "provenance" / "manifests" / f"{cohort}.csv") for cohort, path in manifests.items()
    }
    outputs = [entity for entity in _outputs(run, studies) if (folder / entity["@id"]).is_file()]
    settings = _file("config.yaml", "The effective configuration, and how it differs from the paper run's")
    places = {cohort: str(path.relative_to(folder)) for cohort, path in lists.items()}
    inputs = [*cohort_entities(record["data"], places), *weights_entities(methods)]
    files = [_file(place, "Files, sizes, checksums, licences") for place in places.values()]
    audited = any(entity["@id"].startswith("audit/") for entity in outputs)
    values = published_values(studies, root=root, own=_own_studies(record), audited=audited)
    taken = [_taken(folder, place, *of) for place, of in {**scores_of_others(methods), **values}.items()]
    code_files = [_code(path.relative_to(folder), folder) for path in code]
    present = [settings, *outputs, *files, *taken, *code_files]
    for entity in present:
        entity["sha256"] = sha256(folder / entity["@id"])
        entity["contentSize"] = str((folder / entity["@id"]).stat().st_size)
    software = [_software(name, version) for name, version in _versions(record).items()]
    main = next(entity for entity in code_files if "ComputationalWorkflow" in entity["@type"])
    main |= {
        "version": _version(record),
        "softwareRequirements": _ids(software),
        "hasPart": _ids(entity for entity in code_files if entity is not main),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"The run {run}",
        "description": "From scans and expression data to tables and figures, by the settings in config.yaml",
        "instrument": {"@id": main["@id"]},
        "object": [{"@id": settings["@id"]}, *_ids([*inputs, *taken])],
        "result": _ids(outputs),
        **_times(folder / "logs"),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    about = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"ReRad: the run {run}",
        "description": "Tables and figures of radiomics papers, computed anew, with what they were computed from",
        "datePublished": action["endTime"],
        "license": {"@id": "#licence"},
        "conformsTo": [{"@id": profile} for profile in PROFILES],
        "mainEntity": {"@id": main["@id"]},
        "hasPart": _ids([*present, *inputs]),
        "mentions": [{"@id": "#run"}],
    }
    entities = [_descriptor(), about, *_fixed(record), *software, *inputs, *present, action]
    write_json(crate, {"@context": CONTEXT, "@graph": [*entities, *_licences(inputs)]})


def _descriptor() -> Entity:
    return {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [
            {"@id": "https://w3id.org/ro/crate/1.1"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ],
    }


def _fixed(record: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield the profiles, the language of the workflow, and the licence of what the run made."""
    for profile, name in PROFILES.items():
        yield {"@id": profile, "@type": "CreativeWork", "name": name, "version": profile.rpartition("/")[2]}
    yield {
        "@id": SNAKEMAKE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "alternateName": "Snakemake",
        "identifier": {"@id": "https://snakemake.readthedocs.io"},
        "url": {"@id": "https://snakemake.readthedocs.io"},
        "version": record["packages"].get("snakemake", "unknown"),
    }
    yield {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "Apache-2.0 for the code; what was computed from a cohort is bound by the licence of the cohort",
        "description": "The licences stand with the inputs.",
    }
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "Apache License 2.0"}


def _copied(root: Path, target: Path) -> Iterator[Path]:
    for pattern in PARTS_OF_CODE:
        for path in sorted(root.glob(pattern)):
            yield _copy(path, target / path.relative_to(root))


def _copy(path: Path, target: Path) -> Path:
    with atomic(target) as part:
        shutil.copyfile(path, part)
    return target


def _code(path: Path, folder: Path) -> Entity:
    if path.name != "Snakefile":
        return {**_file(str(path), f"Part of the workflow: {path.name}"), "license": {"@id": LICENCE}}
    return {
        "@id": str(path),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "ReRad",
        "description": "The workflow: its stages are in workflow/rules",
        "programmingLanguage": {"@id": SNAKEMAKE},
        "license": {"@id": LICENCE},
        "encodingFormat": "text/plain",
    }


def _outputs(run: str, studies: Mapping[str, Mapping[str, Any]]) -> Iterator[Entity]:
    yield _file("report.html", f"The report of the run {run}")
    yield _file("costs.csv", "What every search and training took")
    yield _file("provenance/provenance.json", "Code, versions, data and settings")
    for name in ("findings.csv", "findings.md"):
        yield _file(f"audit/{name}", "Findings in the published tables and claims")
    for study, settings in studies.items():
        yield _file(f"{study}/comparisons.csv", f"Comparisons of the methods of {study}")
        for suffix in ("csv", *FORMATS["figures"]):
            yield _file(f"{study}/multiverse.{suffix}", f"What else could have come out of {study}")
        yield _file(f"{study}/cases.csv", f"Results of every case of {study}")
        for suffix in ("csv", "html"):
            yield _file(f"{study}/costs.{suffix}", f"What the maps of {study} took")
        yield _file(f"{study}/deviations.csv", f"What {study} does that its paper does not")
        for kind in KINDS_OF_TABLES:
            for table, entry in settings.get(kind, {}).items():
                for suffix in FORMATS["tables"]:
                    yield _file(f"{study}/tables/{table}.{suffix}", f"{study}: {entry['title']}")
        for table, entry in settings.get("penalties", {}).items():
            yield _file(f"{study}/tables/{table}_genes.csv", f"{study}: {entry['title']}, gene by gene")
        for figure, entry in settings["figures"].items():
            for suffix in FORMATS["figures"]:
                yield _file(f"{study}/figures/{figure}.{suffix}", f"{study}: {' '.join(entry['caption'].split())}")


def _file(path: str, name: str) -> Entity:
    return {"@id": path, "@type": "File", "name": name, "encodingFormat": MIME.get(Path(path).suffix, "text/plain")}


def _own_studies(record: Mapping[str, Any]) -> Path | None:
    folder = record.get("config", {}).get("studies_folder")
    return Path(folder).expanduser().absolute() if folder else None


def _taken(folder: Path, place: str, path: Path, name: str) -> Entity:
    _copy(path, folder / place)
    return _file(place, name)


def _licences(inputs: Sequence[Entity]) -> Iterator[Entity]:
    for address in sorted({licence["@id"] for entity in inputs for licence in entity.get("license", [])}):
        yield {"@id": address, "@type": "CreativeWork", "name": unquote(address).removeprefix("#licence_")}


def _versions(record: Mapping[str, Any]) -> dict[str, str]:
    return {"Python": record["python"]["version"], **{k: v for k, v in record["packages"].items() if k != "rerad"}}


def _version(record: Mapping[str, Any]) -> str:
    commit = record["code"]["commit"]
    changed = ", with changes" if record["code"]["dirty"] else ""
    return record["packages"].get("rerad", "unknown") + (f", commit {commit}{changed}" if commit else "")


def _software(name: str, version: str) -> Entity:
    address = f"https://pypi.org/project/{name}/{version}/"
    if name == "Python":
        address = f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/"
    return {"@id": address, "@type": "SoftwareApplication", "name": name, "softwareVersion": version, "url": address}


def _times(logs: Path) -> dict[str, str]:
    """Return when the first job began and when the run ended, which is now.

    Raises:
        ReradError: a job's cost cannot be read.
    """
    now = datetime.now(UTC)
    begun = [path.stat().st_mtime - _seconds(path) for path in sorted(logs.glob("*.cost.json"))]
    start = datetime.fromtimestamp(min(begun), UTC) if begun else now
    return {"startTime": start.isoformat(timespec="seconds"), "endTime": now.isoformat(timespec="seconds")}


def _seconds(path: Path) -> float:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["wall_s"])
    except (ValueError, TypeError, KeyError) as error:
        told = f"is no cost of a job ({type(error).__name__}: {error})"
        raise ReradError(told, where=str(path), remedy="Remove it and run again") from error


def _ids(entities: Any) -> list[dict[str, str]]:
    return [{"@id": entity["@id"]} for entity in entities]
