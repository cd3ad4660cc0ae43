"""Compare the methods of a study on the cases that both predicted."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.compare import compare

job.begin(snakemake.log[0])
compare(
    {Path(path).parent.name: [Path(path)] for path in snakemake.input.predictions},
    reference=snakemake.params.reference,
    rows=snakemake.params.rows,
    floors=snakemake.params.floors,
    comparisons=Path(snakemake.output.comparisons),
    seed=0,
    bootstraps=snakemake.params.bootstraps,
    task=snakemake.params.task,
)
