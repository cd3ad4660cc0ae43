"""From the files of a run to its tables and page: what belongs to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.cohorts import about as about_cohort
from rerad.core.files import write_csv
from rerad.evaluation.checks import read_cases
from rerad.evaluation.costs import join_costs
from rerad.reporting.crate import write_crate
from rerad.reporting.drill.gather import gather
from rerad.reporting.features import tabulate_features
from rerad.reporting.multiverse_told import told_multiverse
from rerad.reporting.page import write_report
from rerad.reporting.provenance import collect, write
from rerad.reporting.tables import tabulate

DEVIATIONS = ["topic", "paper", "ours", "why", "effect"]


def make_table(
    *,
    study: str,
    settings: Mapping[str, Any],
    table: str,
    about: Mapping[str, Any],
    cases: Path,
    published: Path | None,
    metrics: Sequence[Path],
    costs: Sequence[Path],
    stale: Sequence[str],
    comparisons: Path | None,
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
) -> None:
    """Write one table of a study (``csv``, ``md``, ``html``, ``tex``) from the results of its methods.

    ``settings`` is the study, ``about`` the cohort (name, source, phantom, permuted); ``metrics`` and ``costs`` lie in
    ``trained/<cohort>/<method>/…``; ``comparisons`` (comparisons.csv) is for tables of
    features. Rows of the methods in ``stale`` say that they were trained with other code.
    """
    entry = settings["tables"][table]
    note = "trained with code that has changed since"
    rows = [{**row, "note": note} if row.get("trained", row["method"]) in stale else row for row in entry["rows"]]
    given: dict[str, Any] = {
        "table": {**entry, "rows": rows},
        "study": study,
        "cohort": _facts(cases, about, settings["paper_cohort"]),
        "published": published,
        "metrics": {path.parent.name: path for path in metrics},
        "costs": {path.parent.name: path for path in costs},
        "deviations": settings["deviations"],
        "csv": csv,
        "md": md,
        "html": html,
        "tex": tex,
    }
    if "shape" in entry:
        tabulate_features(**given, comparisons=comparisons)
    else:
        tabulate(**given, primary=settings["primary"])


def list_deviations(deviations: Sequence[Mapping[str, str]], *, csv: Path) -> None:
    """Write what a study does that its paper does not."""
    write_csv(csv, pd.DataFrame(deviations, columns=DEVIATIONS).fillna(""))


def make_report(
    *,
    run: str,
    manifests: Mapping[str, Path],
    studies: Mapping[str, Mapping[str, Any]],
    cohorts: Mapping[str, Mapping[str, Any]],
    methods: Mapping[str, Mapping[str, Mapping[str, Any]]],
    metrics: Sequence[Path],
    costs: Sequence[Path],
    multiverses: Mapping[str, Path],
    findings: Path,
    config: Mapping[str, Any],
    difference: Sequence[tuple[str, Any, Any]],
    root: Path,
    page: Path,
    costs_csv: Path,
    provenance: Path,
    config_file: Path,
    crate: Path,
) -> None:
    """Write the page of a run, its costs, its provenance, its effective configuration and its RO-Crate.

    ``page`` lies in the run's folder, where everything else is found; ``manifests`` leads from a cohort to its
    manifest; ``studies`` are the enabled ones; ``cohorts`` says of each its source, whether it is a phantom and whether
    its labels were permuted; ``methods`` leads from a cohort to its methods' settings, whose ``metrics``, with the
    predictions beside them, lie behind the tables; ``costs`` (costs.csv) are those of every method; ``multiverses``
    leads from a study to its multiverse.csv, where there is one, beside which lies its figure; ``difference`` lists
    (key, paper run, here).
    """
    folder = page.parent
    spent = join_costs(costs, csv=costs_csv)
    record = collect(
        manifests=list(manifests.values()),
        config=config,
        lock=root / "envs" / "requirements.lock",
        root=root,
    )
    write(record=record, difference=difference, provenance=provenance, config_file=config_file)
    write_report(
        run=run,
        studies=[_study(name, study, folder / name, multiverses.get(name)) for name, study in studies.items()],
        cohorts=[_cohort(name, about, folder / "cohorts" / name) for name, about in cohorts.items()],
        costs=spent.to_dict("records"),
        findings=findings,
        provenance=record,
        page=page,
        behind=gather(
            studies=studies,
            methods=methods,
            metrics=metrics,
            spent=spent,
            folder=folder,
            bootstraps=config["bootstraps"],
        ),
    )
    write_crate(run=run, studies=studies, methods=methods, manifests=manifests, record=record, root=root, crate=crate)


def _facts(cases: Path, about: Mapping[str, Any], paper: Mapping[str, int]) -> dict[str, Any]:
    table = read_cases(cases)
    included = table[table["included"] == 1]
    told = about_cohort(about["name"])
    return {
        **about,
        "paper_cases": paper["cases"],
        "paper_positives": paper["positives"],
        "size": told.size(included),
        "paper_size": told.paper_size(paper),
        "counted": told.COUNTED,
        "judged": told.JUDGED,
        "notes": told.notes(included),
    }


def _study(name: str, study: Mapping[str, Any], folder: Path, multiverse: Path | None) -> dict[str, Any]:
    deviations = pd.read_csv(folder / "deviations.csv", dtype=str, keep_default_na=False)
    return {
        "id": name,
        "title": study["title"],
        "reference": study["reference"],
        "primary": study["primary"],
        "cohort": study["cohort"],
        "tables": [
            {
                "id": table,
                "title": entry["title"],
                "html": folder / "tables" / f"{table}.html",
                "csv": folder / "tables" / f"{table}.csv",
                "primary": entry.get("primary", study["primary"]),
                "shape": entry.get("shape", ""),
                "called": next((row["label"] for row in entry["rows"] if row["method"] == entry.get("primary")), ""),
            }
            for table, entry in study["tables"].items()
        ],
        "layers": [
            *(
                folder / "tables" / f"{table}.html"
                for kind in ("layers", "genotypes", "penalties")
                for table in study.get(kind, {})
            ),
            *([folder / "costs.html"] if "times" in study else []),
        ],
        "figures": [
            {"id": figure, "caption": entry["caption"], "png": folder / "figures" / f"{figure}.png"}
            for figure, entry in study["figures"].items()
        ],
        "deviations": deviations.to_dict("records"),
        "labels": study.get("labels", {}),
        "per_case": f"{name}/cases.csv" if study["task"] == "segmentation" else "",
        "comparisons": folder / "comparisons.csv",
        "multiverse": told_multiverse(study, multiverse, folder.parent / "trained" / study["cohort"]),
    }


def _cohort(name: str, about: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    cases = read_cases(folder / "cases.csv")
    return {
        "id": name,
        **about,
        "cases": folder / "cases.csv",
        "patient_flow": folder / "patient_flow.csv",
        "features_flow": folder / "features_flow.csv",
        "box_check": folder / "box_check.csv",
        "quality": folder / "quality",
        "notes": about_cohort(name).notes(cases[cases["included"] == 1]),
    }
