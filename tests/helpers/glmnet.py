"""R's glmnet as the reference of the elastic net: called where Rscript and the package are installed."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

SET_UP = """
suppressMessages(library(glmnet))
read <- function(name) { con <- file(name, 'rb'); shape <- readBin(con, 'integer', 2)
  values <- readBin(con, 'double', prod(shape)); close(con); matrix(values, shape[1], shape[2]) }
write <- function(values, name) { values <- as.matrix(values); con <- file(name, 'wb')
  writeBin(dim(values), con); writeBin(as.vector(values), con); close(con) }
"""


@cache
def installed() -> bool:
    """Return whether R with glmnet is here."""
    if shutil.which("Rscript") is None:
        return False
    found = subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True, check=False)
    return found.returncode == 0


def need_glmnet() -> None:
    """Skip a test where R or glmnet is missing."""
    if not installed():
        pytest.skip("R with glmnet is not installed (Debian: r-base-core r-cran-glmnet)")


def run_r(code: str, folder: Path, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run R code in a folder with matrices to ``read``; return those it writes, by their names."""
    for name, values in given.items():
        save(folder / name, values)
    before = set(folder.iterdir())
    script = folder / "script.R"
    script.write_text(SET_UP + code)
    subprocess.run(["Rscript", str(script)], cwd=folder, check=True, capture_output=True, text=True)
    written = [path for path in folder.iterdir() if path not in before and path != script]
    return {path.name: load(path) for path in written}


def save(path: Path, values: np.ndarray) -> None:
    """Write a matrix for R's ``read``."""
    matrix = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    path.write_bytes(np.array(matrix.shape, dtype=np.int32).tobytes() + matrix.tobytes(order="F"))


def load(path: Path) -> np.ndarray:
    """Read a matrix that R's ``write`` wrote."""
    content = path.read_bytes()
    shape = np.frombuffer(content, dtype=np.int32, count=2)
    return np.frombuffer(content, dtype=np.float64, offset=8).reshape(shape, order="F")
