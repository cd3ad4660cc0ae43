"""Draw one figure of a study."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.assemble import draw_figure

job.begin(snakemake.log[0])
draw_figure(
    settings=snakemake.params.settings,
    predictions=[Path(path) for path in snakemake.input.predictions],
    metrics=[Path(path) for path in snakemake.input.metrics],
    phantom=snakemake.params.phantom,
    png=Path(snakemake.output.png),
    svg=Path(snakemake.output.svg),
)
