"""Which code searches for a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.digest import code_digest
from rerad.models import MODELS
from rerad.training.code import input_module, is_network

TABLES = "rerad.search.tabular"
ARCHITECTURE = "rerad.search.architecture"
# By model, where it is neither the search of an architecture nor that of models of tables.
SEARCHERS = {"dense": "rerad.search.rates", "linear": "rerad.search.penalties"}


def searcher(settings: Mapping[str, Any]) -> str:
    """Return the name of the module that searches for a method; networks need heavy libraries, tables do not."""
    return ARCHITECTURE if is_network(settings) else SEARCHERS.get(settings["model"], TABLES)


def search_modules(settings: Mapping[str, Any]) -> list[str]:
    """Return the modules that, with all they import, decide what is chosen for a method."""
    opened = [input_module(settings)] if is_network(settings) else []
    return ["rerad.search.search", searcher(settings), *opened, MODELS[settings["model"]]]


def search_code(settings: Mapping[str, Any]) -> str:
    """Return the digest of the code that searches for a method."""
    return code_digest(search_modules(settings))
