"""Draw one figure of a study."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.draw import draw_figure

job.begin(snakemake.log[0])
draw_figure(
    settings=snakemake.params.settings,
    primary=snakemake.params.primary,
    classification=[Path(path) for path in snakemake.input.classification],
    segmentation=[Path(path) for path in snakemake.input.segmentation],
    chosen=[Path(path) for path in snakemake.input.chosen],
    history=[Path(path) for path in snakemake.input.history],
    networks=snakemake.params.networks,
    metrics=[Path(path) for path in snakemake.input.metrics],
    comparisons=job.optional(snakemake.input.comparisons),
    published=job.optional(snakemake.input.published),
    cases=Path(snakemake.input.cases),
    arrays=job.optional(snakemake.input.arrays),
    spacing_mm=snakemake.params.spacing_mm,
    phantom=snakemake.params.phantom,
    png=Path(snakemake.output.png),
    svg=Path(snakemake.output.svg),
)
