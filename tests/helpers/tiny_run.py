"""Run the workflow on a tiny phantom."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rerad.core.splits import read_splits

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "workflow" / "tiny.yaml"


def command(
    folder: Path,
    *targets: str,
    overlays: tuple[Path, ...] = (TINY,),
    config: tuple[str, ...] = (),
) -> list[str]:
    """Return the command line of a run in ``folder``; ``config`` are settings such as ``seeds=[1]``."""
    settings = ["--config", *config] if config else []
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder),
        "--profile", str(ROOT / "profiles" / "default"), "--cores", "2", *settings,
        "--configfile", *map(str, overlays), "--", *targets,
    ]  # fmt: skip


def outcome(folder: Path, run: str = "tiny") -> dict[str, bytes]:
    """Return the bytes of every CSV and figure of a run but costs, times and provenance."""
    base = folder / "results" / run
    kept = [path for path in sorted(base.rglob("*")) if path.suffix in (".csv", ".png", ".svg")]
    return {
        str(path.relative_to(base)): path.read_bytes()
        for path in kept
        if path.name != "costs.csv" and not {"benchmarks", "provenance", "data"} & set(path.parts)
    }


class Cohort(NamedTuple):
    """What a run made of a cohort: tables, the cases that have a picture, and ATTRIBUTION.md."""

    folder: Path
    arrays: Path
    cases: pd.DataFrame
    splits: pd.DataFrame
    flow: pd.DataFrame
    pictures: list[str]
    credit: str


def read_cohort(folder: Path, cohort: str, run: str = "tiny") -> Cohort:
    """Read a cohort of the run in ``folder``."""
    made = folder / "results" / run / "cohorts" / cohort
    return Cohort(
        folder=made,
        arrays=made / "arrays",
        cases=pd.read_csv(made / "cases.csv"),
        splits=read_splits(made / "splits.csv"),
        flow=pd.read_csv(made / "patient_flow.csv"),
        pictures=sorted(path.stem for path in (made / "quality").glob("*.png")),
        credit=(folder / "results" / run / "data" / cohort / "ATTRIBUTION.md").read_text(),
    )
