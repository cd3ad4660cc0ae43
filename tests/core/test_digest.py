"""A digest follows real edits, at any depth of imports, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rerad.core import digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "rerad"
    (folder / "a").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "a" / "__init__.py").touch()
    (folder / "a" / "top.py").write_text(
        '"""Doc."""\n\n\ndef f():\n    from rerad.a import deep\n    return deep.VALUE\n'
    )
    (folder / "a" / "deep.py").write_text("VALUE = 1\n")
    (folder / "a" / "other.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(digest, "SOURCE", folder)
    return folder


def now(*files: Path) -> str:
    digest._read.cache_clear()
    return digest.code_digest(["rerad.a.top"], files=files)


def test_a_comment_and_a_docstring_change_nothing(package: Path) -> None:
    before = now()
    top = package / "a" / "top.py"
    top.write_text(top.read_text().replace('"""Doc."""', '"""Other."""  # comment') + "\n# end\n")
    assert now() == before


def test_an_edit_of_what_a_function_imports_counts(package: Path) -> None:
    before = now()
    (package / "a" / "deep.py").write_text("VALUE = 2\n")
    assert now() != before


def test_an_edit_elsewhere_does_not(package: Path) -> None:
    before = now()
    (package / "a" / "other.py").write_text("VALUE = 2\n")
    assert now() == before


def test_templates_count_by_their_bytes(package: Path) -> None:
    page = package / "page.j2"
    page.write_text("a")
    before = now(page)
    page.write_text("b")
    assert now(page) != before


def test_the_imports_of_this_module_are_found() -> None:
    digest._read.cache_clear()
    found = digest.reachable(["rerad.core.lock"])
    assert found == {"rerad", "rerad.core", *(f"rerad.core.{name}" for name in ("errors", "files", "life", "lock"))}
