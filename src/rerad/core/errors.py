"""Errors that a person can act on: what was wrong, where, and what to do."""

from __future__ import annotations


class ReradError(Exception):
    """Say what was wrong (with the value), where (case, file or key) and what to do about it."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple:
        # Exceptions with keyword arguments do not survive the way back from a worker process by themselves.
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(kind: type[ReradError], what: str, where: str, remedy: str) -> ReradError:
    return kind(what, where=where, remedy=remedy)


class CaseError(ReradError):
    """One case, or one modality of it, cannot be used: it becomes a row of the patient flow, the others go on."""


class ConfigError(ReradError):
    """The configuration is broken: the run ends before any work is done."""


class UnwritableError(ReradError):
    """A place cannot be written, most often because its disk is full: no fault of the case that was to be written."""


class WorkerKilledError(ReradError):
    """A process of a job was killed: no fault of what it was to do, and the job may be tried again."""


class NoNumberError(ReradError):
    """A loss is no number: the steps are too large, or the data broken."""
