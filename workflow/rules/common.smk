# What the rules share: the plan of this run, and the names of its files.
import gc
import re
import sys
from pathlib import Path

from snakemake.logging import logger
from rerad.core import life, lock
from rerad.core.attempts import growing
from rerad.core.digest import code_digest
from rerad.core.errors import ReradError
from rerad.core.looking import only_looks
from rerad.search.code import search_modules
from rerad.studies import load
from rerad.studies.external import check_files
from rerad.training.code import training_modules

# The graph of a large run is hundreds of thousands of objects that stay: looking through them for garbage finds none.
gc.set_threshold(100_000, 50, 100)

# Snakemake writes the interpreter into a shell's line as it is.
if workflow.is_main_process and re.search(r"[\s\"'\\$`&|;<>()*?]", sys.executable):
    raise ReradError(
        f"{sys.executable!r} has a blank or another sign that a shell reads for itself: no job could start",
        where="Python",
        remedy="Move the project to a folder without, and make .venv there: rm -rf .venv; make demo",
    )

ROOT = Path(workflow.basedir)
BASE = ROOT / "config" / "config.yaml"
TEMPLATES = sorted((ROOT / "src" / "rerad" / "reporting" / "templates").iterdir())
OVERLAYS = [file for file in workflow.configfiles if Path(file).resolve() != BASE.resolve()]
PLAN = load(config, root=ROOT, files=[BASE, *OVERLAYS])
config.update(PLAN.config)  # as checked: texts of the command line are numbers now
if workflow.is_main_process:
    for warning in check_files(PLAN):
        logger.warning(warning)
RUN = PLAN.run_folder
COHORT = f"{RUN}/cohorts/{{cohort}}"
TRAINED = f"{RUN}/trained/{{cohort}}/{{method}}"
CHUNK = f"{TRAINED}/seed{{seed}}/{{chunk}}"
TABLE_FORMATS = ["csv", "md", "html", "tex"]
FIGURE_FORMATS = ["png", "svg"]
# Longest chains first: without it a job of many threads waits until all cores happen to be free, and the last training
# has the machine for itself.
COHORTS_FIRST, SEARCHES_NEXT, THEN_TRAININGS = 30, 20, 10

# Jobs end with the process that runs the workflow; a second one on the same run is refused. Looking changes nothing,
# so it needs no lock.
LOOKING = workflow.is_main_process and (workflow.output_settings.dryrun or only_looks(sys.argv[1:]))
if workflow.is_main_process:
    if not LOOKING:
        life.mark_run(lock.claim_run(RUN, data=PLAN.data_folder))
else:
    # A cluster starts Snakemake anew for each job, which removes old outputs first. Of a run that is over it must not:
    # they may be those of the next one by now.
    life.end_with_run()


# GPUs of a machine are counted by the local profile; on a cluster that limit is one for a job, and the queue counts.
resource_scopes:
    gpu="local",


# A limit of jobs a second is for clusters. It makes Snakemake weigh all waiting jobs again once a second for each job that
# has ended, until it does little else.
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def others_of(kind, *studies):
    """Return the tables of layers, of genotypes or of penalties of some studies, or of all."""
    return [table for study in studies or PLAN.studies for table in PLAN.studies[study].get(kind, {})]


wildcard_constraints:
    cohort="|".join(PLAN.methods),
    method="[a-z][a-z0-9_]*",
    seed=r"\d+",
    chunk=r"all|fold\d+",
    study="|".join(PLAN.studies),
    table="|".join({table for study in PLAN.studies.values() for table in study["tables"]}),
    figure="[a-z][a-z0-9_]*",
    layers="|".join(others_of("layers")) or "(?!)",
    genotypes="|".join(others_of("genotypes")) or "(?!)",
    penalties="|".join(others_of("penalties")) or "(?!)",
    weights="[A-Za-z0-9_.-]+",
    target="[a-z][a-z0-9_]*",


def code_of(script, *modules, files=()):
    """Digest of what a rule runs, so that a real edit reruns it; empty where edits only mark rows as stale."""
    if config["code_changed"] == "warn":
        return ""
    return code_digest(modules, files=[ROOT / "workflow" / "scripts" / f"{script}.py", *files])


def code_of_search(wildcards):
    """Return the digest of what searches a method, its own model included."""
    return code_of("search", *search_modules(method_settings(wildcards)))


def code_of_training(wildcards):
    """Return the digest of what trains a method, its own model included."""
    return code_of("train", *training_modules(method_settings(wildcards)))


def memory_of_scans(_, threads):
    """Return the memory of a job in MB that looks at scans in as many processes as it has threads."""
    return max(2000, 1000 + 300 * threads)


def cohort_settings(key):
    """Return a parameter function: one setting of a cohort."""
    return lambda wildcards: config["cohorts"][wildcards.cohort][key]


def scan_settings(stage):
    """Return a parameter function: the settings of a stage that reads scans, and those of reading them."""
    return lambda wildcards: PLAN.scan_settings(wildcards.cohort, stage)


def picture_settings(wildcards):
    """Return the voxel size of a cohort whose cases share it."""
    prepare = config["cohorts"][wildcards.cohort]["prepare"]
    return {"spacing_mm": prepare["spacing_mm"]} if "spacing_mm" in prepare else {}


def method_settings(wildcards):
    return PLAN.methods[wildcards.cohort][wildcards.method]


def folds_of(wildcards):
    return PLAN.folds_of(wildcards.cohort, wildcards.chunk)
