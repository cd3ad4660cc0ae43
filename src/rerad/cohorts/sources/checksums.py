"""Checksums of a file while it arrives, and of one that is there."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from rerad.core.errors import ConfigError

LENGTHS = {"md5": 32, "sha256": 64}
BLOCK = 2**20


def parse(checksum: str, *, where: str) -> tuple[str, str]:
    """Return algorithm and hexadecimal digest, in lower case, of ``md5:…`` or ``sha256:…``.

    Raises:
        ConfigError: another algorithm, length or letter.
    """
    name, _, digest = checksum.strip().lower().partition(":")
    if name not in LENGTHS or not re.fullmatch(rf"[0-9a-f]{{{LENGTHS.get(name, 0)}}}", digest):
        raise ConfigError(
            f"{checksum!r} is no checksum", where=where, remedy="Write md5: or sha256: and the hexadecimal digits"
        )
    return name, digest


class Digests:
    """SHA-256, which the manifest needs, and the published checksum of the bytes seen so far.

    A connection that is cut loses none of it: the next one goes on with the state.
    """

    def __init__(self, checksum: str = "") -> None:
        self.published = parse(checksum, where="checksum") if checksum else None
        self.restart()

    def restart(self) -> None:
        """Forget all bytes."""
        self.size = 0
        names = {"sha256"} | ({self.published[0]} if self.published else set())
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in names}

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        for state in self._hashes.values():
            state.update(data)

    def take_file(self, path: Path) -> None:
        """Start anew with the bytes of a file."""
        self.restart()
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                self.add(block)

    @property
    def sha256(self) -> str:
        """The SHA-256 so far."""
        return self._hashes["sha256"].hexdigest()

    def difference(self) -> str:
        """Return what is wrong with the checksum, or nothing if it fits or none is published."""
        if not self.published:
            return ""
        name, expected = self.published
        found = self._hashes[name].hexdigest()
        return "" if found == expected else f"{name} {found[:12]}… for {expected[:12]}…"
