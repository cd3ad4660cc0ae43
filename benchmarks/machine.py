"""What a measurement was made on: machine, versions, code."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from rerad.core.versions import version_of
from rerad.reporting.provenance import collect
from rerad.studies.planning.stored import processor

ROOT = Path(__file__).resolve().parents[1]
# Beside what a run's provenance names: what is timed here, and the peers.
MORE_PACKAGES = ("numba", "scikit-image")
GLMNET = "cat(as.character(getRversion()), as.character(packageVersion('glmnet')))"
THREADS = "OMP_NUM_THREADS"


def machine() -> dict[str, str]:
    """Return date, machine and versions, each by its name as a person reads it."""
    import torch

    known = collect(manifests=[], config={}, lock=ROOT / "envs" / "requirements.lock", root=ROOT)
    code = known["code"]
    versions = known["packages"] | {name: version_of(name) for name in MORE_PACKAGES} | {"R and glmnet": glmnet()}
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "ReRad's commit": (code["commit"] or "unknown") + (", with changes" if code["dirty"] else ""),
        "processor": processor(),
        "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "system": known["platform"]["system"],
        THREADS: os.environ.get(THREADS, "not set"),
        "python": known["python"]["version"],
        **{name: version or "not installed" for name, version in versions.items()},
    }


def glmnet() -> str | None:
    """Return the versions of R and its glmnet; None where either is missing."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "-e", GLMNET], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
