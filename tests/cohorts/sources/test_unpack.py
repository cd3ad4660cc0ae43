"""What comes out of an archive stays in its folder, is whole, and has an end."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rerad.cohorts.manifest import Entry
from rerad.cohorts.sources import unpack as module
from rerad.cohorts.sources.unpack import RECEIPT, DamagedError, unpack, unpacked_before
from rerad.core.errors import ReradError

NOISE = os.urandom(300_000)
FILES = {"a.bin": NOISE, "deep/er/b.txt": b"text", "empty": b"", "zeros": bytes(4000)}
TARS = ["w", "w:gz", "w:bz2", "w:xz"]


def make_zip(path: Path, files: dict[str, bytes], *, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(archive: Path, folder: Path, message: str, **more: Any) -> None:
    """Check that nothing at all came out, inside the folder or beside it."""
    before = contents(folder.parent)
    with pytest.raises(ReradError, match=message):
        unpack(archive, folder, **more)
    assert not folder.exists()
    after = contents(folder.parent)
    assert {name for name in after if not name.endswith(".lock")} == {
        name for name in before if not name.endswith(".lock")
    }


@pytest.mark.parametrize("mode", ["zip", *TARS])
def test_every_file_comes_out(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "x"
    make_zip(archive, FILES) if mode == "zip" else make_tar(archive, FILES, mode)
    entries = unpack(archive, tmp_path / "out")
    found = contents(tmp_path / "out")
    del found[RECEIPT]
    assert found == FILES
    assert entries == {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()}


def test_long_and_foreign_names_in_a_tar(tmp_path: Path) -> None:
    name = "é" * 60 + "/" + "x" * 120
    for style in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "x.tar", "w", format=style) as archive:
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
        assert set(unpack(tmp_path / "x.tar", tmp_path / str(style))) == {name}


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "..\\evil", "C:\\evil", "C:evil", "a/\n"])
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_entries_that_leave_the_folder(tmp_path: Path, name: str, make) -> None:  # type: ignore[no-untyped-def]
    refused(make(tmp_path / "x", {"good": b"x", name: b"evil"}), tmp_path / "out", "would leave the folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc"
        archive.addfile(info)
        inner = tarfile.TarInfo("link/evil")
        inner.size = 4
        archive.addfile(inner, io.BytesIO(b"evil"))
    refused(tmp_path / "x.tar", tmp_path / "out", "link: a link or device")


def test_links_in_a_zip(tmp_path: Path) -> None:
    refused(make_zip(tmp_path / "x.zip", {"link": b"/etc"}, mode=0o120777), tmp_path / "out", "link: a link or device")


@pytest.mark.parametrize("make", [make_zip, lambda path, files: make_tar(path, files, "w:gz")])
def test_a_bomb_by_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "HARMLESS", 1_000_000)
    archive = make(tmp_path / "x", {"zeros": bytes(30_000_000)})
    assert 30_000_000 / archive.stat().st_size > 500
    refused(archive, tmp_path / "out", "more than .* would come out")


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_bomb_by_size(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    archive = make(tmp_path / "x", {"a": NOISE, "b": NOISE, "c": NOISE})
    refused(archive, tmp_path / "out", "more than 899.9 kB would come out", largest=899_900)
    assert len(unpack(archive, tmp_path / "out", largest=900_000)) == 3


def test_a_zip_that_says_less_than_it_holds(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "x.zip", {"zeros": bytes(30_000_000)})
    data = archive.read_bytes()
    assert data.count(struct.pack("<I", 30_000_000)) == 2
    archive.write_bytes(data.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 1000)))
    refused(archive, tmp_path / "out", "truncated, damaged or encrypted", largest=10_000)


def test_a_tar_whose_long_name_never_ends(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**33
    (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 10_000)
    refused(tmp_path / "x.tar", tmp_path / "out", "a header of 8589934592 bytes")


@pytest.mark.parametrize("mode", ["zip", *TARS])
def test_an_archive_cut_at_every_tenth(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "x"
    make_zip(archive, FILES) if mode == "zip" else make_tar(archive, FILES, mode)
    data = archive.read_bytes()
    for end in [len(data) * tenth // 10 for tenth in range(10)] + [len(data) - 1 if mode in ("zip", "w:gz") else 512]:
        archive.write_bytes(data[:end])
        refused(archive, tmp_path / "out", "truncated, damaged or encrypted")


def test_a_tar_cut_between_two_files(tmp_path: Path) -> None:
    data = make_tar(tmp_path / "x", {"a": b"1", "zeros": bytes(4096), "b": b"2"}).read_bytes()
    for block in range(0, 512 * 14, 512):  # at every block up to the end mark
        (tmp_path / "x").write_bytes(data[:block])
        refused(tmp_path / "x", tmp_path / "out", "truncated, damaged")


@pytest.mark.parametrize("mode", ["zip", "w:gz", "w:bz2", "w:xz"])
def test_damaged_bytes(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "x"
    make_zip(archive, FILES) if mode == "zip" else make_tar(archive, FILES, mode)
    data = bytearray(archive.read_bytes())
    data[150_000] ^= 0xFF
    archive.write_bytes(data)
    refused(archive, tmp_path / "out", "truncated, damaged or encrypted")


@pytest.mark.parametrize("mode", ["zip", *TARS])
def test_bytes_at_random_give_our_errors_or_what_was_packed(tmp_path: Path, mode: str) -> None:
    archive, draw = tmp_path / "x", random.Random(mode)
    files = {"a.bin": NOISE[:3000], "deep/b.txt": b"text" * 200, "empty": b""}
    make_zip(archive, files) if mode == "zip" else make_tar(archive, files, mode)
    data = archive.read_bytes()
    accepted = 0
    for _ in range(120):
        changed = bytearray(data)
        for _ in range(draw.choice([1, 3, 20])):
            changed[draw.randrange(len(data))] = draw.randrange(256)
        archive.write_bytes(changed)
        try:
            entries = unpack(archive, tmp_path / "out", largest=10**6)
        except ReradError:
            continue
        accepted += 1
        # A plain tar has no checksum of its contents, a zip none of its names and of the number of its entries.
        if mode != "w":
            came = {entry.sha256 for entry in entries.values()}
            assert came <= {hashlib.sha256(content).hexdigest() for content in files.values()}
    assert accepted < 120
    assert {path.name for path in tmp_path.iterdir()} <= {"x", "out", ".out.lock"}


def test_an_encrypted_zip_and_a_file_that_is_no_archive(tmp_path: Path) -> None:
    data = bytearray(make_zip(tmp_path / "x", {"a": b"secret"}).read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + offset] |= 1
    (tmp_path / "x").write_bytes(data)
    refused(tmp_path / "x", tmp_path / "out", "encrypted")
    (tmp_path / "x").write_bytes(NOISE)
    refused(tmp_path / "x", tmp_path / "out", "truncated, damaged")
    (tmp_path / "x").write_bytes(b"")
    refused(tmp_path / "x", tmp_path / "out", "truncated, damaged")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a", "./a", "a/b"])
def test_two_entries_of_one_name(tmp_path: Path, second: str) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr(second, b"2")
    refused(tmp_path / "x", tmp_path / "out", "stands twice|cannot be written")


def test_what_came_out_before_is_not_unpacked_again_unless_it_changed(tmp_path: Path) -> None:
    archive, out = make_zip(tmp_path / "x", FILES), tmp_path / "out"
    entries = unpack(archive, out)
    made = (out / "a.bin").stat().st_ino
    assert unpack(archive, out) == entries
    assert (out / "a.bin").stat().st_ino == made
    for change in (
        lambda: (out / "empty").unlink(),
        lambda: (out / "zeros").write_bytes(b"1" * 4000),
        lambda: (out / "new").touch(),
        lambda: (out / RECEIPT).write_text("[]"),
    ):
        change()
        assert unpack(archive, out) == entries
        found = contents(out)
        del found[RECEIPT]
        assert found == FILES
    assert unpacked_before(out) == entries  # of whichever archive
    make_zip(archive, {"other": b"x"})
    assert set(unpack(archive, out)) == {"other"}


@pytest.mark.parametrize("mode", ["zip", *TARS])
def test_only_what_is_wanted_comes_out(tmp_path: Path, mode: str) -> None:
    make = make_zip if mode == "zip" else lambda path, files: make_tar(path, files, mode)
    archive, out = make(tmp_path / "x", FILES), tmp_path / "out"
    for keep, names in (
        (["deep/er/*.txt"], {"deep/er/b.txt"}),
        (["*.txt", "empty"], {"deep/er/b.txt", "empty"}),
        ([], set(FILES)),
        (["[z]eros"], {"zeros"}),
    ):
        assert unpack(archive, out, keep=keep) == {
            name: entry for name, entry in unpack(archive, tmp_path / "all").items() if name in names
        }
        found = contents(out)
        del found[RECEIPT]
        assert found == {name: FILES[name] for name in names}


def test_what_is_not_wanted_is_looked_at_all_the_same(tmp_path: Path) -> None:
    wanted = {"keep": ["a.bin"]}
    refused(make_tar(tmp_path / "x", {"a.bin": b"1", "../evil": b"2"}), tmp_path / "out", "leave the folder", **wanted)
    refused(
        make_tar(tmp_path / "y", {"b": bytes(2000), "a.bin": b"1"}), tmp_path / "out", "bomb", largest=1000, **wanted
    )
    refused(make_tar(tmp_path / "z", FILES), tmp_path / "out", "no entry fits 'c'", keep=["a.bin", "c"])


def test_what_was_unpacked_is_no_proof_by_being_there(tmp_path: Path) -> None:
    assert unpacked_before(tmp_path) is None
    out = tmp_path / "out"
    unpack(make_zip(tmp_path / "x", FILES), out)
    (out / "zeros").write_bytes(b"1" * 4000)
    assert unpacked_before(out) is None
    (tmp_path / "beside").write_bytes(b"x")
    entry = [1, hashlib.sha256(b"x").hexdigest()]
    for files in ({"../beside": entry}, {str(tmp_path / "beside"): entry}):
        for path in out.iterdir():
            path.unlink() if path.is_file() else shutil.rmtree(path)
        (out / RECEIPT).write_text(json.dumps({"archive": "", "files": files}))
        assert unpacked_before(out) is None


def test_the_caller_says_what_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def accept(part: Path, files: dict[str, Entry]) -> dict[str, Entry]:
        assert not out.exists()
        assert contents(part) == FILES
        return {name: entry for name, entry in files.items() if name != "zeros"}

    entries = unpack(make_zip(tmp_path / "x", FILES), out, accept=accept)
    assert sorted(contents(out)) == sorted({*FILES, RECEIPT} - {"zeros"})
    assert unpacked_before(out) == entries


def test_what_the_caller_refuses_leaves_nothing(tmp_path: Path) -> None:
    def accept(part: Path, files: dict[str, Entry]) -> dict[str, Entry]:
        raise DamagedError("wrong", where="there")

    refused(make_zip(tmp_path / "x", FILES), tmp_path / "out", "there: wrong", accept=accept)


SCRIPT = """
import resource, sys
from pathlib import Path
from rerad.cohorts.sources import unpack as module
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
else:
    copy = module._copy
    def slow(member, target, *more, **named):
        if member.name == "zeros":
            print("half", flush=True)
            sys.stdin.readline()
        return copy(member, target, *more, **named)
    module._copy = slow
