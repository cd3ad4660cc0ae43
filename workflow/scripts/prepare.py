"""Bring raw scans onto one grid."""

from pathlib import Path

from rerad import cohorts
from rerad.core import job

job.begin(snakemake.log[0])
cohorts.stage(snakemake.wildcards.cohort, "prepare").prepare(
    Path(snakemake.input.manifest).parent,
    settings=snakemake.params.settings,
    seed=snakemake.params.seed,
    permute_labels=snakemake.params.permute_labels,
    workers=snakemake.threads,
    cases=Path(snakemake.output.cases),
    patient_flow=Path(snakemake.output.patient_flow),
    box_check=Path(snakemake.output.box_check),
    slices=Path(snakemake.output.slices),
    arrays=Path(snakemake.output.arrays),
)
