"""Audit the published tables and claims."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.findings import write_findings

job.begin(snakemake.log[0])
write_findings(
    Path(snakemake.input[0]).parent,
    csv=Path(snakemake.output.csv),
    md=Path(snakemake.output.md),
)
