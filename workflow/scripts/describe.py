"""Extract the handcrafted features of a cohort."""

from pathlib import Path

from rerad import cohorts
from rerad.core import job

job.begin(snakemake.log[0])
cohorts.stage(snakemake.wildcards.cohort, "describe").describe(
    Path(snakemake.input.manifest).parent,
    Path(snakemake.input.cases),
    settings=snakemake.params.settings,
    workers=snakemake.threads,
    features=Path(snakemake.output.features),
    patient_flow=Path(snakemake.output.flow),
)
