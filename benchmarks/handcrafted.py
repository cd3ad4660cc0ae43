"""Time the features of the 48 real PET cases: ``describe`` on two processes against a serial PyRadiomics loop.

Run as ``RERAD_REAL_DATA=<folder> python benchmarks/handcrafted.py``. Same cases, same settings, same machine; the
values are compared, and the time of each side contains its imports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measured import RATIO, at_most, measured, not_measured, verdict

from rerad.cohorts.sts.acquire import acquire

TARGET = 0.6

SERIAL = """
import logging, sys
import pandas as pd
import radiomics
from radiomics.featureextractor import RadiomicsFeatureExtractor
radiomics.setVerbosity(logging.ERROR)
folder, cases, target = sys.argv[1:]
extractor = RadiomicsFeatureExtractor(resampledPixelSpacing=[2.0, 2.0, 2.0], binWidth=0.25, additionalInfo=False)
rows = []
for case in pd.read_csv(cases)["case"]:
    found = extractor.execute(f"{folder}/{case}/PET_image.nii.gz", f"{folder}/{case}/PET_mask.nii.gz")
    rows.append({"case": case} | {k.replace("original", "PET"): float(v) for k, v in found.items()})
pd.DataFrame(rows).to_csv(target, index=False)
"""

OURS = """
import sys
from pathlib import Path
from rerad.cohorts.sts.describe import describe
if __name__ == "__main__":
    folder, cases, target = map(Path, sys.argv[1:4])
    settings = {"roi": "GTV_Mass", "spacing_mm": 2.0, "bin_width": {"PET": 0.25}}
    workers, flow = int(sys.argv[4]), target.with_name("flow.csv")
    describe(folder, cases, settings=settings, workers=workers, features=target, patient_flow=flow)
"""


def main() -> int:
    """Time both sides in turns, print the ratio, and fail if it is above the target or the values differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--turns", type=int, default=1)
    arguments = parser.parse_args()
    data = os.environ.get("RERAD_REAL_DATA")
    if not data or not Path(data, "sts").is_dir():
        not_measured("features of the 48 real PET cases", "RERAD_REAL_DATA names no folder with the public data")
        return verdict([])
    folder = Path(data, "sts")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        cases = work / "cases.csv"
        included_cases(folder).to_csv(cases, index=False)
        acquire(work / "raw", source="local", settings={"path": str(folder), "clinical": None}, seed=0)
        scripts = {"serial": (SERIAL, []), "describe": (OURS, [str(arguments.workers)])}
        times: dict[str, list[float]] = {side: [] for side in scripts}
        for turn in range(arguments.turns):
            for side, (script, more) in scripts.items():
                file = work / f"{side}.py"
                file.write_text(script)
                start = time.perf_counter()
                command = [sys.executable, str(file), str(work / "raw"), str(cases), str(work / f"{side}.csv"), *more]
                subprocess.run(command, check=True)
                times[side].append(time.perf_counter() - start)
                print(f"turn {turn + 1}: {side} {times[side][-1]:.1f} s", flush=True)
        worst = largest_difference(work / "serial.csv", work / "describe.csv")
    serial, ours = (float(np.median(times[side])) for side in scripts)
    return verdict(
        [
            measured(
                f"features of the 48 real PET cases, {arguments.workers} processes",
                ours,
                "s",
                peer=("serial PyRadiomics", serial),
                target=at_most(TARGET, RATIO),
            ),
            measured("largest relative difference of a feature from PyRadiomics'", worst, target=at_most(1e-9)),
        ]
    )


def included_cases(folder: Path) -> pd.DataFrame:
    """Return the cases of the published cohort, as a ``cases.csv`` without CT."""
    clinical = pd.read_excel(folder / "INFOclinical_STS.xlsx", keep_default_na=False).head(51)
    clinical.columns = clinical.columns.str.strip()
    outcome = clinical.set_index("Patient ID").filter(like="Outcome").iloc[:, 0]
    cases = outcome.index[~outcome.str.startswith("Recurrence")]
    return pd.DataFrame({"case": cases, "has_ct": 0})


def largest_difference(serial: Path, ours: Path) -> float:
    """Return the largest relative difference of any feature of any case; refuse tables that lack one."""
    expected, found = (pd.read_csv(path, index_col="case") for path in (serial, ours))
    if expected.shape != (48, 107) or set(expected.columns) - set(found.columns):
        raise SystemExit(f"the tables do not match: {expected.shape} against {found.shape}")
    found = found.loc[expected.index, expected.columns]
    scale = np.maximum(expected.abs(), 1e-12)
    return float(((found - expected).abs() / scale).max(axis=None))


if __name__ == "__main__":
    sys.exit(main())
