"""The brain tumours of the Medical Segmentation Decathlon (http://medicaldecathlon.com): one tar in a public bucket.

750 multi-parametric scans of BraTS 2016 and 2017, 484 of them labelled (Simpson et al., arXiv:1902.09063). The bucket
is https://registry.opendata.aws/msd; there is nothing to ask, so that plan and estimate need no network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, total
from rerad.cohorts.sources.url import unpacked

API = "https://msd-for-monai.s3-us-west-2.amazonaws.com"
FILE = "Task01_BrainTumour.tar"
# The length that the bucket gives, and the MD5 of MONAI (monai.apps.DecathlonDataset.md5).
SIZE = 7_608_266_240
CHECKSUM = "md5:240a19d752f0d9e9101544901065d872"
LICENCE = "CC-BY-SA-4.0"
DOI = "10.48550/arXiv.1902.09063"
FOLDER = "msd"
# Without the 266 scans that have no label, and without the shadows (._*) that macOS put into the archive.
KEEP = [
    "Task01_BrainTumour/dataset.json",
    "Task01_BrainTumour/imagesTr/BRATS_*.nii.gz",
    "Task01_BrainTumour/labelsTr/BRATS_*.nii.gz",
]


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the archive.

    ``settings``: ``api`` (the address of another server that has it).
    """
    return [Remote(FILE, f"{settings.get('api') or API}/{FILE}", SIZE, CHECKSUM, LICENCE, DOI)]


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return files and bytes that would be fetched, without asking."""
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the archive, unpack the labelled cases to ``msd``, and return the rows of the manifest.

    Raises:
        ConfigError, ReradError: see :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`.
    """
    rows = download(plan(settings), folder, workers=workers, label="msd")
    return unpacked(folder, rows, {FILE: FOLDER}, KEEP)
