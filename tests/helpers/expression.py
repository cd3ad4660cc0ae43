"""Expression matrices for the elastic net: of low rank and correlated, as genes are; and the public glioma ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def synthetic(cases: int, genes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return expression (cases, genes) of 25 overlapping programmes with noise, and a target of six of them."""
    generator = np.random.default_rng(seed)
    loads = generator.normal(size=(25, genes)) * (generator.random((25, genes)) < 0.3)
    programmes = generator.normal(size=(cases, 25))
    values = (programmes * np.geomspace(3.0, 0.5, 25)) @ loads
    values += generator.normal(size=(cases, genes)) * generator.uniform(0.4, 1.5, genes)
    values += generator.uniform(3.0, 12.0, genes)
    target = programmes[:, :6] @ generator.normal(size=6) + 1.5 * generator.normal(size=cases)
    return values, target


def gliomas(folder: Path) -> pd.DataFrame:
    """Return the public expression of the glioblastoma subtypes, (samples, 840 genes)."""
    table = pd.read_csv(folder / "tcga_gbm" / "TCGA_unified_CORE_ClaNC840.txt", sep="\t", index_col=0, low_memory=False)
    return table.iloc[1:, 1:].astype(float).T
