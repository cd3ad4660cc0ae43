"""Compute what a study's methods would have given under other answers to its open questions."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.multiverse import make_multiverse

job.begin(snakemake.log[0])
make_multiverse(
    snakemake.params.entries,
    given={
        **snakemake.params.given,
        "data": Path(snakemake.input.manifest).parent,
        "cases": Path(snakemake.input.cases),
        "splits": Path(snakemake.input.splits),
        "features": job.optional(snakemake.input.features),
        "arrays": Path(snakemake.input.arrays),
        "workers": snakemake.threads,
    },
    published={name: Path(path) for name, path in snakemake.params.published.items()},
    phantom=snakemake.params.phantom,
    csv=Path(snakemake.output.csv),
    png=Path(snakemake.output.png),
    svg=Path(snakemake.output.svg),
)
