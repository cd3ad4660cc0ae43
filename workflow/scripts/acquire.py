"""Bring a cohort from its source into the data folder."""

from pathlib import Path

from rerad import cohorts
from rerad.core import job

job.begin(snakemake.log[0])
cohorts.stage(snakemake.wildcards.cohort, "acquire").acquire(
    Path(snakemake.output.manifest).parent,
    source=snakemake.params.source,
    settings=snakemake.params.settings,
    seed=snakemake.params.seed,
    store=Path(snakemake.params.store),
    connections=snakemake.config["connections"],
    workers=snakemake.threads,
)
