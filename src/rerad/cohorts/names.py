"""Names of cases and patients that come back from a table as they were."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rerad.core.errors import ReradError


def check_names(names: Iterable[str], *, where: str) -> None:
    """Refuse a name that readers of tables take for a gap, as pandas does ``NA``, ``null``, ``nan`` and ``None``.

    Raises:
        ReradError: naming it.
    """
    import pandas as pd  # the naming of files needs none otherwise

    known = list(names)
    buffer = io.StringIO()
    pd.DataFrame({"case": known}).to_csv(buffer, index=False)
    buffer.seek(0)
    read = pd.read_csv(buffer, dtype=str)["case"]
    for name, lost in zip(known, read.isna(), strict=True):
        if lost:
            told = f"tables take the name {name!r} for a missing value"
            raise ReradError(told, where=where, remedy=f"Rename it where it comes from, for example to case_{name}")
