"""Train a method and predict its training and test cases."""

from pathlib import Path

from rerad.core import job
from rerad.training.job import Job
from rerad.training.train import train

job.begin(snakemake.log[0])
train(
    Job(
        cases=Path(snakemake.input.cases),
        splits=Path(snakemake.input.splits),
        features=job.optional(snakemake.input.features),
        chosen=job.optional(snakemake.input.chosen),
        arrays=job.optional(snakemake.input.arrays),
        slices=job.optional(snakemake.input.slices),
        weights=job.optional(snakemake.input.weights),
        external=job.optional(snakemake.input.external),
        method=snakemake.wildcards.method,
        seed=int(snakemake.wildcards.seed),
        cohort=snakemake.wildcards.cohort,
        folder=Path(snakemake.output.cost).parent,
        threads=snakemake.threads,
        gpu_share=snakemake.config["gpu_share"],
        **snakemake.params.job,
    )
)
