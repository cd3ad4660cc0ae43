"""Write the layers of a network."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.layers import make_layers

job.begin(snakemake.log[0])
make_layers(
    study=snakemake.wildcards.study,
    table=snakemake.wildcards.layers,
    entry=snakemake.params.entry,
    method=snakemake.params.method,
    box=snakemake.params.box,
    csv=Path(snakemake.output.csv),
    md=Path(snakemake.output.md),
    html=Path(snakemake.output.html),
    tex=Path(snakemake.output.tex),
)
