"""Digests of code: what a real edit changes, and a comment does not."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "rerad"
SOURCE = Path(__file__).resolve().parents[1]


def code_digest(modules: Iterable[str], *, files: Iterable[str | Path] = ()) -> str:
    """Return a digest of the syntax trees, without docstrings, of modules and of all they import from this package.

    Imports inside functions count. ``files`` adds other sources: scripts by their syntax tree, templates by
    their bytes.

    Raises:
        ModuleNotFoundError: a module is not part of the package.
    """
    digest = hashlib.sha256()
    for name in sorted(reachable(modules)):
        digest.update(f"{name}\n{_read(_path_of(name)).digest}\n".encode())
    for path in sorted(map(Path, files)):
        content = _read(path).digest if path.suffix == ".py" else hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.name}\n{content}\n".encode())
    return digest.hexdigest()[:16]


def reachable(modules: Iterable[str]) -> set[str]:
    """Return the names of the given modules and of every module of this package that they import, at any depth."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_read(_path_of(name)).imports)
    return seen


class Source(NamedTuple):
    """What a source imports from this package, and the digest of its syntax tree without docstrings."""

    imports: frozenset[str]
    digest: str


@functools.cache
def _read(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            found.add(node.module)
            found.update(full for alias in node.names if _exists(full := f"{node.module}.{alias.name}"))
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
    # Importing a.b.c runs a and a.b first.
    imports = frozenset(parent for module in found for parent in _with_parents(module))
    return Source(imports, hashlib.sha256(ast.dump(tree).encode()).hexdigest())


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield a tree and its statements at any depth: all that can import, in a tenth of the nodes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, part, ()))


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _candidates(name: str) -> tuple[Path, Path]:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path.with_suffix(".py"), path / "__init__.py"


def _exists(name: str) -> bool:
    return any(path.is_file() for path in _candidates(name))


def _path_of(name: str) -> Path:
    if name == PACKAGE:
        return SOURCE / "__init__.py"
    for path in _candidates(name):
        if path.is_file():
            return path
    raise ModuleNotFoundError(f"{name} is not a module of {PACKAGE}")
