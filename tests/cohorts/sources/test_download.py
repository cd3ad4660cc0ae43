"""Nothing lost, nothing accepted twice, nothing wrong accepted, whatever the network does."""

from __future__ import annotations

import hashlib
import logging
import re
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, serve

from rerad.cohorts.sources import client
from rerad.cohorts.sources.checksums import Digests
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.receipts import is_there, remove
from rerad.cohorts.sources.remote import Remote, Token
from rerad.core.errors import ReradError
from rerad.core.files import unfinished

CONTENT = bytes(range(256)) * 4000  # 1 MB
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()
SHA = hashlib.sha256(CONTENT).hexdigest()

SCRIPT = """
import resource, sys
from pathlib import Path
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Remote
url, checksum, folder, limit = sys.argv[1:5]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
print("started", flush=True)
try:
    print(download([Remote("a.bin", url, checksum=checksum)], Path(folder))[0].sha256)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def start(url: str, folder: Path, *, checksum: str = MD5, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, url, checksum, str(folder), str(limit)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("checksum", [MD5, f"sha256:{SHA}", ""])
def test_a_file_arrives_with_its_row(archive: ArchiveServer, tmp_path: Path, checksum: str) -> None:
    url = archive.put("/a", CONTENT)
    rows = download([Remote("deep/a.bin", url, len(CONTENT), checksum, "CC0", "10.1/x")], tmp_path / "c")
    assert rows == [("deep/a.bin", len(CONTENT), SHA, url, "CC0", "10.1/x")]
    assert (tmp_path / "c" / "deep" / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("checksum", [MD5, ""])
def test_a_connection_cut_at_every_tenth_loses_no_byte(archive: ArchiveServer, tmp_path: Path, checksum: str) -> None:
    cuts = [Fault(cut_at=len(CONTENT) * tenth // 10) for tenth in range(10)]
    url = archive.put("/a", CONTENT, *cuts)
    download([Remote("a.bin", url, checksum=checksum)], tmp_path / "c")
    assert (tmp_path / "c" / "a.bin").read_bytes() == CONTENT
    assert archive.count("/a") == 11
    assert sum(archive.sent) == len(CONTENT)  # each byte was sent once


def test_without_a_validator_or_a_checksum_a_cut_file_starts_anew(archive: ArchiveServer, tmp_path: Path) -> None:
    archive.etags = False
    url = archive.put("/a", CONTENT, Fault(cut_at=1000))
    download([Remote("a.bin", url)], tmp_path / "c")
    assert (tmp_path / "c" / "a.bin").read_bytes() == CONTENT
    assert "Range" not in archive.asked[1][1]


@pytest.mark.parametrize("checksum", [True, False])
def test_a_file_that_changes_between_two_parts_is_not_mixed(
    archive: ArchiveServer, tmp_path: Path, checksum: bool
) -> None:
    old = b"x" * len(CONTENT)
    url = archive.put("/a", CONTENT, Fault(content=old, cut_at=5000))
    download([Remote("a.bin", url, checksum=MD5 if checksum else "")], tmp_path / "c")
    assert (tmp_path / "c" / "a.bin").read_bytes() == CONTENT


def test_a_server_that_ignores_ranges(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT, Fault(cut_at=5000), Fault(ignore_range=True))
    download([Remote("a.bin", url, checksum=MD5)], tmp_path / "c")
    assert (tmp_path / "c" / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(
    archive: ArchiveServer, tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = archive.put("/a", CONTENT, Fault(status, {"Retry-After": "1"}), Fault(status, {"Retry-After": "0"}))
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING):
        download([Remote("a.bin", url, checksum=MD5)], tmp_path / "c")
    assert time.monotonic() - begun >= 1.0
    assert re.findall(r"again in ([\d.]+) s", caplog.text) == ["1.0", "0.0"]
    assert archive.count("/a") == 3


def test_retry_after_is_seconds_or_a_date() -> None:
    assert client.retry_after("120") == 120
    assert client.retry_after(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=2)
    assert client.retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
    assert client.retry_after("soon") is None
    assert client.retry_after("") is None


def test_a_server_that_wants_hours_ends_the_run(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT, Fault(503, {"Retry-After": "7200"}))
    with pytest.raises(ReradError, match="status 503, to be tried again in 120 minutes"):
        download([Remote("a.bin", url)], tmp_path / "c")


def test_a_server_that_stays_broken_is_given_up(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT, *[Fault(500)] * 50)
    with pytest.raises(ReradError, match=r"a\.bin: given up: status 500"):
        download([Remote("a.bin", url)], tmp_path / "c")
    assert archive.count("/a") == client.ATTEMPTS


def test_nobody_listens(tmp_path: Path) -> None:
    with serve() as gone:
        url = gone.url("/a")
    with pytest.raises(ReradError, match="given up: ConnectError"):
        download([Remote("a.bin", url)], tmp_path / "c")


def test_a_wrong_checksum_twice_then_right(archive: ArchiveServer, tmp_path: Path) -> None:
    wrong = Fault(content=CONTENT[::-1])
    url = archive.put("/a", CONTENT, wrong, wrong)
    assert download([Remote("a.bin", url, checksum=MD5)], tmp_path / "c")[0].sha256 == SHA
    assert archive.count("/a") == 3


def test_a_wrong_checksum_three_times_is_refused(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT[::-1])
    with pytest.raises(
        ReradError, match=r"a\.bin: given up: md5 [0-9a-f]{12}… for [0-9a-f]{12}….*check address and checksum"
    ):
        download([Remote("a.bin", url, checksum=MD5)], tmp_path / "c")
    assert names(tmp_path / "c") == []


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x"])
@pytest.mark.parametrize("no_length", [True, False])
def test_a_wrong_size_is_refused(archive: ArchiveServer, tmp_path: Path, content: bytes, no_length: bool) -> None:
    url = archive.put("/a", content, *[Fault(no_length=no_length)] * 3)
    with pytest.raises(ReradError, match=r"given up: .*bytes"):
        download([Remote("a.bin", url, len(CONTENT))], tmp_path / "c")
    assert names(tmp_path / "c") == []


def test_an_answer_that_cannot_be_proven_whole_is_refused(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT, Fault(no_length=True), Fault(no_length=True))
    with pytest.raises(ReradError, match="does not say how long the file is"):
        download([Remote("a.bin", url)], tmp_path / "c")
    assert download([Remote("a.bin", url, checksum=MD5)], tmp_path / "c")[0].sha256 == SHA


def test_a_file_that_proves_itself_may_have_any_length(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT, Fault(no_length=True))
    remote = Remote("a.bin", url, self_proving=True)
    assert download([remote], tmp_path)[0].sha256 == SHA
    assert download([remote], tmp_path)[0].sha256 == SHA
    assert archive.count("/a") == 1


def test_a_web_page_is_no_file(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", b"<html>Please log in</html>", Fault(headers={"Content-Type": "text/html; charset=utf-8"}))
    with pytest.raises(ReradError, match="a web page instead of the file"):
        download([Remote("a.bin", url)], tmp_path / "c")


def test_an_empty_file(archive: ArchiveServer, tmp_path: Path) -> None:
    assert download([Remote("a", archive.put("/a", b""))], tmp_path)[0].size == 0


@pytest.mark.parametrize("checksum", [MD5, ""])
def test_what_is_there_and_right_is_not_asked_for(archive: ArchiveServer, tmp_path: Path, checksum: str) -> None:
    remote = Remote("a.bin", archive.put("/a", CONTENT), checksum=checksum)
    first = download([remote], tmp_path / "c")
    assert download([remote], tmp_path / "c") == first
    assert archive.count("/a") == 1
    (tmp_path / "c" / "a.bin").write_bytes(CONTENT[::-1])
    assert download([remote], tmp_path / "c") == first
    assert (tmp_path / "c" / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["a.bin", ".a.bin.unfinished", ".a.bin.receipt.json"])
@pytest.mark.parametrize("came_before", [False, True])
@pytest.mark.parametrize("checksum", [MD5, ""])
def test_a_folder_in_the_place_of_a_file_is_named_before_the_first_byte(
    archive: ArchiveServer, tmp_path: Path, name: str, came_before: bool, checksum: str
) -> None:
    remote = Remote("a.bin", archive.put("/a", CONTENT), checksum=checksum)
    if came_before:
        download([remote], tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name / "b").mkdir(parents=True)
    archive.asked.clear()
    told = rf"{re.escape(name)}: a folder stands where a file belongs\. Move it away"
    with pytest.raises(ReradError, match=told):
        download([remote], tmp_path)
    assert archive.asked == []
    with pytest.raises(ReradError, match=told):
        is_there(remote, tmp_path / "a.bin", Digests(checksum))
    with pytest.raises(ReradError, match=told):
        remove(tmp_path / "a.bin")
    (tmp_path / name).rename(tmp_path / "away")
    assert download([remote], tmp_path)[0].sha256 == SHA


def test_another_address_without_a_checksum_is_asked(archive: ArchiveServer, tmp_path: Path) -> None:
    download([Remote("a.bin", archive.put("/a", CONTENT))], tmp_path)
    assert download([Remote("a.bin", archive.put("/b", b"new"))], tmp_path)[0].size == 3


def test_what_a_killed_process_left_is_resumed(archive: ArchiveServer, tmp_path: Path) -> None:
    part = unfinished(tmp_path / "a.bin")
    part.write_bytes(CONTENT[:400_000])
    url = archive.put("/a", CONTENT)
    download([Remote("a.bin", url, checksum=MD5)], tmp_path)
    assert archive.sent == [len(CONTENT) - 400_000]
    assert not part.exists()


@pytest.mark.parametrize("left", [b"other bytes", CONTENT + b"longer", CONTENT[:-1] + b"!"])
@pytest.mark.parametrize("checksum", [MD5, ""])
def test_wrong_bytes_left_behind_are_thrown_away(
    archive: ArchiveServer, tmp_path: Path, left: bytes, checksum: str
) -> None:
    unfinished(tmp_path / "a.bin").write_bytes(left)
    download([Remote("a.bin", archive.put("/a", CONTENT), checksum=checksum)], tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_complete_file_that_was_not_renamed_needs_no_request(archive: ArchiveServer, tmp_path: Path) -> None:
    unfinished(tmp_path / "a.bin").write_bytes(CONTENT)
    download([Remote("a.bin", archive.put("/a", CONTENT), len(CONTENT), MD5)], tmp_path)
    assert archive.asked == []


def test_two_processes_fetch_once(archive: ArchiveServer, tmp_path: Path) -> None:
    archive.hold.clear()
    url = archive.put("/a", CONTENT)
    both = [start(url, tmp_path / "c", checksum=checksum) for checksum in (MD5, MD5)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
    while not archive.asked:
        time.sleep(0.01)
    time.sleep(0.3)
    archive.hold.set()
    assert [process.communicate(timeout=30)[0].strip() for process in both] == [SHA, SHA]
    assert archive.count("/a") == 1


def test_a_process_killed_in_the_middle_loses_little(archive: ArchiveServer, tmp_path: Path) -> None:
    big = CONTENT * 40
    checksum = "md5:" + hashlib.md5(big).hexdigest()
    url = archive.put("/a", big, Fault(stall_at=len(big) // 2))
    process = start(url, tmp_path, checksum=checksum)
    here = unfinished(tmp_path / "a.bin")
    while not here.exists() or here.stat().st_size < len(big) // 4:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (tmp_path / "a.bin").exists()
    kept = here.stat().st_size
    archive.hold.set()
    process = start(url, tmp_path, checksum=checksum)
    assert process.communicate(timeout=30)[0].split()[1] == hashlib.sha256(big).hexdigest()
    assert archive.sent[-1] == len(big) - kept


def test_a_full_disk_is_named_at_once_and_gone_on_from(archive: ArchiveServer, tmp_path: Path) -> None:
    url = archive.put("/a", CONTENT)
    process = start(url, tmp_path, limit=300_000)
    _, errors = process.communicate(timeout=30)
    assert "a.bin: cannot be written (File too large). Free space" in errors
    assert archive.count("/a") == 1
    here = unfinished(tmp_path / "a.bin")
    assert CONTENT.startswith(here.read_bytes())
    kept = here.stat().st_size
    process = start(url, tmp_path)
    assert process.communicate(timeout=30)[0].split() == ["started", SHA]
    assert archive.sent[1] == len(CONTENT) - kept


@pytest.mark.parametrize("size", [10**16, None])
def test_space_is_checked_first(archive: ArchiveServer, tmp_path: Path, size: int | None) -> None:
    url = archive.put("/a", b"x", Fault(headers={"Content-Length": str(10**16)}, no_length=True))
    with pytest.raises(ReradError, match=r"10000\.00 TB are needed and .* are free.*paths\.data"):
        download([Remote("a.bin", url, size)], tmp_path)
    assert archive.count("/a") == (size is None)


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "..\\a", "C:a", "", "a\n"])
def test_names_that_leave_the_folder(archive: ArchiveServer, tmp_path: Path, name: str) -> None:
    with pytest.raises(ReradError, match="would leave the folder"):
        download([Remote(name, archive.put("/a", CONTENT))], tmp_path / "c")
    assert archive.asked == []


@pytest.mark.parametrize(
    ("remotes", "message"),
    [
        ([("a", "ftp://x/a", "")], "not http"),
        ([("a", "https://me:hunter2@x/a", "")], "carries a password"),
        ([("a", "https://x/a", "md5:12")], "is no checksum"),
        ([("a", "https://x/a", ""), ("./a", "https://x/b", "")], "written by two addresses"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, remotes: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(ReradError, match=message) as refused:
        download([Remote(file, url, checksum=checksum) for file, url, checksum in remotes], tmp_path)
    assert "hunter2" not in str(refused.value)


def test_at_most_so_many_at_a_time(archive: ArchiveServer, tmp_path: Path) -> None:
    archive.hold.clear()
    remotes = [Remote(f"{n}", archive.put(f"/{n}", CONTENT)) for n in range(12)]
    seen: list[int] = []
    watch = threading.Thread(target=lambda: (time.sleep(0.7), seen.append(len(archive.asked)), archive.hold.set()))
    watch.start()
    rows = download(remotes, tmp_path, workers=3)
    watch.join()
    assert seen == [3]
    assert [row.file for row in rows] == [str(n) for n in range(12)]


def test_one_missing_file_ends_the_others_soon_and_is_the_one_named(archive: ArchiveServer, tmp_path: Path) -> None:
    good = [
        Remote(f"{n}", archive.put(f"/{n}", CONTENT, *[Fault(503, {"Retry-After": "60"})] * (n == 0))) for n in range(2)
    ]
    begun = time.monotonic()
    with pytest.raises(ReradError, match=r"/gone: status 404"):
        download([*good, Remote("gone", archive.url("/gone"))], tmp_path, workers=3)
    assert time.monotonic() - begun < 50  # the busy server asks for a minute
    assert not (tmp_path / "1").exists() or (tmp_path / "1").read_bytes() == CONTENT


SECRET = "s3cr3t-t0ken"


@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_token_is_named_and_never_shown(
    archive: ArchiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    url = archive.put("/a", CONTENT, Fault(503), Fault(status))
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ReradError, match=f"status {status}: the token in MY_TOKEN is refused") as refused,
    ):
        download([Remote("a", url, token=Token("MY_TOKEN"))], tmp_path)
    assert archive.asked[0][1]["Authorization"] == f"Bearer {SECRET}"
    assert "status 503" in caplog.text
    assert SECRET not in caplog.text + str(refused.value) + repr(refused.value)
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("value", ["", "  ", f"{SECRET}\nX-Other: 1", f"{SECRET} two", f"{SECRET}é"])
def test_a_missing_or_odd_token_asks_nobody(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MY_TOKEN", value)
    with pytest.raises(ReradError, match=r"^MY_TOKEN: ") as refused:
        download([Remote("a", archive.put("/a", CONTENT), token=Token("MY_TOKEN"))], tmp_path)
    assert archive.asked == []
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("header", ["Authorization", "X-Auth-Token"])
def test_a_token_does_not_follow_a_redirect_to_another_server(
    archive: ArchiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    header: str,
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    with serve() as store, caplog.at_level(logging.DEBUG):
        store.put("/real?signature=abc123", CONTENT)
        here = Fault(302, {"Location": "/b"})
        there = Fault(302, {"Location": store.url("/real?signature=abc123")})
        url = archive.put("/a", CONTENT, here)
        archive.put("/b", CONTENT, there)
        assert download([Remote("a", url, token=Token("MY_TOKEN", header, ""))], tmp_path)[0].sha256 == SHA
        assert archive.asked[1][1][header] == SECRET
        assert header not in store.asked[0][1]
    assert "abc123" not in caplog.text


def test_the_proxy_of_the_environment_is_asked(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", archive.address)
    monkeypatch.setenv("http_proxy", archive.address)
    archive.put("http://archive.example/a", CONTENT)  # a proxy is asked for the full address
    assert download([Remote("a", "http://archive.example/a", checksum=MD5)], tmp_path)[0].sha256 == SHA


def test_an_unusable_proxy_is_named_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:hunter2@proxy:1")
    monkeypatch.setenv("http_proxy", "gopher://me:hunter2@proxy:1")
    with pytest.raises(ReradError, match="the proxy settings cannot be used") as refused:
        download([Remote("a", "http://archive.example/a")], tmp_path)
    assert "hunter2" not in str(refused.value)


def test_progress_is_in_the_log_and_not_on_a_pipe(
    archive: ArchiveServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        download([Remote("a", archive.put("/a", CONTENT), len(CONTENT))], tmp_path, label="sts")
    assert "sts: 1 files, 1.0 MB" in caplog.text
    assert capsys.readouterr().err == ""


def test_the_bar_of_a_terminal_ends_full(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    download([Remote("a", archive.put("/a", CONTENT, Fault(cut_at=9)), checksum=MD5)], tmp_path, label="sts")
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert last.startswith(f"sts [{'█' * 30}] 1/1 files, 1.0 MB of 1.0 MB, ")
    assert last.endswith("/s\x1b[K\n")
