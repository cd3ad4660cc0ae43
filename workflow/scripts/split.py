"""Split a cohort into folds."""

from pathlib import Path

from rerad.core import job, splits

job.begin(snakemake.log[0])
splits.split(
    Path(snakemake.input.cases),
    folds=snakemake.params.folds,
    seed=snakemake.params.seed,
    splits=Path(snakemake.output.splits),
)
