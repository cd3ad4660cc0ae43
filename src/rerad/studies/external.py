"""Methods that were trained elsewhere: their rows, where they may stand, and their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rerad.core.errors import ConfigError, ReradError
from rerad.training.code import EXTERNAL, is_external
from rerad.training.external_file import Score, check_run, read_scores

if TYPE_CHECKING:
    from rerad.studies.load import Plan

Dict = dict[str, Any]
DRAWN = ("roc", "confusion", "forest")  # kinds of figures that need scores alone
LISTED = ("roc", "confusion")  # those among them that list rows of their own


def join(study: Mapping[str, Any], *, where: str) -> Dict:
    """Return a study in which every method under ``external`` has an entry, and rows in tables and figures.

    The tables are those that the method names, else all of classification; the figures are ROC curves and confusion
    matrices. Figures that draw a table take its rows anyway.

    Raises:
        ConfigError: an id that the study uses already, or a table that cannot hold scores.
    """
    joined = {key: value for key, value in study.items() if key != EXTERNAL}
    for method, given in study.get(EXTERNAL, {}).items():
        key = f"{where}: {EXTERNAL}.{method}"
        if method in study["methods"]:
            remedy = "Write another id: nobody's scores pass for those of a method that is trained here"
            raise ConfigError("the study has a method of this id", where=key, remedy=remedy)
        entry = {"file": given} if isinstance(given, str) else given
        row = {"method": method, "label": f"{entry.get('label', method)} (external)"}
        tables = _tables(study, entry, key)
        joined |= {
            "methods": {**joined["methods"], method: _method(entry)},
            "tables": _appended(joined["tables"], tables, {**row, "kind": EXTERNAL}),
            "figures": _appended(joined["figures"], _figures(study), row),
        }
    return joined


def check_external(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse rows that pass scores of others for a reproduction or the reverse, and what scores alone cannot fill.

    Raises:
        ConfigError: naming study, table or figure, and method.
    """
    for name, study in studies.items():
        siblings = [other["methods"] for other in studies.values() if other["cohort"] == study["cohort"]]
        methods = {method for own in siblings for method, entry in own.items() if is_external(entry)}
        for table, entry in study["tables"].items():
            where = f"config/studies/{name}.yaml: tables.{table}.rows"
            for row in entry["rows"]:
                _check_row(row, row.get("trained", row["method"]) in methods, entry.get("task", study["task"]), where)
        for figure, entry in study["figures"].items():
            shown = entry.get("rows") or study["tables"].get(entry.get("table"), {}).get("rows", [])
            found = [row["method"] for row in shown if row.get("trained", row["method"]) in methods]
            if found and entry["kind"] not in DRAWN:
                raise ConfigError(
                    f"a figure of the kind {entry['kind']} cannot show {found[0]!r}, of which there are only scores",
                    where=f"config/studies/{name}.yaml: figures.{figure}",
                    remedy=f"Scores can be shown by: {', '.join(DRAWN)}",
                )


def external_file(settings: Mapping[str, Any]) -> str | None:
    """Return the file behind a method's entry, absolute; None for a method that is trained here."""
    if not is_external(settings):
        return None
    return str(Path(settings["recipe"]["file"]).expanduser().absolute())


def check_files(plan: Plan) -> list[str]:
    """Refuse files that cannot be right whatever the cohort, before any work is done.

    Return what the rows will say of files that contradict a cohort as it was prepared and split before. That is no
    refusal, since the run may prepare and split it anew.

    Raises:
        ConfigError: naming the method, file, line and value.
    """
    warnings = []
    for cohort, methods in plan.methods.items():
        for method, settings in methods.items():
            file = external_file(settings)
            if file is None:
                continue
            try:
                scores = read_scores(Path(file), threshold=settings["recipe"].get("threshold"))
                check_run(scores, Path(file), folds=plan.folds[cohort], seeds=plan.config["seeds"])
            except ReradError as error:
                where = f"external method {method}: {error.where}"
                raise ConfigError(error.what, where=where, remedy=error.remedy) from error
            told = _contradiction(scores, Path(file), settings, plan, cohort)
            warnings += [f"External method {method}, on the cohort as it is now: {told}"] if told else []
    return warnings


def _contradiction(scores: Sequence[Score], file: Path, settings: Dict, plan: Plan, cohort: str) -> str:
    folder = Path(plan.run_folder) / "cohorts" / cohort
    known = {"cases": folder / "cases.csv", "splits": folder / "splits.csv"}
    if not all(path.is_file() for path in known.values()):
        return ""
    from rerad.training.external import fit  # it needs pandas, and most runs have no such method

    try:
        for seed in plan.config["seeds"]:
            fit(scores, file, settings, seed=seed, **known)
    except ReradError as error:
        return str(error)
    return ""


def _method(entry: Mapping[str, Any]) -> Dict:
    recipe = {key: entry[key] for key in ("file", "threshold") if key in entry}
    return {"model": EXTERNAL, "modalities": list(entry.get("modalities", [])), "recipe": recipe}


def _tables(study: Mapping[str, Any], entry: Mapping[str, Any], key: str) -> list[str]:
    able = [name for name, table in study["tables"].items() if table.get("task", study["task"]) == "classification"]
    wanted = list(entry.get("tables", able))
    strange = [name for name in wanted if name not in able]
    if strange or not wanted:
        what = f"{strange[0]!r} is" if strange else "the study has"
        remedy = f"Scores can stand in: {', '.join(able) or 'none of this study'}"
        raise ConfigError(f"{what} no table of classification", where=f"{key}.tables", remedy=remedy)
    return wanted


def _figures(study: Mapping[str, Any]) -> Iterator[str]:
    return (name for name, figure in study["figures"].items() if figure["kind"] in LISTED and "rows" in figure)


def _appended(entries: Mapping[str, Dict], names: Any, row: Mapping[str, Any]) -> Dict:
    chosen = set(names)
    return {
        name: {**entry, "rows": [*entry["rows"], dict(row)]} if name in chosen else entry
        for name, entry in entries.items()
    }


def _check_row(row: Mapping[str, Any], external: bool, task: str, where: str) -> None:
    method = row["method"]
    if external != (row["kind"] == EXTERNAL):
        told = f"the row {method!r} is of the kind {row['kind']}, but "
        told += "its scores come from a file" if external else "its method is trained here"
        remedy = "Write kind: external" if external else "Write another kind, or a method with model: external"
        raise ConfigError(told, where=where, remedy=remedy)
    if external and task != "classification":
        remedy = "Move the row into a table of classification"
        raise ConfigError(f"the row {method!r} has scores only, the table is one of {task}", where=where, remedy=remedy)
