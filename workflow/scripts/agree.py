"""Write how far searched architectures agree."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.agreement import make_agreement

job.begin(snakemake.log[0])
make_agreement(
    study=snakemake.wildcards.study,
    table=snakemake.wildcards.genotypes,
    entry=snakemake.params.entry,
    methods=snakemake.params.methods,
    chosen=[Path(path) for path in snakemake.input.chosen],
    csv=Path(snakemake.output.csv),
    md=Path(snakemake.output.md),
    html=Path(snakemake.output.html),
    tex=Path(snakemake.output.tex),
)
