"""List what the methods of a study reach in every case."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.itemise import itemise

job.begin(snakemake.log[0])
itemise(
    {Path(path).parent.name: [Path(path)] for path in snakemake.input.predictions},
    cases=Path(snakemake.input.cases),
    csv=Path(snakemake.output.csv),
)
