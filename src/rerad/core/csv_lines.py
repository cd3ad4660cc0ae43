"""CSV files of people, line by line: what a table reader would shift, fill or rename without a word is refused."""

from __future__ import annotations

import csv
from pathlib import Path

from rerad.core.errors import ReradError

Lines = list[tuple[int, list[str]]]


def read_lines(path: Path, *, remedy: str, of_length: str) -> tuple[list[str], Lines]:
    """Return the header, and the other lines that are not empty with their numbers.

    ``remedy`` is what to do about a file that is no CSV file, ``of_length`` about a line of another length.

    Raises:
        ReradError: no text, no line, or a line that is longer or shorter than the header.
        OSError: the file cannot be read.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, line) for line in reader if any(field.strip() for field in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReradError(f"is no CSV file ({error})", where=str(path), remedy=remedy) from error
    if not lines:
        raise ReradError("is empty", where=str(path), remedy=remedy)
    (_, header), *rest = lines
    for number, line in rest:
        if len(line) != len(header):
            told = f"{len(line)} fields, the header has {len(header)}"
            raise ReradError(told, where=f"{path}, line {number}", remedy=of_length)
    return header, rest