try:
    print(len(module.unpack(Path(sys.argv[1]), Path(sys.argv[2]))))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def run(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_process_killed_while_unpacking_leaves_nothing_to_be_trusted(tmp_path: Path) -> None:
    archive, out = make_zip(tmp_path / "x", FILES), tmp_path / "out"
    process = run(archive, out)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.communicate()
    assert not out.exists()
    assert any(path.name.endswith(".out") and path.name.startswith(".part-") for path in tmp_path.iterdir())
    unpack(archive, out)
    found = contents(out)
    del found[RECEIPT]
    assert found == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.lock", "out", "x"]


def test_two_processes_unpack_once(tmp_path: Path) -> None:
    archive, out = make_zip(tmp_path / "x", FILES), tmp_path / "out"
    first = run(archive, out)
    assert first.stdout is not None
    assert first.stdout.readline() == "half\n"
    second = run(archive, out)
    time.sleep(1)
    assert second.poll() is None
    assert first.communicate("\n", timeout=20)[0].split() == ["4"]
    assert second.communicate(timeout=20)[0].split() == ["4"]  # it never came to the slow file


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    process = run(make_zip(tmp_path / "x", FILES), tmp_path / "out", 100_000)
    assert "cannot be written (File too large)" in process.communicate(timeout=20)[1]
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.lock", "x"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_space_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("shutil.disk_usage", lambda _: os.terminal_size((0, 0)) and type("U", (), {"free": 299_999})())
    refused(make(tmp_path / "x", {"a": NOISE}), tmp_path / "out", r"are needed and 300\.0 kB are free")
