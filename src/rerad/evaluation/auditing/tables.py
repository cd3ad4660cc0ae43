"""Published tables and claims as text, and addresses into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rerad.core.errors import ReradError
from rerad.core.printed import check_cell, number, read_text
from rerad.evaluation.auditing.rounding import Interval, rounded

IDS = ("method", "metric", "roi", "feature", "group", "tissue")
LABELS = ("unit",)
MARK = "_mark"
CLAIMS = "claims.csv"
CLAIM_COLUMNS = ["study", "where", "quote", "quantity", "printed", "unit", "check"]
EVERY = "all"


@dataclass(frozen=True)
class Table:
    """A published table: rows by their ids (joined by a space), value columns, printed text and marks."""

    study: str
    name: str
    columns: list[str]
    cells: dict[str, dict[str, str]]
    marks: dict[str, dict[str, str]]

    @property
    def key(self) -> str:
        """Return ``study.table``."""
        return f"{self.study}.{self.name}"

    def value(self, row: str, column: str) -> Interval:
        """Return what a cell can have been before it was rounded."""
        return rounded(self.text(row, column))

    def number(self, row: str, column: str) -> float:
        """Return a cell's printed number."""
        return number(self.text(row, column))

    def text(self, row: str, column: str) -> str:
        """Return what is printed in a cell.

        Raises:
            ReradError: there is no such row or column, or the cell is empty.
        """
        told = "" if self.cells.get(row, {}).get(column) else f"the cell {row}, {column} is empty"
        if row not in self.cells:
            told = f"there is no row {row!r}"
        elif column not in self.columns:
            told = f"there is no column {column!r}"
        if told:
            remedy = f"Correct the table, or what {CLAIMS} names"
            raise ReradError(told, where=f"the published table {self.key}", remedy=remedy)
        return self.cells[row][column]

    def has(self, row: str, *columns: str) -> bool:
        """Say whether a row has numbers in all these columns: a paper may leave a cell without one."""
        return all(self.cells[row].get(column) for column in columns)


@dataclass(frozen=True)
class Claim:
    """A number or claim from text or caption; ``quantity`` names what it is about as ``key=value; key=value``."""

    study: str
    where: str
    quote: str
    quantity: dict[str, str]
    printed: str
    unit: str
    check: str

    def part(self, key: str) -> str:
        """Return one part of the quantity.

        Raises:
            ReradError: the claim does not name it.
        """
        if key not in self.quantity:
            raise ReradError(
                f"the claim {self.quote!r} ({self.study}, check {self.check!r}) does not name {key!r}",
                where=CLAIMS,
                remedy=f"Add {key}=… to its quantity",
            )
        return self.quantity[key]

    def parts(self, key: str) -> list[str]:
        """Return one part of the quantity as a list."""
        return [word.strip() for word in self.part(key).split(",")]


@dataclass(frozen=True)
class Published:
    """All tables by ``study.table``, and all claims."""

    tables: dict[str, Table]
    claims: list[Claim] = field(default_factory=list)

    def table(self, study: str, name: str) -> Table:
        """Return a table by its name, or by ``study.table`` if it is another study's.

        Raises:
            ReradError: there is none.
        """
        key = name if "." in name else f"{study}.{name}"
        if key not in self.tables:
            raise ReradError(
                f"a claim of {study} names the table {key}, which there is not",
                where=CLAIMS,
                remedy=f"Tables are {', '.join(sorted(self.tables))}",
            )
        return self.tables[key]

    def cell(self, study: str, address: str) -> tuple[Table, str, str]:
        """Return table, row and column of an address ``table:row:column``.

        Raises:
            ReradError: there is no such cell, or it is empty.
        """
        parts = address.split(":")
        if len(parts) == 3:
            table, row, column = self.table(study, parts[0]), parts[1], parts[2]
            if table.cells.get(row, {}).get(column):
                return table, row, column
        raise ReradError(
            f"a claim of {study} names the cell {address!r}, which there is not",
            where=CLAIMS,
            remedy="An address is table:row:column",
        )

    def claims_of(self, check: str, study: str | None = None) -> list[Claim]:
        """Return the claims with a check, of one study if named."""
        return [one for one in self.claims if one.check == check and study in (None, one.study)]


def read(folder: Path) -> Published:
    """Read ``<study>_<table>.csv`` and ``claims.csv`` of a folder; a folder without claims has none.

    Raises:
        ReradError: the folder holds no table, or a file lacks a column, holds a row twice or a value that is no number.
    """
    paths = sorted(path for path in Path(folder).glob("*_*.csv") if path.name != CLAIMS)
    if not paths:
        raise ReradError(
            "no published tables", where=str(folder), remedy="Name the folder that holds <study>_<table>.csv"
        )
    tables = {table.key: table for table in map(_table, paths)}
    claims = Path(folder) / CLAIMS
    return Published(tables, _claims(claims) if claims.is_file() else [])


def _table(path: Path) -> Table:
    frame = read_text(path)
    study, _, name = path.stem.partition("_")
    ids = [column for column in frame.columns if column in IDS]
    if not ids:
        raise ReradError("no column with row ids", where=str(path), remedy=f"Name the first column one of {IDS}")
    columns = [c for c in frame.columns if c not in (*IDS, *LABELS) and not c.endswith(MARK)]
    cells: dict[str, dict[str, str]] = {}
    marks: dict[str, dict[str, str]] = {}
    for record in frame.to_dict("records"):
        row = " ".join(record[name] for name in ids)
        if row in cells:
            raise ReradError(f"the row {row!r} stands there twice", where=str(path), remedy="Remove one")
        cells[row] = {column: record[column] for column in columns}
        marks[row] = {column: record.get(column + MARK, "") for column in columns}
        for column, text in cells[row].items():
            check_cell(text, f"{path}: {row}, {column}")
    return Table(study, name, columns, cells, marks)


def _claims(path: Path) -> list[Claim]:
    frame = read_text(path)
    if missing := [column for column in CLAIM_COLUMNS if column not in frame.columns]:
        raise ReradError(f"the columns {missing} are missing", where=str(path), remedy=f"Columns: {CLAIM_COLUMNS}")
    if unknown := [column for column in frame.columns if column not in CLAIM_COLUMNS]:
        raise ReradError(f"the columns {unknown} are unknown", where=str(path), remedy=f"Columns: {CLAIM_COLUMNS}")
    return [Claim(**{**record, "quantity": _quantity(record["quantity"])}) for record in frame.to_dict("records")]


def _quantity(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return {key.strip(): value.strip() for key, _, value in pairs}
