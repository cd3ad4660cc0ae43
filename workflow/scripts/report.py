"""Write the page of the run."""

from pathlib import Path

from rerad.core import job
from rerad.reporting.assemble import make_report

job.begin(snakemake.log[0])
make_report(
    run=snakemake.params.run,
    manifests={Path(path).parent.name: Path(path) for path in snakemake.input.manifests},
    studies=snakemake.params.studies,
    cohorts=snakemake.params.cohorts,
    methods=snakemake.params.methods,
    metrics=[Path(path) for path in snakemake.input.metrics],
    costs=[Path(path) for path in snakemake.input.costs],
    multiverses={Path(path).parent.name: Path(path) for path in snakemake.input.multiverses},
    findings=Path(snakemake.input.findings),
    config=snakemake.params.config,
    difference=snakemake.params.difference,
    root=Path(snakemake.params.root),
    page=Path(snakemake.output.page),
    costs_csv=Path(snakemake.output.costs),
    provenance=Path(snakemake.output.provenance),
    config_file=Path(snakemake.output.config),
    crate=Path(snakemake.output.crate),
)
