"""Draw a quality picture of every case."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.figures.quality import picture_cases

job.begin(snakemake.log[0])
picture_cases(
    Path(snakemake.input.cases),
    Path(snakemake.input.arrays),
    Path(snakemake.output.pictures),
    cohort=snakemake.wildcards.cohort,
    settings=snakemake.params.settings,
    phantom=snakemake.params.phantom,
    workers=snakemake.threads,
)
