"""The RO-Crate of a run: what it lists is there, and everything that it names is described."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rerad.core.errors import ReradError
from rerad.reporting.crate import NAME, write_crate

STUDIES = {
    "chmfl": {
        "tables": {"table1": {"title": "Table I"}, "failed": {"title": "Never written"}},
        "layers": {"tables1": {"title": "Table SI"}},
        "figures": {"fig3": {"caption": "ROC curves\n of all"}},
    }
}
URL = "https://download.org/resnet18-0a1b.pth"
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
    write_crate(
        run="demo", studies=STUDIES, methods={}, manifests=manifests, record=RECORD, root=root, crate=folder / NAME
    )
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


def rich_crate(tmp_path: Path, root: Path) -> Path:
    """A crate of a run that reads of everything: two cohorts of one DOI, weights, scores of others, printed values."""
    folder, own = tmp_path / "run", tmp_path / "own"
    studies = {
        "radiogenomics": {"penalties": {"penalties": {"title": "Genes"}}, "tables": {"table2": {
            "title": "Table 2", "published": "radiogenomics_table2.csv"}}, "figures": {}},
        "radsynth": {"tables": {}, "figures": {}, "times": {}},
        "sixth": {"tables": {"table1": {"title": "Table 1", "published": "sixth_table1.csv"}}, "figures": {}},
    }  # fmt: skip
    written = (
        "config.yaml", "radiogenomics/tables/penalties_genes.csv", "radsynth/costs.csv", "radsynth/costs.html",
        "nas3dunet/cases.csv", "radiogenomics/comparisons.csv",
    )  # fmt: skip
    given = ("own/sixth.yaml", "own/sixth_table1.csv", "mine.csv", "local.pth", "manifest.csv")
    for path in [*(folder / name for name in written), *(tmp_path / name for name in given)]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    published = {"recipe": {"weights": {"url": URL, "sha256": "0a1b"}}}
    methods = {
        "sts": {
            "resnet18_pretrained": {"model": "resnet2d", **published},
            "chmfl_resnet18_pretrained": {"model": "chmfl", **published},
            "local": {"model": "resnet2d", "recipe": {"weights": {"path": str(tmp_path / "local.pth")}}},
            "made": {"model": "resnet2d", "recipe": {"weights": "phantom"}},
            "mine": {"model": "external", "recipe": {"file": str(tmp_path / "mine.csv")}},
        }
    }
    data = [{**RECORD["data"][0], "cohort": cohort} for cohort in ("sts", "again")]
    write_crate(
        run="demo",
        studies={**studies, "nas3dunet": {"tables": {}, "figures": {}, "task": "segmentation"}},
        methods=methods,
        manifests={cohort: tmp_path / "manifest.csv" for cohort in ("sts", "again")},
        record={**RECORD, "data": data, "config": {"studies_folder": str(own)}},
        root=root,
        crate=folder / NAME,
    )
    return folder


def test_whatever_was_read_is_an_input_and_whatever_was_written_an_output(tmp_path: Path, root: Path) -> None:
    crate = rich_crate(tmp_path, root)
    found = entities(crate)
    run = found["#run"]
    assert {part["@id"] for part in run["result"]} == {
        "radiogenomics/tables/penalties_genes.csv", "radsynth/costs.csv", "radsynth/costs.html", "nas3dunet/cases.csv",
        "radiogenomics/comparisons.csv",
    }  # fmt: skip
    local = (tmp_path / "local.pth").as_uri()
    assert [part["@id"] for part in run["object"]] == [
        "config.yaml", "#cohort_sts", "#cohort_again", URL, local, "provenance/scores/sts_mine.csv",
        "provenance/published/radiogenomics_table2.csv", "provenance/published/sixth/sixth_table1.csv",
    ]  # fmt: skip
    assert found["#cohort_sts"]["identifier"] == found["#cohort_again"]["identifier"] == ["https://doi.org/10.1/x"]
    assert found[URL]["sha256"] == "0a1b"
    assert found[local]["sha256"] == hashlib.sha256(b"local.pth").hexdigest()
    assert (crate / "provenance/scores/sts_mine.csv").read_text() == "mine.csv"
    assert found["provenance/scores/sts_mine.csv"]["sha256"] == hashlib.sha256(b"mine.csv").hexdigest()
    parts = [part["@id"] for part in found["./"]["hasPart"]]
    assert len(parts) == len(set(parts))
    assert {part["@id"] for part in [*run["object"], *run["result"]]} <= set(parts)
    test_everything_that_is_named_is_described(crate)


def test_an_audit_reads_all_published_values(crate: Path, root: Path, tmp_path: Path) -> None:
    (crate / "audit").mkdir()
    (crate / "audit" / "findings.csv").write_text("finding\n")
    manifests = {cohort: tmp_path / "data" / cohort / "manifest.csv" for cohort in ("sts", "brats")}
    write_crate(
        run="demo", studies=STUDIES, methods={}, manifests=manifests, record=RECORD, root=root, crate=crate / NAME
    )
    read = {part["@id"] for part in entities(crate)["#run"]["object"]}
    assert {f"provenance/published/{path.name}" for path in (root / "config" / "published").glob("*.csv")} <= read
    test_every_file_is_there_with_its_checksum_and_nothing_that_is_not(crate)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cpu_s": 1.0}', '{"wall_s": null}', "\ufffd"])
def test_a_broken_cost_of_a_job_is_named(crate: Path, root: Path, content: str) -> None:
    broken = crate / "logs" / "plot_chmfl_fig3.cost.json"
    broken.write_bytes(content.encode("utf-16") if content == "\ufffd" else content.encode())
    with pytest.raises(ReradError) as refused:
        write_crate(
            run="demo",
            studies={},
            methods={},
            manifests={},
            record={**RECORD, "data": []},
            root=root,
            crate=crate / NAME,
        )
    assert str(broken) in str(refused.value)
    assert "Remove it and run again" in str(refused.value)
