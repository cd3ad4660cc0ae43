"""Train a method and predict its training and test cases."""

from pathlib import Path

from rerad.core import job
from rerad.training.tabular import train

job.begin(snakemake.log[0])
train(
    features=Path(snakemake.input.features),
    cases=Path(snakemake.input.cases),
    splits=Path(snakemake.input.splits),
    method=snakemake.wildcards.method,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    cohort=snakemake.wildcards.cohort,
    folds=snakemake.params.folds,
    threads=snakemake.threads,
    chosen=Path(snakemake.input.chosen[0]) if snakemake.input.chosen else None,
    predictions=Path(snakemake.output.predictions),
    segmentation=Path(snakemake.output.segmentation),
    history=Path(snakemake.output.history),
    cost=Path(snakemake.output.cost),
    artefacts=Path(snakemake.params.artefacts),
)
