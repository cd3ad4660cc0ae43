"""Choose features, hyper-parameters or an architecture inside the training folds."""

from pathlib import Path

from rerad.core import job
from rerad.search.search import choose

job.begin(snakemake.log[0])
choose(
    features=Path(snakemake.input.features[0]) if snakemake.input.features else None,
    cases=Path(snakemake.input.cases),
    splits=Path(snakemake.input.splits),
    arrays=Path(snakemake.input.arrays[0]) if snakemake.input.arrays else None,
    slices=Path(snakemake.input.slices[0]) if snakemake.input.slices else None,
    method=snakemake.wildcards.method,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    cohort=snakemake.wildcards.cohort,
    folds=snakemake.params.folds,
    threads=snakemake.threads,
    device=snakemake.params.device,
    gpu_share=snakemake.params.gpu_share,
    chosen=Path(snakemake.output.chosen),
    history=Path(snakemake.output.history),
    cost=Path(snakemake.output.cost),
)
