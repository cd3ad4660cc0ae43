"""Predict new cases with a kept model."""

from pathlib import Path

from rerad.core import job
from rerad.training.predict import predict

job.begin(snakemake.log[0])
predict(
    model=Path(snakemake.input.model),
    folder=Path(snakemake.params.folder),
    output=Path(snakemake.output.predicted),
    device=snakemake.params.device,
    threads=snakemake.threads,
)
