"""Name the trainings that failed, if any."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.complete import check_complete

job.begin(snakemake.log[0])
check_complete([Path(file) for file in snakemake.input.costs], done=Path(snakemake.output.done))
