"""Templates, and how numbers and names look in them."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
NOTHING = "–"
# The columns' names; any other column is shown by its id.
METRICS = {
    "acc": ("Acc.", "accuracy"),
    "sen": ("Sen.", "sensitivity"),
    "spe": ("Spe.", "specificity"),
    "pre": ("Pre.", "precision"),
    "f1": ("F1", "F1 score"),
    "auc": ("AUC", "AUC"),
    "dsc": ("DSC", "Dice similarity coefficient"),
    "jac": ("Jac.", "Jaccard score"),
    "dice": ("Dice", "Dice"),
    "sens": ("Sens.", "sensitivity"),
    "spec": ("Spec.", "specificity"),
    "correlation": ("r", "Pearson correlation"),
    "percent_difference": ("Difference", "percentage difference, as a fraction"),
    "percent_difference_sd": ("SD", "standard deviation of the percentage difference over pixels"),
    "bias": ("Bias", "mean of synthesised − exact"),
    "limit_low": ("Lower limit", "lower limit of agreement, bias − 1.96 SD"),
    "limit_high": ("Upper limit", "upper limit of agreement, bias + 1.96 SD"),
    "bias_p": ("p of bias", "p of Student's t-test of the patients' mean differences against 0"),
    "correlation_by_patient": ("r by patient", "Pearson correlation, mean over patients"),
    "haus": ("HD95, mm", "95 % Hausdorff distance (mm)"),
    "mae": ("MAE", "mean absolute error"),
    "mape": ("MAPE, %", "mean absolute percent error"),
    "hd95_mm": ("HD95, mm", "95 % Hausdorff distance (mm)"),
}
PLACES = {
    **{"et": "ET", "tc": "TC", "wt": "WT"},
    **{"fatty": "fatty tissue", "glandular": "glandular tissue", "lesion": "lesions"},
}
_PLACED = re.compile(f"(?P<metric>.+)_(?P<place>{'|'.join(PLACES)})")
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "−": r"$-$", "–": "--", "<": r"\textless{}",
    ">": r"\textgreater{}", "·": r"$\cdot$", "≤": r"$\le$", "≥": r"$\ge$",
}  # fmt: skip


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return a template of ``templates/`` filled with ``context``; HTML is escaped."""
    return environment().get_template(template).render(**context)


@functools.cache
def environment() -> Environment:
    """Return the template environment with its filters, and the style and script of the page."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(number=number, metric=metric, meaning=meaning, tex=tex, cell=markdown_cell, amount=amount)
    made.filters["gap"] = gap
    made.globals["css"] = lambda name="report.css": Markup((TEMPLATES / name).read_text(encoding="utf-8"))
    made.globals["js"] = lambda name="report.js": Markup((TEMPLATES / name).read_text(encoding="utf-8"))
    return made


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed digits, a dash for none or not a number."""
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.{digits}f}".replace("-", "−")


def gap(value: float | None, digits: int = 3) -> str:
    """Return a difference with its sign and fixed digits, no sign for zero, a dash for none or not a number."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def amount(value: float | None) -> str:
    """Return a quantity with three significant digits and spaces between thousands."""
    if value is None or math.isnan(value):
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def metric(name: str) -> str:
    """Return the heading of a metric's column; ``dice_et`` is that of the region ET, ``bias_fatty`` of fatty tissue."""
    return _named(name, 0, "{1} {0}")


def meaning(name: str) -> str:
    """Return the full name of a metric; ``dice_et`` is that of the region ET, ``bias_fatty`` of fatty tissue."""
    return _named(name, 1, "{0} of {1}")


def _named(name: str, place: int, form: str) -> str:
    found = None if name in METRICS else _PLACED.fullmatch(name)
    if found is None or found["metric"] not in METRICS:
        return METRICS.get(name, (name, name))[place]
    return form.format(METRICS[found["metric"]][place], PLACES[found["place"]])


def tex(text: object) -> str:
    """Escape text for LaTeX."""
    return "".join(_TEX.get(character, character) for character in str(text))


def markdown_cell(text: object) -> str:
    """Escape text for a cell of a Markdown table."""
    return (
        str(text).replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("\n", " ")
    )
