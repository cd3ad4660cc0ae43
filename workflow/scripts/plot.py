"""Draw one figure of a study."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.assemble import draw_figure

job.begin(snakemake.log[0])
draw_figure(
    settings=snakemake.params.settings,
    primary=snakemake.params.primary,
    predictions=[Path(path) for path in snakemake.input.predictions],
    metrics=[Path(path) for path in snakemake.input.metrics],
    published=Path(snakemake.input.published[0]) if snakemake.input.published else None,
    phantom=snakemake.params.phantom,
    png=Path(snakemake.output.png),
    svg=Path(snakemake.output.svg),
)
