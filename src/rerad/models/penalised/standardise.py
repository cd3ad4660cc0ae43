"""Columns of mean 0 and length 1: glmnet's 1/n standardisation, in which the loss is ½|y − Xb|²."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

Array = NDArray[np.float64]
SAFE = 1e120  # means under it, and squares between its inverse and it, are far from the ends of the range of numbers


@dataclass(frozen=True)
class Columns:
    """Standardised columns as rows of ``values`` (columns, cases), and how they were made.

    Column j is ``(x · 2^−exponent − mean) / length``: the power of two is exact and keeps squares in range. A constant
    column has length 0 and values 0.
    """

    values: Array
    mean: Array
    length: Array
    exponent: NDArray[np.int64]

    def of(self, turned: Array) -> Array:
        """Return other cases, (columns, cases), on the same scale."""
        if self.exponent.any():
            turned = np.ldexp(turned, -self.exponent[:, None])
        values = turned - self.mean[:, None]
        values[self.length == 0] = 0.0
        values /= np.where(self.varies, self.length[:, None], 1.0)
        return values

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Whether a column is not constant (columns, 1)."""
        return (self.length > 0)[:, None]

    def original(self, coefs: Array) -> Array:
        """Return coefficients (columns, …) per unit of the given columns instead of the standardised ones."""
        shape = (-1,) + (1,) * (coefs.ndim - 1)
        length = np.where(self.length > 0, self.length, 1.0).reshape(shape)
        return np.ldexp(coefs / length, -self.exponent.reshape(shape))

    def centre(self) -> Array:
        """Return the mean of each column in its own unit (columns,)."""
        return np.ldexp(self.mean, self.exponent)


def standardise(turned: Array) -> Columns:
    """Return columns, given as rows (columns, cases), with mean 0 and length 1, as glmnet does with 1/n."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        mean = turned.mean(axis=1)
        values = turned - mean[:, None]
        squared = np.einsum("ij,ij->i", values, values)
        # Only where the spread is small beside the mean can it be rounding alone: is the column constant?
        narrow = np.flatnonzero(~(squared > (1e-3 * mean) ** 2))
    constant = np.zeros(len(turned), dtype=bool)
    constant[narrow] = turned[narrow].max(axis=1) == turned[narrow].min(axis=1)
    varied = squared[~constant]
    if not ((varied > 1.0 / SAFE) & (varied < SAFE)).all() or np.abs(mean).max() > SAFE:
        return _standardise_by_powers(turned, constant)
    if len(narrow):
        mean = _centre_again(values, mean)
        squared = np.einsum("ij,ij->i", values, values)
    values[constant] = 0.0
    length = np.where(constant, 0.0, np.sqrt(squared))
    values /= np.where(constant, 1.0, length)[:, None]
    return Columns(values, mean, length, np.zeros(len(turned), dtype=np.int64))


def _centre_again(values: Array, mean: Array) -> Array:
    """Take off what the first mean lost to rounding, where values are large beside their spread; return the mean."""
    rest = values.mean(axis=1)
    values -= rest[:, None]
    return mean + rest


def _standardise_by_powers(turned: Array, constant: NDArray[np.bool_]) -> Columns:
    """Standardise where squares could leave the range of numbers: powers of two are taken out first, exactly."""
    exponent = np.frexp(np.abs(turned).max(axis=1))[1].astype(np.int64)
    values = np.ldexp(turned, -exponent[:, None])
    mean = values.mean(axis=1)
    values -= mean[:, None]
    mean = _centre_again(values, mean)
    values[constant] = 0.0
    spread = np.frexp(np.abs(values).max(axis=1))[1]
    values = np.ldexp(values, -spread[:, None])
    length = np.sqrt(np.einsum("ij,ij->i", values, values))
    values /= np.where(constant, 1.0, length)[:, None]
    return Columns(values, mean, np.ldexp(length, spread), exponent)


def checked(features: Any, targets: Any) -> tuple[Array, Array]:
    """Return features (cases, columns) and targets (cases, targets) as float arrays.

    Raises:
        ReradError: shapes that do not fit, fewer than two cases, or a value that is no finite number, named by its
            column (of a table by its name) and row.
    """
    names = getattr(features, "columns", None)
    given, given_answers = np.asarray(_unmasked(features, "features")), np.asarray(_unmasked(targets, "targets"))
    values, answers = _numbers(given), _numbers(given_answers)
    if values.ndim != 2 or answers.ndim not in (1, 2) or len(values) != len(answers):
        raise ReradError(f"features of shape {values.shape} and targets of shape {answers.shape} do not fit")
    if len(values) < 2 or values.shape[1] < 1:
        raise ReradError(f"{values.shape[0]} cases and {values.shape[1]} features are too few for an elastic net")
    answers = answers.reshape(len(answers), -1)
    _check_finite(values, given, "feature", names)
    _check_finite(answers, given_answers.reshape(answers.shape), "target", getattr(targets, "columns", None))
    return values, answers


def _unmasked(given: Any, where: str) -> Any:
    if isinstance(given, np.ma.MaskedArray):  # which an array would be made of with what is masked
        raise ReradError("a masked array", where=where, remedy="Fill or leave out what is masked before fitting")
    return given


def _numbers(given: NDArray[Any]) -> Array:
    """Return values as float, nan where one is no number: text, or what pandas has for a missing one."""
    if given.dtype.kind in "biuf":
        return np.asarray(given, dtype=np.float64)
    return np.array([_number(value) for value in given.ravel().tolist()], dtype=np.float64).reshape(given.shape)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _check_finite(values: Array, given: NDArray[Any], what: str, names: Any) -> None:
    broken = np.argwhere(~np.isfinite(values))
    if not len(broken):
        return
    row, column = (int(number) for number in broken[0])
    name = repr(str(names[column])) if names is not None else f"number {column}"
    raise ReradError(
        f"{given[row, column]} is no value for an elastic net",
        where=f"{what} {name}, row {row}",
        remedy="Fill or leave out what is missing before fitting",
    )
