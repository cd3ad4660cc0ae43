"""Turn the predictions of a method into metrics with intervals."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.evaluate import evaluate

job.begin(snakemake.log[0])
evaluate(
    {
        "classification": [Path(path) for path in snakemake.input.classification],
        "synthesis": [Path(path) for path in snakemake.input.synthesis],
        "segmentation": [Path(path) for path in snakemake.input.segmentation],
        "regression": [Path(path) for path in snakemake.input.regression],
    },
    metrics=Path(snakemake.output.metrics),
    cases=Path(snakemake.input.cases),
    bootstraps=snakemake.params.bootstraps,
    seed=0,
)
