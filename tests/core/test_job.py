"""Every job says what it cost, whether it came to its end or not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

JOB = """
import sys
from rerad.core import job
job.begin(sys.argv[1])
held = b"x" * 300_000_000
total = sum(range(5_000_000))
del held
if sys.argv[2] == "fails":
    raise ValueError("on purpose")
"""


@pytest.mark.parametrize(("way", "status"), [("ends", 0), ("fails", 1)])
def test_a_job_writes_its_cost_beside_its_log(tmp_path: Path, way: str, status: int) -> None:
    log = tmp_path / "logs" / "train_sts.log"
    done = subprocess.run([sys.executable, "-c", JOB, log, way], capture_output=True, text=True, check=False)
    assert done.returncode == status
    cost = json.loads(log.with_suffix(".cost.json").read_text())
    assert sorted(cost) == ["cpu_s", "peak_rss_mb", "wall_s"]
    assert cost["peak_rss_mb"] > 300  # what it held for a moment counts
    assert 0 < cost["cpu_s"] < 100
    assert ("on purpose" in log.read_text()) == (way == "fails")
