"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from rerad.cohorts import about as about_cohort
from rerad.core.errors import ReradError
from rerad.core.files import write_text
from rerad.reporting.captions import filled, slug
from rerad.reporting.provenance import config_text
from rerad.reporting.rendering import meaning, render
from rerad.reporting.sections import read_comparisons, read_findings, tally

START, END = "<!-- fragment -->", "<!-- /fragment -->"


def write_report(
    *,
    run: str,
    studies: Sequence[Mapping[str, Any]],
    cohorts: Sequence[Mapping[str, Any]],
    costs: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, Any],
    page: Path,
    findings: Path | None = None,
    behind: Mapping[str, str] | None = None,
    thumbnail: int = 480,
) -> None:
    """Write ``report.html``: verdicts, studies, audit, cohorts, costs and provenance, images, style and script inside.

    ``studies``: id, title, reference (the study file's mapping), primary, cohort, tables (id, title, html, csv: paths;
    optionally a primary of its own), optionally layers (paths of such html), figures (id, caption, png), deviations
    (mappings of one shape), optionally multiverse (what ``told_multiverse`` returned), comparisons (path of
    comparisons.csv or None), optionally labels (by method, where no row of a table is the method itself) and per_case
    (the results of every case, as a path from the page). ``findings``: the audit's findings.csv, or None. ``cohorts``:
    id, cases, patient_flow, features_flow, box_check (paths or None), quality (folder or None), phantom, permuted,
    notes. ``costs``: rows of costs.csv. ``provenance``: what ``collect`` returned. ``behind`` is what ``gather``
    returned: the page's drill-down. ``thumbnail`` is the width of quality pictures in
    pixels.

    Raises:
        ReradError: a table file without its fragment, findings without a column.
    """
    shown = [_cohort(cohort, thumbnail) for cohort in cohorts]
    overview = [row for study in studies for row in _overview(study, cohorts)]
    anchors = [f"{study['id']}-{table['id']}" for study in studies for table in study["tables"]]
    context = {
        "run": run,
        "phantom": any(cohort["phantom"] for cohort in cohorts),
        "permuted": any(cohort.get("permuted") for cohort in cohorts),
        "studies": [_study(study, cohorts) for study in studies],
        "overview": overview,
        "tally": tally([row["slug"] for row in overview]),
        "findings": None if findings is None else read_findings(findings, anchors),
        "cohorts": shown,
        "costs": _costs(costs),
        "provenance": provenance,
        "config_text": config_text(provenance["config"]),
        "behind": behind or {},
    }
    write_text(page, render("report.html.j2", context))


