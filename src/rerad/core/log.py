"""Logs speak to a person: one set-up for every job."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from types import TracebackType

from rerad.core.errors import ReradError
from rerad.core.files import make_folder


class _Brief(logging.Formatter):
    """The message alone: the traceback is in the log file."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


class _File(logging.FileHandler):
    """A file of messages; what does not fit on a full disk is lost, for the job itself tells of the disk."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def set_up(path: str | Path) -> None:
    """Send this job's messages, warnings and uncaught exceptions to its log file; errors to the terminal as well."""
    path = Path(path)
    make_folder(path.parent)
    to_file = _File(path, mode="w", encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setLevel(logging.ERROR)
    to_terminal.setFormatter(_Brief())
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers[:] = [to_file, to_terminal]
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    # PyRadiomics tells every class of every case.
    logging.getLogger("radiomics").setLevel(logging.WARNING)

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        to_terminal.setLevel(logging.CRITICAL + 1)
        logging.critical("this job ended with an error", exc_info=(kind, error, trace))
        # What a person can act on needs no traceback on the terminal; it is in the log.
        sys.stderr.write(f"{error}\n" if isinstance(error, ReradError) else f"{kind.__name__}: {error}\n")
        sys.stderr.write(f"Details: {path}\n")

    sys.excepthook = uncaught
