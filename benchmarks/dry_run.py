"""How long Snakemake takes to build the job graph of the full paper run, and how much memory.

    python benchmarks/dry_run.py [--cases 1000]

All five studies with all folds and five seeds, dry, on local folders that hold empty files: first as many cases as the
papers have, then ``--cases`` of each cohort. Seconds are those of the processor, which other work on the machine hardly
changes. Fails above 20 s and 1 GB, and 60 s for the many cases. It needs no data.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from measured import at_most, measured, verdict

ROOT = Path(__file__).resolve().parents[1]
PAPERS = {"sts": 51, "brats": 335, "breast": 24, "tcga_gbm": 109}
FILES_A_CASE = 5  # four sequences and their labels
LIMITS = {"papers": (20.0, 1000.0), "many": (60.0, None)}  # seconds, MB


def main() -> int:
    """Measure both graphs, print them, and return 1 above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    many = parser.parse_args().cases
    kept = []
    for name, cases in (("papers", PAPERS), ("many", dict.fromkeys(PAPERS, many))):
        with tempfile.TemporaryDirectory() as folder:
            jobs, seconds, wall, memory = dry_run(Path(folder), cases)
        told = ", ".join(f"{count:,} {cohort}" for cohort, count in cases.items())
        most_s, most_mb = LIMITS[name]
        graph = f"graph of {jobs:,} jobs ({told})"
        clock = f"{wall:.1f} s by the clock"
        kept.append(measured(f"{graph}: processor's time", seconds, "s", target=at_most(most_s), note=clock))
        kept.append(measured(f"{graph}: peak memory", memory, "MB", target=at_most(most_mb) if most_mb else None))
    return verdict(kept)


def dry_run(folder: Path, cases: dict[str, int]) -> tuple[int, float, float, float]:
    """Return the jobs of a dry run, its CPU and wall seconds, and its peak memory (MB)."""
    for cohort, count in cases.items():
        for case in range(count):
            place = folder / "scans" / cohort / f"case{case:05}"
            place.mkdir(parents=True)
            for number in range(FILES_A_CASE):
                (place / f"{number}.nii.gz").touch()
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(settings(folder, cases)), encoding="utf-8")
    line = [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder),
        "--profile", str(ROOT / "profiles" / "default"), "--cores", "8", "--configfile", str(overlay), "--dry-run",
    ]  # fmt: skip
    output = folder / "output.txt"
    before = os.times()
    with open(output, "wb") as file:
        started = subprocess.Popen(line, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    told = output.read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^\s*total\s+(\d+)", told, flags=re.MULTILINE)
    if started.returncode or not found:
        sys.exit(told)
    wall = os.times().elapsed - before.elapsed
    return int(found[1]), used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 2**10


def settings(folder: Path, cases: dict[str, int]) -> dict:
    """Return the overlay: five seeds, every study, and a local folder for every cohort."""
    local = {cohort: {"source": "local", "local": {"path": str(folder / "scans" / cohort)}} for cohort in cases}
    studies = {path.stem: {"enabled": True} for path in sorted((ROOT / "config" / "studies").glob("*.yaml"))}
    return {"seeds": list(range(5)), "cohorts": local, "studies": studies}


if __name__ == "__main__":
    sys.exit(main())
