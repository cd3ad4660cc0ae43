"""The universes of a study: every combination of the answers that its paper leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rerad.core.errors import ConfigError
from rerad.studies.check import check
from rerad.studies.merge import merge

Dict = dict[str, Any]
PARTS = ("describe", "map")  # of an answer: settings of the stages before and beside the training


def expand_universes(entry: Mapping[str, Any], settings: Dict, describe: Dict) -> list[Dict]:
    """Return every combination of the answers of an entry under ``multiverse``, the run's own first.

    ``settings`` are those of the entry's method, ``describe`` those of its cohort's features. A universe has
    ``answers`` (question → answer), its own ``settings``, ``describe`` and ``map``, and ``read``: which row of
    metrics.csv is its value. Later questions vary fastest.
    """
    questions = entry["questions"]
    universes = []
    for options in itertools.product(*(question["options"] for question in questions)):
        universe: Dict = {
            "answers": {
                question["question"]: str(option["label"]) for question, option in zip(questions, options, strict=True)
            },
            "settings": settings,
            "describe": describe,
            "map": {},
            "read": {"metric": entry["metric"]},
        }
        for option in options:
            universe["settings"] = merge(universe["settings"], option.get("method", {}))
            universe["read"] = {**universe["read"], **option.get("read", {})}
            for part in PARTS:
                universe[part] = merge(universe[part], option.get(part, {}))
        universes.append(universe)
    return universes


def check_multiverse(studies: Mapping[str, Dict], files: Mapping[str, Path], schema: Path) -> None:
    """Refuse a multiverse whose method, table, answers or settings cannot be.

    Raises:
        ConfigError: naming study, entry and question.
    """
    for name, study in studies.items():
        for key, entry in study.get("multiverse", {}).items():
            where = f"{files[name]}: multiverse.{key}"
            if entry["method"] not in study["methods"]:
                remedy = f"Write one of: {', '.join(study['methods'])}"
                raise ConfigError(f"the study defines no method {entry['method']!r}", where=where, remedy=remedy)
            table = entry["published"].get("table")
            if table and "published" not in study["tables"].get(table, {}):
                told = f"{table!r} is no table with published values"
                raise ConfigError(told, where=f"{where}.published", remedy="Write a table of the study")
            for question in entry["questions"]:
                _check_question(study, entry, question, f"{where}, {question['question']}", schema)


def _check_question(study: Dict, entry: Dict, question: Dict, where: str, schema: Path) -> None:
    labels = [str(option["label"]) for option in question["options"]]
    if len(set(labels)) != len(labels):
        raise ConfigError("an answer stands there twice", where=where, remedy="Give each answer its own label")
    if set(question["options"][0]) != {"label"}:
        remedy = "Let it have a label alone: it is what the run does"
        raise ConfigError("the first answer changes something", where=where, remedy=remedy)
    for option in question["options"]:
        if "method" in option:
            changed = merge(study["methods"][entry["method"]], option["method"])
            one = {key: value for key, value in study.items() if key != "multiverse"}
            source = f"{where}, {option['label']}"
            check({**one, "methods": {entry["method"]: changed}}, schema, sources=[], otherwise=source)
