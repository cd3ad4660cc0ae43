"""Write one table of a study."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.assemble import make_table

job.begin(snakemake.log[0])
make_table(
    study=snakemake.wildcards.study,
    settings=snakemake.params.settings,
    table=snakemake.wildcards.table,
    about=snakemake.params.about,
    cases=Path(snakemake.input.cases),
    published=job.optional(snakemake.input.published),
    metrics=[Path(path) for path in snakemake.input.metrics],
    costs=[Path(path) for path in snakemake.input.costs],
    stale=snakemake.params.stale,
    comparisons=job.optional(snakemake.input.comparisons),
    csv=Path(snakemake.output.csv),
    md=Path(snakemake.output.md),
    html=Path(snakemake.output.html),
    tex=Path(snakemake.output.tex),
)
