"""List what a study does that its paper does not."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.assemble import list_deviations

job.begin(snakemake.log[0])
list_deviations(
    snakemake.params.deviations,
    csv=Path(snakemake.output.csv),
)
