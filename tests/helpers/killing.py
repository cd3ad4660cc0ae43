"""End a run after some of its steps, so that its state can be looked at."""

from __future__ import annotations

from types import ModuleType

import pytest


class KilledError(BaseException):
    """Ends a run as a kill does."""


def stop_at(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, step: int) -> None:
    """Let a run stop right after the ``step``-th call from now of a module's function."""
    whole, done = getattr(module, name), [0]

    def counted(*given, **more):
        measured = whole(*given, **more)
        done[0] += 1
        if done[0] == step:
            raise KilledError
        return measured

    monkeypatch.setattr(module, name, counted)
