"""Time everything that makes a texture map."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.times import write_times

job.begin(snakemake.log[0])
write_times(
    study=snakemake.wildcards.study,
    times=snakemake.params.times,
    method=snakemake.params.method,
    cases=Path(snakemake.input.cases),
    arrays=Path(snakemake.input.arrays),
    metrics=Path(snakemake.input.metrics),
    phantom=snakemake.params.phantom,
    csv=Path(snakemake.output.csv),
    html=Path(snakemake.output.html),
)
