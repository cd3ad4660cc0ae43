"""Files appear whole or not at all."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError, UnwritableError
from rerad.core.files import (
    appending,
    atomic,
    atomic_folder,
    finish,
    hand_over,
    new_array,
    remove_leftovers,
    sha256,
    unfinished,
    write_csv,
    write_json,
)

WRITERS = {
    "to_csv",
    "savefig",
    "save",
    "savez",
    "write_text",
    "write_bytes",
    "WriteImage",
    "dump",
    "to_excel",
    "to_html",
}


def test_the_target_appears_whole(tmp_path: Path) -> None:
    with atomic(tmp_path / "deep" / "a.csv") as part:
        part.write_text("half")
        assert not (tmp_path / "deep" / "a.csv").exists()
    assert (tmp_path / "deep" / "a.csv").read_text() == "half"


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.nii.gz"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic(target) as part:
        part.write_text("new")
        assert part.name.endswith(".nii.gz")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "stale").touch()
    with atomic_folder(tmp_path / "f") as part:
        (part / "fresh").touch()
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["fresh"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_what_is_appended_outlives_an_error_and_has_its_name_only_when_finished(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.zip"
    with pytest.raises(ZeroDivisionError), appending(target) as file:
        file.write(b"half")
        hand_over(file)
        raise ZeroDivisionError
    assert not target.exists()
    assert remove_leftovers(tmp_path) == 0
    with appending(target) as file:
        assert file.tell() == 4
        file.write(b" and half")
    finish(target)
    assert target.read_bytes() == b"half and half"
    assert not unfinished(target).exists()


def test_a_full_disk_is_named_while_appending(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"a\.zip: cannot be written \(No space left"), appending(tmp_path / "a.zip"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".part-12ab.a.csv").touch()
    (tmp_path / ".part-12ab.folder").mkdir()
    (tmp_path / "kept.csv").touch()
    assert remove_leftovers(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept.csv", "sub"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReradError, match=r"file/a\.csv|file: cannot be written.*paths\.results"):
        write_csv(tmp_path / "file" / "a.csv", pd.DataFrame({"a": [1]}))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ReradError, match="Permission denied"):
        write_json(tmp_path / "a.json", {})


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"a\.csv: cannot be written \(No space left"), atomic(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "error", [OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), OSError("1000 requested and 512 written")]
)
def test_a_full_disk_is_named_inside_a_folder_as_well(tmp_path: Path, error: OSError) -> None:
    told = r"f: cannot be written \((Disk quota exceeded|No space left on device)\)\. Free space"
    with pytest.raises(UnwritableError, match=told), atomic_folder(tmp_path / "f") as part:
        (part / "a").touch()
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", [atomic, atomic_folder])
def test_an_input_that_cannot_be_read_stays_what_it_is(tmp_path: Path, way: Callable[..., Any]) -> None:
    with pytest.raises(OSError, match="cannot identify image"), way(tmp_path / "f"):
        raise OSError("cannot identify image file")


def test_a_new_array_has_its_room_on_the_disk(tmp_path: Path) -> None:
    array = new_array(tmp_path / "a.npy", np.float32, (1000, 1000))
    assert (tmp_path / "a.npy").stat().st_blocks * 512 >= array.nbytes
    array[:] = 1
    array.flush()
    assert np.load(tmp_path / "a.npy").sum() == 1e6


def test_a_missing_input_is_not_taken_for_an_unwritable_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a.csv"):
        (tmp_path / "input").read_text()


def test_numbers_and_digest_are_stable(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", pd.DataFrame({"x": [0.1 + 0.2, None], "y": [1, 2]}))
    assert (tmp_path / "a.csv").read_bytes() == b"x,y\n0.3,1\n,2\n"
    write_csv(tmp_path / "a.csv", pd.DataFrame({"x": [0.1 + 0.2, None], "y": [1, 2]}), exact=True)
    assert (tmp_path / "a.csv").read_bytes() == b"x,y\n0.30000000000000004,1\n,2\n"
    (tmp_path / "abc").write_bytes(b"abc")  # the test vector of FIPS 180-2
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# Paths handed on from inside an atomic block, and buffers in memory.
SAFE_TARGETS = {"part", "buffer", "stream"}


def _root(node: ast.expr) -> str:
    """Return the name that an expression such as ``part / "a.png"`` or ``str(part)`` begins with."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.BinOp):
            node = node.left
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and node.args:
            node = node.args[0]
        else:
            return ""
    return node.id


def _writes_outside_the_helper(tree: ast.AST) -> list[str]:
    """Return calls that write a file but do not stand inside a `with atomic(…)` block."""
    safe: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
            names = {getattr(call.func, "id", getattr(call.func, "attr", "")) for call in calls}
            if names & {"atomic", "atomic_folder"}:
                safe.update(id(inner) for inner in ast.walk(node))
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in safe:
            continue
        if any(_root(argument) in SAFE_TARGETS for argument in node.args):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS and _root(node.func) != "ast":
            found.append(f"line {node.lineno}: {node.func.attr}")
        constants = [
            a.value for a in [*node.args[1:], *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)
        ]
        opens = getattr(node.func, "id", getattr(node.func, "attr", "")) == "open"
        if opens and any(isinstance(mode, str) and mode[:1] in ("w", "a", "x") for mode in constants):
            found.append(f"line {node.lineno}: open")
    return found


def test_every_write_goes_through_the_helper(root: Path) -> None:
    offenders = {
        str(path.relative_to(root)): found
        for path in sorted((root / "src").rglob("*.py"))
        # files.py is the helper; the lock is a lock and no result
        if path.name not in ("files.py", "lock.py")
        and (found := _writes_outside_the_helper(ast.parse(path.read_text())))
    }
    assert offenders == {}


def test_the_check_on_writes_sees_a_plain_write() -> None:
    assert _writes_outside_the_helper(ast.parse("table.to_csv(path)")) == ["line 1: to_csv"]
    assert _writes_outside_the_helper(ast.parse("open(path, 'w')")) == ["line 1: open"]
    assert _writes_outside_the_helper(ast.parse("Path(x).write_text('a')")) == ["line 1: write_text"]
    assert _writes_outside_the_helper(ast.parse("np.save(folder / 'a.npy', b)")) == ["line 1: save"]
    assert _writes_outside_the_helper(ast.parse("with atomic(path) as part:\n    table.to_csv(part)")) == []