def embed(path: Path) -> str:
    """Return an image file as a data URI."""
    kind = "jpeg" if path.suffix.lower() in (".jpg", ".jpeg") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _thumbnail(path: Path, width: int) -> str:
    with Image.open(path) as image:
        height = max(1, round(image.height * width / image.width))
        small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _study(study: Mapping[str, Any], cohorts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    tables = [{**table, "fragment": _fragment(Path(table["html"]))} for table in study["tables"]]
    figures = [
        {**figure, "source": embed(Path(figure["png"])), "label": _figure_label(figure["id"])}
        for figure in study["figures"]
    ]
    phantom = any(cohort["phantom"] for cohort in cohorts if cohort["id"] == study.get("cohort", cohort["id"]))
    layers = [_fragment(Path(path)) for path in study.get("layers", [])]
    return {
        **study, "tables": tables, "layers": layers, "figures": figures, "phantom": phantom,
        "reference": _reference(study["reference"]),
        "deviations": filled(study["deviations"]),
        "comparisons": read_comparisons(study.get("comparisons"), _labels(study)),
        "multiverse": _multiverse(study.get("multiverse")),
    }  # fmt: skip


def _multiverse(told: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return {**told, "source": embed(Path(told["png"]))} if told and "png" in told else told


def _figure_label(name: str) -> str:
    """Return ``Fig. 3`` for ``fig3``, ``Fig. S1`` for ``figs1``; the kind of a figure that no paper numbers."""
    numbered = re.fullmatch(r"fig(s?\d+[a-z]?)", name)
    if numbered:
        return f"Fig. {numbered[1].upper()}"
    return "Forest plot" if name.startswith("forest") else name.replace("_", " ").capitalize()


def _labels(study: Mapping[str, Any]) -> dict[str, str]:
    frames = [pd.read_csv(table["csv"], dtype=str) for table in study["tables"]]
    rows = [row for frame in frames if "method" in frame for row in frame.to_dict("records")]
    return {row["method"]: row["label"] for row in rows} | dict(study.get("labels", {}))


def _reference(reference: Mapping[str, Any] | str) -> dict[str, str]:
    if isinstance(reference, str):
        return {"text": reference, "doi": ""}
    place = ", ".join(str(reference[name]) for name in ("venue", "year") if reference.get(name))
    parts = [str(reference.get("authors", "")), str(reference.get("title", "")), place]
    return {"text": " ".join(f"{part.rstrip('.')}." for part in parts if part), "doi": str(reference.get("doi", ""))}


def _fragment(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise ReradError("is no table of this software", where=str(path), remedy="Delete it, the run writes it anew")
    return text.partition(START)[2].partition(END)[0].strip()


def _overview(study: Mapping[str, Any], cohorts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    phantom = any(cohort["phantom"] for cohort in cohorts if cohort["id"] == study.get("cohort", cohort["id"]))
    rows = []
    for table in study["tables"]:
        primary = table.get("primary", study.get("primary", "acc"))
        frame = pd.read_csv(table["csv"], dtype={f"{primary}_published": str}, keep_default_na=True)
        if primary not in frame.columns:
            continue
        for record in frame.to_dict("records"):
            printed = record.get(f"{primary}_published")
            row = {
                "study": study["id"],
                "table": table["id"],
                "anchor": f"{study['id']}-{table['id']}",
                "cell": f"{study['id']}-{table['id']}/{_row_of(record)}/{primary}",
                "label": record["label"],
                "kind": record["kind"],
                "primary": table["called"] if table.get("shape") else meaning(primary),
                "value": record[primary],
                "low": record[f"{primary}_low"],
                "high": record[f"{primary}_high"],
                "published": printed if isinstance(printed, str) and printed else "",
                "verdict": record["verdict"],
                "slug": slug(record["verdict"]),
                # A published mark on the same axis as a phantom's interval would look like a comparison.
                "comparable": not phantom,
                # Errors of features have their own units.
                "drawn": not table.get("shape"),
            }
            rows.append(row)
    return rows


def _row_of(record: Mapping[str, Any]) -> str:
    """Return a row's id in its table: the method, or the feature or metric of a table with methods side by side."""
    if "feature" in record:
        return f"{record['roi']}_{record['feature']}"
    return str(record["method"] if "method" in record else record["metric"])


def _read(path: Any, **options: Any) -> pd.DataFrame:
    if path is None or not Path(path).is_file():
        return pd.DataFrame()
    return pd.read_csv(path, dtype={"case": str}, **options)


def _cohort(cohort: Mapping[str, Any], thumbnail: int) -> dict[str, Any]:
    cases = _read(cohort["cases"])
    flows = [_read(cohort.get(name), keep_default_na=False) for name in ("patient_flow", "features_flow")]
    flow = pd.concat([frame for frame in flows if len(frame)] or [pd.DataFrame()], ignore_index=True)
    about = about_cohort(cohort["id"])
    quality = cohort.get("quality")
    pictures = sorted(Path(quality).glob("*.png")) if quality else []
    return {
        **cohort,
        "about": about,
        "facts": about.facts(cases),
        "flow": flow.to_dict("records"),
        "box": _box(_read(cohort.get("box_check")), cases),
        "pictures": [{"name": path.stem, "source": _thumbnail(path, thumbnail)} for path in pictures],
    }


def _box(check: pd.DataFrame, cases: pd.DataFrame) -> dict[str, Any] | None:
    if check.empty:
        return None
    included = set(cases.loc[cases["included"] == 1, "case"])
    clipped = check[check["clipped_fraction"] > 0].sort_values("clipped_fraction", ascending=False)
    extents = [f"extent_{axis}_mm" for axis in "zyx"]
    return {
        "cases": len(check),
        "largest": [float(check[name].max()) for name in extents],
        "clipped": clipped.to_dict("records"),
        "clipped_included": sum(case in included for case in clipped["case"]),
        "included": len(included),
    }


def _costs(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    frame = pd.DataFrame(rows)
    if frame.empty:
        return {"methods": [], "wall_s": math.nan, "cpu_s": math.nan, "gpu_s": math.nan, "failed": []}
    numbers = dict.fromkeys(("wall_s", "cpu_s", "gpu_s", "peak_rss_mb", "peak_gpu_mb"), float)
    frame = frame.astype(numbers).assign(failed=frame["failed"].fillna("").astype(str))
    methods = []
    for (method, stage), group in frame.groupby(["method", "stage"], sort=True):
        # What is not known of any job of a method, as of one that was trained elsewhere, is not 0.
        sums = {name: float(group[name].sum(min_count=1)) for name in ("wall_s", "cpu_s", "gpu_s")}
        devices = ", ".join(sorted(set(group["device"].dropna().astype(str))))
        methods.append(
            {"method": method, "stage": stage, "jobs": len(group), "device": devices}
            | {name: float(group[name].max()) for name in ("peak_rss_mb", "peak_gpu_mb")}
            | sums
        )
    total = {name: float(frame[name].sum()) for name in ("wall_s", "cpu_s", "gpu_s")}
    return {"methods": methods, **total, "failed": frame[frame["failed"] != ""].to_dict("records")}
