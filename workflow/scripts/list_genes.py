"""List the penalties and genes of the linear models of a study."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.genes import list_genes

job.begin(snakemake.log[0])
list_genes(
    study=snakemake.wildcards.study,
    table=snakemake.wildcards.penalties,
    entry=snakemake.params.entry,
    chosen=[Path(path) for path in snakemake.input.chosen],
    csv=Path(snakemake.output.csv),
    md=Path(snakemake.output.md),
    html=Path(snakemake.output.html),
    tex=Path(snakemake.output.tex),
    genes=Path(snakemake.output.genes),
)
