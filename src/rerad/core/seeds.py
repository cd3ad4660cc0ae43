"""Seeds of jobs, derived from the run's seed and what the job is about."""

from __future__ import annotations

import hashlib


def derive(seed: int, *parts: str | int) -> int:
    """Return a 32-bit seed that depends on ``seed`` and on every part (cohort, method, fold, …) in order."""
    text = "\x1f".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
