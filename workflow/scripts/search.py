"""Choose features and hyper-parameters inside the training folds."""

from pathlib import Path

from rerad.core import job
from rerad.search.search import choose

job.begin(snakemake.log[0])
choose(
    features=Path(snakemake.input.features),
    cases=Path(snakemake.input.cases),
    splits=Path(snakemake.input.splits),
    method=snakemake.wildcards.method,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    cohort=snakemake.wildcards.cohort,
    folds=snakemake.params.folds,
    threads=snakemake.threads,
    chosen=Path(snakemake.output.chosen),
    history=Path(snakemake.output.history),
    cost=Path(snakemake.output.cost),
)
