"""The workflow refuses what cannot be right, and one broken patient stops nobody else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tiny_run import ROOT, TINY, command

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("bootstrap: 5", r"change\.yaml: bootstrap: unknown key\. Did you mean 'bootstraps'"),
        ("jobs: folds", r"change\.yaml: jobs: 'folds' does not do\. Write one of: fold, method"),
        ("studies: {chmfl: {methods: {hc_rf: {recipe: {tree: 3}}}}}", r"tree: unknown key\. Did you mean 'trees'"),
    ],
)
def test_a_misspelt_key_is_named_before_any_work(tmp_path: Path, run: Run, change: str, message: str) -> None:
    overlay = tmp_path / "change.yaml"
    overlay.write_text(change)
    stopped = run(overlays=(overlay,))
    assert stopped.returncode != 0
    assert re.search(message, " ".join(stopped.stdout.split())), stopped.stdout
    assert not (tmp_path / "results" / "tiny").exists()


def test_a_results_folder_that_cannot_be_written_is_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / "blocked").touch()
    overlay = tmp_path / "change.yaml"
    overlay.write_text("paths: {results: blocked/results}\n")
    stopped = run(overlays=(overlay,))
    assert stopped.returncode != 0
    assert re.search(r"blocked/results/tiny: cannot be written", " ".join(stopped.stdout.split())), stopped.stdout


@pytest.mark.parametrize("name", ["a space", "a (copy)"])
def test_an_interpreter_that_no_shell_would_find_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(sys.prefix)
    line = [str(tmp_path / name / "bin" / "python"), *command(tmp_path)[1:]]
    for options in ([], ["-n"]):
        stopped = subprocess.run([*line[:3], *options, *line[3:]], capture_output=True, text=True, check=False)
        assert stopped.returncode != 0
        told = " ".join((stopped.stdout + stopped.stderr).split())
        assert f"{name}/bin/python' has a blank or another sign" in told, told
        assert "Move the project" in told
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("name", "fine"), [("a space", False), ("a$b", False), ("R&D", False), ("Müller-1_a.b+c", True)]
)
def test_no_environment_is_made_where_no_job_could_start(tmp_path: Path, name: str, fine: bool) -> None:
    (envs := tmp_path / name / "envs").mkdir(parents=True)
    script = Path(shutil.copy(ROOT / "envs" / "install.sh", envs))
    stopped = subprocess.run(
        ["bash", script], capture_output=True, text=True, check=False, env=os.environ | {"PYTHON": "false"}
    )
    assert stopped.returncode != 0
    assert ("move the project to a folder without" in stopped.stderr) is not fine, stopped.stderr


def test_a_second_run_in_the_same_folder_stops(tmp_path: Path, run: Run) -> None:
    target = "results/tiny/cohorts/sts/splits.csv"
    first = subprocess.Popen(
        command(tmp_path, target),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        lock = tmp_path / "results" / "tiny" / ".lock"
        while not (lock.exists() and lock.read_text()):
            time.sleep(0.05)
        second = run()
        assert second.returncode != 0
        assert re.search(r"another run is at work here \(process \d+", " ".join(second.stdout.split())), second.stdout
        for options in (("-np",), ("--detailed-summary",), ("--list-rules",)):
            looked = run(options=options)
            assert looked.returncode == 0, looked.stdout
        assert first.wait(timeout=1500) == 0, "the first run must not be disturbed"
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)


def acquiring(folder: Path, overlay: Path) -> subprocess.Popen[bytes]:
    """Start to acquire a cohort, and return once it is under way."""
    line = command(folder, "acquire_sts", overlays=(TINY, overlay))
    started = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while started.poll() is None and not list(folder.rglob(".part-*.sts")):
        time.sleep(0.02)
    assert started.poll() is None
    return started


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_run_that_was_killed_while_acquiring_shared_data_blocks_no_run(tmp_path: Path, run: Run, name: str) -> None:
    overlays = {run_name: tmp_path / f"{run_name}.yaml" for run_name in ("one", "two")}
    for run_name, overlay in overlays.items():
        overlay.write_text(f"{{run: {run_name}, paths: {{data: dat}}}}")
    first = acquiring(tmp_path, overlays["one"])
    first.kill()
    first.wait()
    again = run("acquire_sts", overlays=(overlays[name],))
    assert again.returncode == 0, again.stdout


def test_a_run_leaves_alone_what_another_acquires_into_its_data_folder(tmp_path: Path, run: Run) -> None:
    overlay = tmp_path / "other.yaml"
    overlay.write_text("run: other")
    first = acquiring(tmp_path, overlay)
    second = run("acquire_sts")
    assert second.returncode != 0
    assert "LockException" in second.stdout
    assert first.wait(timeout=600) == 0


@pytest.fixture
def scans(tmp_path: Path, run: Run) -> Path:
    """A local folder of scans: the phantom's files alone."""
    acquired = run("acquire_sts")
    assert acquired.returncode == 0, acquired.stdout
    folder = Path(shutil.move(tmp_path / "results" / "tiny" / "data" / "sts", tmp_path / "scans"))
    shutil.rmtree(tmp_path / "results")
    for name in ("manifest.csv", "ATTRIBUTION.md", "oracle.csv"):
        (folder / name).unlink(missing_ok=True)
    return folder


def test_one_broken_patient_is_a_row_and_the_others_finish(scans: Path, tmp_path: Path, run: Run) -> None:
    broken = sorted(path.name for path in scans.iterdir() if path.is_dir())[0]
    image = min((scans / broken / "PT").rglob("*.dcm"))
    image.write_bytes(image.read_bytes()[:-200])
    overlay = tmp_path / "local.yaml"
    few = "{method: volume_only, label: Volume, kind: floor}, {method: chmfl, label: CHMFL, kind: paper}"
    overlay.write_text(
        f"cohorts: {{sts: {{source: local, local: {{path: {scans}}}}}}}\n"
        f"studies: {{chmfl: {{compare_with: volume_only, tables: {{table1: {{rows: [{few}]}}}}}}}}\n"
    )
    done = run("chmfl_table1", overlays=(overlay,))
    assert done.returncode == 0, done.stdout
    flow = pd.read_csv(tmp_path / "results/tiny/cohorts/sts/patient_flow.csv").set_index("case")
    assert flow.loc[broken, "reason"].startswith(f"{broken}, PT series 1.2.")
    assert image.name in flow.loc[broken, "reason"]
    cases = pd.read_csv(tmp_path / "results/tiny/cohorts/sts/cases.csv")
    assert broken not in set(cases["case"])
    table = pd.read_csv(tmp_path / "results/tiny/chmfl/tables/table1.csv").set_index("method")
    assert table.loc["volume_only", "n"] == cases["included"].sum()
    assert table["acc"].notna().all()
