"""The file of someone else's scores: read, and refused by name where it cannot be what it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rerad.core.csv_lines import Lines, read_lines
from rerad.core.errors import ReradError

ROLES = "Write train or test, in small letters, as in splits.csv"
REQUIRED = ("case", "fold", "role", "score")
OPTIONAL = ("seed", "target", "selection", "variant")
DIGITS = 9  # of a fold or a seed; more is none of a run, and beyond 4,300 Python refuses to read them
ONLY = {"selection": "last", "variant": "published"}  # columns of the workflow's own files, and their one value here


class Score(NamedTuple):
    """A line of the file; ``seed`` and ``target`` are None where the file does not have the column."""

    line: int
    case: str
    fold: int
    role: str
    score: float
    seed: int | None
    target: int | None


def read_scores(path: Path, *, threshold: float | None) -> list[Score]:
    """Read a file of scores: one line a case, fold, role and, with that column, seed.

    Without a ``threshold`` scores are probabilities of the positive class, 0 to 1; with one they may be any numbers.

    Raises:
        ReradError: naming file, line, value and what to write instead.
    """
    header, lines = _read_lines(path)
    _check_header(header, path)
    scores = [_score(number, dict(zip(header, line, strict=True)), path, threshold) for number, line in lines]
    if not scores:
        raise ReradError("there is no line below the header", where=str(path), remedy="Write one a case and fold")
    _check_once(scores, path)
    return scores


def check_run(scores: Sequence[Score], path: Path, *, folds: int, seeds: Sequence[int]) -> None:
    """Refuse scores of folds or seeds that the run does not have, and a seed of the run without scores.

    Raises:
        ReradError: naming file, line and value.
    """
    for score in scores:
        if not 1 <= score.fold <= folds:
            remedy = f"The cohort has the folds 1 to {folds}: take them from its splits.csv"
            raise ReradError(f"fold {score.fold} of case {score.case}", where=place(path, score), remedy=remedy)
        if score.seed is not None and score.seed not in seeds:
            told = f"seed {score.seed} of case {score.case} is none of the run's"
            remedy = f"Its seeds are {', '.join(map(str, seeds))}: leave the column out, or set the key seeds"
            raise ReradError(told, where=place(path, score), remedy=remedy)
    for seed in seeds:
        of_seed(scores, seed, path)


def of_seed(scores: Sequence[Score], seed: int, path: Path) -> list[Score]:
    """Return the scores of a seed: those of a file without seeds are the same for every one.

    Raises:
        ReradError: the file has seeds, but not this one.
    """
    chosen = [score for score in scores if score.seed in (None, seed)]
    if not chosen:
        remedy = "Add its lines, leave the column out, or set the key seeds to those of the file"
        raise ReradError(f"there is no line of seed {seed}", where=str(path), remedy=remedy)
    return chosen


def place(path: Path, score: Score) -> str:
    """Return where a score stands."""
    return f"{path}, line {score.line}"


def _read_lines(path: Path) -> tuple[list[str], Lines]:
    """Return the header, and the other lines that are not empty with their numbers."""
    remedy = f"Write UTF-8 text with commas between the columns {', '.join(REQUIRED)}"
    try:
        header, lines = read_lines(path, remedy=remedy, of_length=remedy)
    except FileNotFoundError as error:
        raise ReradError("no such file", where=str(path), remedy="Correct the path in the configuration") from error
    except OSError as error:
        raise ReradError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="Name a file of scores"
        ) from error
    return [name.strip() for name in header], lines


def _check_header(header: Sequence[str], path: Path) -> None:
    known = f"Needed are {', '.join(REQUIRED)}; {', '.join(OPTIONAL)} may stand beside them"
    for name in REQUIRED:
        if name not in header:
            hint = "Separate columns by commas. " if len(header) == 1 else ""
            raise ReradError(f"column {name!r} is missing", where=str(path), remedy=f"{hint}{known}")
    for name in header:
        if name not in (*REQUIRED, *OPTIONAL):
            raise ReradError(f"unknown column {name!r}", where=str(path), remedy=f"Remove or rename it. {known}")
        if header.count(name) > 1:
            raise ReradError(f"column {name!r} stands there twice", where=str(path), remedy="Keep one of them")


def _score(number: int, fields: dict[str, str], path: Path, threshold: float | None) -> Score:
    where = f"{path}, line {number}"
    # A space behind a comma is no value; names of cases stay as they are.
    case, fields = fields["case"], {name: text.strip() for name, text in fields.items()}
    role = fields["role"]
    if not case.strip():
        raise ReradError("the case is empty", where=where, remedy="Write its name as in splits.csv")
    if role not in ("train", "test"):
        raise ReradError(f"role {role!r} of case {case} is neither train nor test", where=where, remedy=ROLES)
    for name, only in ONLY.items():
        if fields.get(name, only) != only:
            told = f"{name} {fields[name]!r} of case {case}"
            raise ReradError(told, where=where, remedy=f"Keep the lines with {only!r} alone, or leave the column out")
    return Score(
        line=number,
        case=case,
        fold=_whole("fold", fields["fold"], case, where),
        role=role,
        score=_number(fields["score"], case, where, threshold),
        seed=_whole("seed", fields["seed"], case, where) if "seed" in fields else None,
        target=_target(fields["target"], case, where) if "target" in fields else None,
    )


def _whole(name: str, text: str, case: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise ReradError(f"{name} {text!r} of case {case} is no whole number", where=where, remedy="Write 1, not 1.0")
    return int(text)


def _target(text: str, case: str, where: str) -> int:
    if text not in ("0", "1"):
        remedy = "Take it from cases.csv, or leave the column out"
        raise ReradError(f"target {text!r} of case {case} is neither 0 nor 1", where=where, remedy=remedy)
    return int(text)


def _number(text: str, case: str, where: str, threshold: float | None) -> float:
    told = f"score {text!r} of case {case}"
    try:
        if "_" in text or not text.isascii():  # Python reads 0.1_5 as 0.15, and digits of any script
            raise ValueError
        score = float(text)
    except ValueError:
        raise ReradError(f"{told} is no number", where=where, remedy="Write one such as 0.7, with a point") from None
    if not math.isfinite(score):
        remedy = "Every case needs a score: leave a modality out of the method's entry, not a case out of the file"
        raise ReradError(f"{told} is not finite", where=where, remedy=remedy)
    if threshold is None and not 0 <= score <= 1:
        remedy = (
            "Probabilities lie from 0 to 1. If these are scores of another kind, write the threshold from which a case "
            "counts as positive into the method's entry"
        )
        raise ReradError(f"{told} is no probability", where=where, remedy=remedy)
    return score


def _check_once(scores: Sequence[Score], path: Path) -> None:
    """Refuse two lines of one case in a fold, whatever their roles, and a case that two folds test."""
    seen: dict[tuple[str, int, int | None], Score] = {}
    tested: dict[tuple[str, int | None], Score] = {}
    for score in scores:
        other = seen.setdefault((score.case, score.fold, score.seed), score)
        if other is not score:
            raise _twice(other, score, path)
        if score.role == "test":
            first = tested.setdefault((score.case, score.seed), score)
            if first is not score:
                told = f"case {score.case} is tested in fold {score.fold}, on line {first.line} in fold {first.fold}"
                remedy = "A case is tested once: take folds and roles from splits.csv"
                raise ReradError(told, where=place(path, score), remedy=remedy)


def _twice(first: Score, second: Score, path: Path) -> ReradError:
    seed = "" if second.seed is None else f" with seed {second.seed}"
    if first.role == second.role:
        told = f"case {second.case} stands twice in fold {second.fold}{seed}, first on line {first.line}"
        return ReradError(told, where=place(path, second), remedy="Remove one of the lines")
    told = (
        f"case {second.case} is on both sides of fold {second.fold}{seed}: {first.role} on line {first.line}, "
        f"{second.role} here"
    )
    remedy = "A fold's test cases must not be among those that its model was trained on"
    return ReradError(told, where=place(path, second), remedy=remedy)
