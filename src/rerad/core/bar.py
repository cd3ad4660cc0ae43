"""A bar on a terminal; who has none writes lines to a log."""

from __future__ import annotations

import sys

WIDTH = 30


def on_terminal() -> bool:
    """Tell whether somebody looks at the standard error as it comes."""
    return sys.stderr.isatty()


def draw(label: str, share: float, text: str, *, over: bool) -> None:
    """Write a bar over the last one: ``label [███···] text``, filled by ``share``; a new line when it is ``over``."""
    filled = max(0, min(WIDTH, int(WIDTH * share)))
    end = "\n" if over else ""
    sys.stderr.write(f"\r{label} [{'█' * filled}{'·' * (WIDTH - filled)}] {text}\x1b[K{end}")
    sys.stderr.flush()
