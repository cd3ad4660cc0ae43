"""Train a method and predict its training and test cases."""

from pathlib import Path

from rerad.core import job
from rerad.training.train import train

job.begin(snakemake.log[0])
train(
    cases=Path(snakemake.input.cases),
    splits=Path(snakemake.input.splits),
    features=Path(snakemake.input.features[0]) if snakemake.input.features else None,
    chosen=Path(snakemake.input.chosen[0]) if snakemake.input.chosen else None,
    arrays=Path(snakemake.input.arrays[0]) if snakemake.input.arrays else None,
    slices=Path(snakemake.input.slices[0]) if snakemake.input.slices else None,
    weights=Path(snakemake.input.weights[0]) if snakemake.input.weights else None,
    external=Path(snakemake.input.external[0]) if snakemake.input.external else None,
    method=snakemake.wildcards.method,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    cohort=snakemake.wildcards.cohort,
    folds=snakemake.params.folds,
    threads=snakemake.threads,
    device=snakemake.params.device,
    gpu_share=snakemake.params.gpu_share,
    keep_model=snakemake.params.keep_model,
    spacing_mm=snakemake.params.spacing_mm,
    predictions=Path(snakemake.output.predictions),
    segmentation=Path(snakemake.output.segmentation),
    regression=Path(snakemake.output.regression),
    history=Path(snakemake.output.history),
    synthesis=Path(snakemake.output.synthesis),
    cost=Path(snakemake.output.cost),
    artefacts=Path(snakemake.params.artefacts),
)
