"""The rows of tables and figures: which methods they name, and whether there are such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.errors import ConfigError

ALONE = ("scans", "modalities", "patches")  # kinds of figures that show no method


def trained_methods(entry: Mapping[str, Any], kind: str | None = None) -> list[str]:
    """Return the trained methods of a table's or a figure's rows, of one kind or of all, each once."""
    rows = [row for row in entry.get("rows", []) if kind in (None, row.get("kind"))]
    return list(dict.fromkeys(row.get("trained", row["method"]) for row in rows))


def check_rows(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a table or figure whose rows, table or primary column do not exist.

    Raises:
        ConfigError: naming study, table or figure, and key.
    """
    defined: dict[str, set[str]] = {}
    for study in studies.values():
        defined.setdefault(study["cohort"], set()).update(study["methods"])
    for name, study in studies.items():
        for part in ("tables", "figures"):
            for entry, content in study[part].items():
                if "rows" not in content and "table" not in content and content.get("kind") not in ALONE:
                    raise ConfigError(
                        "neither rows nor table",
                        where=f"config/studies/{name}.yaml: {part}.{entry}",
                        remedy="List the methods to draw under rows, or name a table of the study",
                    )
                if content.get("table", "") not in ("", *study["tables"]):
                    raise ConfigError(
                        f"{content['table']!r} is no table of the study",
                        where=f"config/studies/{name}.yaml: {part}.{entry}.table",
                        remedy=f"Write one of: {', '.join(study['tables'])}",
                    )
                if "columns" in content and content["primary"] not in content["columns"]:
                    raise ConfigError(
                        f"{content['primary']!r} is no column of the table",
                        where=f"config/studies/{name}.yaml: {part}.{entry}.primary",
                        remedy=f"Write one of: {', '.join(content['columns'])}",
                    )
                known = defined[study["cohort"]]
                for method in trained_methods(content):
                    if method not in known:
                        raise ConfigError(
                            f"no enabled study of the cohort {study['cohort']} defines the method {method!r}",
                            where=f"config/studies/{name}.yaml: {part}.{entry}.rows",
                            remedy=f"Define it under methods, or use one of: {', '.join(sorted(known))}",
                        )
