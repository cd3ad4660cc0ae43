"""The RO-Crate of a run: what it lists is there, and everything that it names is described."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rerad.reporting.crate import NAME, write_crate

STUDIES = {
    "chmfl": {
        "tables": {"table1": {"title": "Table I"}, "failed": {"title": "Never written"}},
        "layers": {"tables1": {"title": "Table SI"}},
        "figures": {"fig3": {"caption": "ROC curves\n of all"}},
    }
}
RECORD = {
    "code": {"commit": "c0ffee", "dirty": True},
    "python": {"version": "3.11.7"},
    "packages": {"rerad": "0.1.0", "torch": "2.13.0", "snakemake": "9.27.1"},
    "data": [
        {
            "cohort": "sts",
            "files": 2,
            "bytes": 10,
            "manifest_sha256": "aa",
            "licence": ["CC BY 3.0"],
            "doi": ["10.1/x"],
        },
        {"cohort": "brats", "files": 1, "bytes": 5, "manifest_sha256": "bb", "licence": [], "doi": []},
    ],
}


@pytest.fixture
def crate(tmp_path: Path, root: Path) -> Path:
    folder = tmp_path / "run"
    written = [
        "report.html",
        "config.yaml",
        "costs.csv",
        "chmfl/tables/table1.csv",
        "chmfl/tables/tables1.md",
        "chmfl/figures/fig3.png",
    ]
    for name in written:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "logs").mkdir()
    (folder / "logs" / "audit.cost.json").write_text('{"wall_s": 60.0}')
    manifests = {}
    for cohort in ("sts", "brats"):
        manifests[cohort] = tmp_path / "data" / cohort / "manifest.csv"
        manifests[cohort].parent.mkdir(parents=True)
        manifests[cohort].write_text(f"file,size,sha256\n{cohort},1,ab\n")
    write_crate(run="demo", studies=STUDIES, manifests=manifests, record=RECORD, root=root, crate=folder / NAME)
    return folder


def entities(crate: Path) -> dict[str, dict[str, Any]]:
    graph = json.loads((crate / NAME).read_text())["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph), "an entity stands twice"
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for part in value.values():
            yield from references(part)
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_file_is_there_with_its_checksum_and_nothing_that_is_not(crate: Path) -> None:
    files = {name: entity for name, entity in entities(crate).items() if "File" in entity["@type"]}
    for name, entity in files.items():
        assert entity["sha256"] == hashlib.sha256((crate / name).read_bytes()).hexdigest(), name
        assert entity["contentSize"] == str((crate / name).stat().st_size)
    assert {"chmfl/tables/table1.csv", "chmfl/tables/tables1.md", "chmfl/figures/fig3.png"} <= set(files)
    assert not any("failed" in name for name in files)
    parts = {part["@id"] for part in entities(crate)["./"]["hasPart"]}
    assert parts == {*files, "https://doi.org/10.1/x", "#cohort_brats"}


def test_everything_that_is_named_is_described(crate: Path) -> None:
    found = entities(crate)
    outside = {
        "https://w3id.org/ro/crate/1.1",
        "https://snakemake.readthedocs.io",
    }
    assert set(references(list(found.values()))) - set(found) == outside


def test_the_run_leads_from_its_inputs_through_the_workflow_to_tables_and_figures(crate: Path) -> None:
    found = entities(crate)
    run = found["#run"]
    assert run["@type"] == "CreateAction"
    assert [part["@id"] for part in run["object"]] == ["config.yaml", "https://doi.org/10.1/x", "#cohort_brats"]
    assert {part["@id"] for part in run["result"]} == {
        "report.html", "costs.csv", "chmfl/tables/table1.csv", "chmfl/tables/tables1.md", "chmfl/figures/fig3.png",
    }  # fmt: skip
    workflow = found[run["instrument"]["@id"]]
    assert workflow["@id"] == found["./"]["mainEntity"]["@id"] == "provenance/workflow/Snakefile"
    assert "ComputationalWorkflow" in workflow["@type"]
    versions = {
        found[part["@id"]]["name"]: found[part["@id"]]["softwareVersion"] for part in workflow["softwareRequirements"]
    }
    assert versions["torch"] == "2.13.0"
    assert workflow["version"] == "0.1.0, commit c0ffee, with changes"
    assert "provenance/workflow/workflow/scripts/train.py" in {part["@id"] for part in workflow["hasPart"]}
    assert found["chmfl/figures/fig3.png"]["name"] == "chmfl: ROC curves of all"
    assert run["startTime"] < run["endTime"]


def test_inputs_have_licence_and_the_list_of_their_checksums(crate: Path) -> None:
    found = entities(crate)
    cohort = found["https://doi.org/10.1/x"]
    assert [found[licence["@id"]]["name"] for licence in cohort["license"]] == ["CC BY 3.0"]
    assert (crate / cohort["subjectOf"]["@id"]).read_text() == "file,size,sha256\nsts,1,ab\n"
    unstated = found["#cohort_brats"]["license"][0]["@id"]
    assert found[unstated]["name"] == "not stated"
