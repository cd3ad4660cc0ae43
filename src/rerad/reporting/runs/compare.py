"""Compare two finished runs."""

from __future__ import annotations

from pathlib import Path

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.reporting.runs.cases import compare_cases
from rerad.reporting.runs.cells import compare_cells
from rerad.reporting.runs.page import write_page
from rerad.reporting.runs.patients import compare_patients
from rerad.reporting.runs.run import OURS, read_run
from rerad.reporting.runs.settings import (
    compare_code,
    compare_config,
    compare_data,
    compare_files,
    compare_versions,
)
from rerad.reporting.runs.summary import Compared, summarise, text


def compare_runs(a: str, b: str, *, results: Path) -> str:
    """Compare run ``a`` with run ``b``, write ``<results>/compare/<a>_<b>/`` and return the outcome in a few lines.

    ``a`` and ``b`` are names of runs in ``results``, or folders. A CSV each holds configuration, versions, data, files,
    code, cases, cells, patients and methods; ``compare.html`` shows what differs.

    Raises:
        ReradError: a run is missing, at work, unfinished or broken, or both are the same one.
    """
    one, two = read_run(a, results), read_run(b, results)
    if one.folder.resolve() == two.folder.resolve():
        remedy = "Name two runs: make compare A=demo B=paper"
        raise ReradError("both are the same run", where=str(one.folder), remedy=remedy)
    patients, methods = compare_patients(one, two)
    compared = Compared(
        config=compare_config(one, two),
        versions=compare_versions(one, two),
        data=compare_data(one, two),
        files=compare_files(one, two),
        code=compare_code(one, two),
        cases=compare_cases(one, two),
        cells=compare_cells(one, two),
        patients=patients,
        methods=methods,
    )
    folder = results / OURS / f"{one.name}_{two.name}"
    for name, table in compared._asdict().items():
        write_csv(folder / f"{name}.csv", table)
    summary = summarise(compared)
    page = folder / "compare.html"
    write_page(one, two, compared, summary, page)
    return text(one, two, summary, compared, f"The page: {page}")
