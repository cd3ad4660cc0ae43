"""How far a download is: a bar on a terminal, a line every tenth in a log."""

from __future__ import annotations

import logging
import threading
import time

from rerad.cohorts.sources.disk import amount
from rerad.core import bar

log = logging.getLogger(__name__)
EVERY_S = 0.2


class Progress:
    """Counts bytes and files of several threads.

    The total is what is known to come: a file of unknown size is added to it when its size is learnt.
    """

    def __init__(self, label: str, *, files: int, total: int) -> None:
        self.label, self.files, self.total = label, files, total
        self.bytes = self.done = 0
        self._lock = threading.Lock()
        self._start = self._shown = time.monotonic()
        self._tenth = 0

    def add(self, count: int) -> None:
        """Count bytes that have come (negative: that were thrown away)."""
        with self._lock:
            self.bytes += count
            if bar.on_terminal():
                if time.monotonic() - self._shown >= EVERY_S:
                    self._draw()
            elif self.total and (tenth := 10 * self.bytes // self.total) > self._tenth:
                self._tenth = tenth
                log.info("%s: %s of %s", self.label, amount(self.bytes), amount(self.total))

    def learn(self, count: int) -> None:
        """Add bytes to what is known to come."""
        with self._lock:
            self.total += count

    def end_file(self) -> None:
        """Count a file that is complete."""
        with self._lock:
            self.done += 1
            if bar.on_terminal():
                self._draw()
            elif self.done == self.files:
                log.info("%s: %d files, %s", self.label, self.files, amount(self.bytes))

    def _draw(self) -> None:
        self._shown = time.monotonic()
        share = self.bytes / self.total if self.total else 0.0
        rate = amount(self.bytes / max(1e-3, self._shown - self._start))
        text = f"{self.done}/{self.files} files, {amount(self.bytes)} of {amount(self.total)}, {rate}/s"
        bar.draw(self.label, share, text, over=self.done == self.files)
