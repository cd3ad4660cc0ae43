"""List what the methods of a study reach in every case."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.itemise import itemise
from rerad.training.predictions import by_method

job.begin(snakemake.log[0])
itemise(
    by_method(Path(path) for path in snakemake.input.predictions),
    cases=Path(snakemake.input.cases),
    csv=Path(snakemake.output.csv),
)
