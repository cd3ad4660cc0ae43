"""Choose features, hyper-parameters or an architecture inside the training folds."""

from pathlib import Path

from rerad.core import job
from rerad.search.search import choose
from rerad.training.job import Job

job.begin(snakemake.log[0])
choose(
    Job(
        cases=Path(snakemake.input.cases),
        splits=Path(snakemake.input.splits),
        features=job.optional(snakemake.input.features),
        arrays=job.optional(snakemake.input.arrays),
        slices=job.optional(snakemake.input.slices),
        method=snakemake.wildcards.method,
        seed=int(snakemake.wildcards.seed),
        cohort=snakemake.wildcards.cohort,
        folder=Path(snakemake.output.cost).parent,
        threads=snakemake.threads,
        gpu_share=snakemake.config["gpu_share"],
        **snakemake.params.job,
    )
)
