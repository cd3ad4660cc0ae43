"""Where studies lie: those of the project, and a user's own beside their published values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from rerad.core.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9]*")  # as of a table: an underscore parts study and table in the name of a target
KEY = "studies_folder"


def study_files(root: Path, further: str | None) -> dict[str, Path]:
    """Return the file of every study by its name: those in config/studies, then those in the folder ``further``.

    Raises:
        ConfigError: ``further`` is no folder or holds no study, or a study there has a name that does not do.
    """
    files = {path.stem: path for path in sorted((root / "config" / "studies").glob("*.yaml"))}
    if further is None:
        return files
    folder = Path(further).expanduser().absolute()
    found = sorted(folder.glob("*.yaml"))
    if not found:
        told = "holds no <study>.yaml" if folder.is_dir() else "is no folder"
        raise ConfigError(f"{further!r} {told}", where=KEY, remedy="Write a folder of studies: see docs/add_a_paper.md")
    for path in found:
        if path.stem in files or not NAME.fullmatch(path.stem):
            told = "the project has a study of this name" if path.stem in files else "not a name of a study"
            remedy = "Name the file otherwise, of small letters and digits; an overlay changes a study of the project"
            raise ConfigError(told, where=str(path), remedy=remedy)
        files[path.stem] = path
    return files


def published_file(root: Path, files: Mapping[str, Path], study: str, name: str) -> Path:
    """Return a file of published values: in config/published, or beside the study where that is a user's own."""
    path = files[study]
    own = path.parent != root / "config" / "studies"
    return path.parent / name if own else root / "config" / "published" / name
