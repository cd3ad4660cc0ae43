"""Which version of a package is installed, and which versions decide numbers."""

from __future__ import annotations

import importlib.metadata

DECIDING = ("torch", "monai", "numpy", "scipy", "scikit-learn")  # what a training of networks computes with


def version_of(name: str) -> str | None:
    """Return the installed version of a package; None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def deciding_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the numbers of a trained network; empty of one that is absent."""
    return {name: version_of(name) or "" for name in DECIDING}
