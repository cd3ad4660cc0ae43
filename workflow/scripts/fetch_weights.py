"""Fetch the pretrained weights that networks start from."""

from pathlib import Path

from rerad.core import job
from rerad.training.weights import fetch_weights

job.begin(snakemake.log[0])
fetch_weights(Path(snakemake.output.weights), entry=snakemake.params.entry, seed=0)
