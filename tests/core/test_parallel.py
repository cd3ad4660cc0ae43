"""Many cases: order kept, errors in their place, workers gone with their job."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rerad.core.errors import CaseError, UnwritableError, WorkerKilledError
from rerad.core.parallel import map_cases


@pytest.mark.parametrize("workers", [1, 2])
def test_results_in_order_with_errors_in_their_place(workers: int) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise CaseError("too short", where="case 2", remedy="Bring a longer one")
        if item == 3:
            raise ValueError("odd")
        return item * item

    results = map_cases(work, [0, 1, 2, 3, 4], workers=workers, label="square")
    assert [results[i] for i in (0, 1, 4)] == [0, 1, 16]
    assert str(results[2]) == "case 2: too short. Bring a longer one"
    assert isinstance(results[3], CaseError)
    assert str(results[3]) == "3: ValueError: odd"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", [OSError, UnwritableError])
def test_a_full_disk_is_no_fault_of_a_case(workers: int, kind: type[Exception]) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise OSError(errno.ENOSPC, "full") if kind is OSError else UnwritableError("cannot be written (full)")
        return item

    with pytest.raises(kind, match="full"):
        map_cases(work, [0, 1, 2, 3], workers=workers, label="work")


def test_a_worker_that_dies_is_told() -> None:
    def die(item: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerKilledError, match="work: a worker process was killed"):
        map_cases(die, [1, 2, 3], workers=2, label="work")


def test_workers_end_with_their_job(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(
        "import os, time\n"
        "from pathlib import Path\n"
        "from rerad.core.parallel import map_cases\n"
        "def work(item):\n"
        f"    Path({str(tmp_path)!r}, f'pid-{{os.getpid()}}').touch()\n"
        "    time.sleep(60)\n"
        "map_cases(work, [1, 2], workers=2, label='sleep')\n"
    )
    job = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    try:
        processes = wait_for(lambda: [int(p.name[4:]) for p in tmp_path.glob("pid-*")], count=2)
    finally:
        job.send_signal(signal.SIGKILL)
        job.wait()
    assert wait_for(lambda: [p for p in processes if not alive(p)], count=2), "workers outlived their job"


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(look, count: int, seconds: float = 120) -> list:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if len(found := look()) >= count:
            return found
        time.sleep(0.1)
    return []
