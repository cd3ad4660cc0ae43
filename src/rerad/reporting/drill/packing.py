"""Data inside the page: small, and read only when somebody asks for them."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import pandas as pd


def packed(value: Any) -> str:
    """Return a value as JSON, compressed (gzip) and in base64, the same for the same value."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def columns_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as column → values, which are null where they are no number."""
    return {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame}


def _plain(value: Any) -> Any:
    return None if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
