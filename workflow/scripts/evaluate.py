"""Gather predictions and costs of a method, and turn the predictions into metrics with intervals."""

from pathlib import Path

from rerad.core import job
from rerad.evaluation.evaluate import evaluate_method

job.begin(snakemake.log[0])
evaluate_method(
    {
        "classification": [Path(path) for path in snakemake.input.classification],
        "synthesis": [Path(path) for path in snakemake.input.synthesis],
        "segmentation": [Path(path) for path in snakemake.input.segmentation],
        "regression": [Path(path) for path in snakemake.input.regression],
    },
    [Path(path) for path in snakemake.input.costs],
    folder=Path(snakemake.output.metrics).parent,
    cases=Path(snakemake.input.cases),
    bootstraps=snakemake.params.bootstraps,
    seed=0,
)
