# What the rules share: the plan of this run, and the names of its files.
import json
import sys
from pathlib import Path

from rerad.core import life, lock
from rerad.core.digest import code_digest
from rerad.models import MODELS
from rerad.studies import load, trained_methods
from rerad.training.code import training_code

ROOT = Path(workflow.basedir)
BASE = ROOT / "config" / "config.yaml"
OVERLAYS = [file for file in workflow.configfiles if Path(file).resolve() != BASE.resolve()]
PLAN = load(config, root=ROOT, files=[BASE, *OVERLAYS])
config.update(PLAN.config)  # as checked: texts of the command line are numbers now
RUN = PLAN.run_folder
COHORT = f"{RUN}/cohorts/{{cohort}}"
TRAINED = f"{RUN}/trained/{{cohort}}/{{method}}"
CHUNK = f"{TRAINED}/seed{{seed}}/{{chunk}}"
TABLE_FORMATS = ["csv", "md", "html", "tex"]
FIGURE_FORMATS = ["png", "svg"]

# Jobs end with the process that runs the workflow; a second one on the same run is refused. Looking changes nothing,
# so it needs no lock.
LOOKING = {
    "-n",
    "--dry-run",
    "--dryrun",
    "--lint",
    "--dag",
    "--rulegraph",
    "--filegraph",
    "--summary",
    "-D",
}
if workflow.is_main_process and not LOOKING.intersection(sys.argv):
    life.mark_run()
    lock.claim_run(RUN)


wildcard_constraints:
    cohort="|".join(PLAN.methods),
    method="[a-z][a-z0-9_]*",
    seed=r"\d+",
    chunk=r"all|fold\d+",
    study="|".join(PLAN.studies),
    table="[a-z][a-z0-9]*",
    figure="[a-z][a-z0-9_]*",


def code_of(script, *modules, files=()):
    """Digest of what a rule runs, so that a real edit reruns it; empty where edits only mark rows as stale."""
    if config["code_changed"] == "warn":
        return ""
    return code_digest(modules, files=[ROOT / "workflow" / "scripts" / f"{script}.py", *files])


def code_of_method(script, module):
    """Return a parameter function: the digest of what searches or trains a method, its own model included."""
    return lambda wildcards: code_of(script, module, MODELS[method_settings(wildcards)["model"]])


def cohort_settings(stage):
    """Return a parameter function: the settings of one stage of a cohort."""
    return lambda wildcards: config["cohorts"][wildcards.cohort][stage]


def method_settings(wildcards):
    return PLAN.methods[wildcards.cohort][wildcards.method]


def folds_of(wildcards):
    return PLAN.folds_of(wildcards.cohort, wildcards.chunk)


def local_files(wildcards):
    """Return the files of a local source: a change of one of them reacquires the cohort."""
    settings = config["cohorts"][wildcards.cohort]
    return PLAN.local_files(wildcards.cohort) if settings["source"] == "local" else []


def chosen(wildcards):
    """Return what the search chose, for methods that have a search."""
    return [f"{CHUNK}/chosen.json"] if "search" in method_settings(wildcards) else []


def trained_files(name, cohort, method):
    """Return one file of every seed and chunk of a method."""
    return expand(
        f"{CHUNK}/{name}",
        cohort=cohort,
        method=method,
        seed=config["seeds"],
        chunk=PLAN.chunks(cohort),
    )


def all_costs():
    """Return the cost of every search and training."""
    return [
        f"{CHUNK}/{{name}}".format(cohort=cohort, method=method, seed=seed, chunk=chunk, name=name)
        for cohort, method, seed, chunk in PLAN.trainings()
        for name in (["search_cost.json"] if "search" in PLAN.methods[cohort][method] else []) + ["cost.json"]
    ]


def cohort_of(wildcards):
    return PLAN.studies[wildcards.study]["cohort"]


def entry_of(wildcards, part):
    """Return a table's or a figure's entry in its study."""
    if part == "figures":
        return PLAN.figure(wildcards.study, wildcards.figure)
    return PLAN.studies[wildcards.study]["tables"][wildcards.table]


def masks_of_figure(wildcards):
    """Return the predictions of segmentation that a figure needs."""
    kind = entry_of(wildcards, "figures")["kind"]
    return chunks_of(wildcards, "figures", "predictions_segmentation.csv") if kind == "segmentations" else []


def arrays_of_figure(wildcards):
    """Return the arrays that a figure with pictures of scans needs."""
    kind = entry_of(wildcards, "figures")["kind"]
    arrays = f"{COHORT}/arrays".format(cohort=cohort_of(wildcards))
    return [arrays] if kind in ("scans", "maps", "segmentations") else []


def published_of_figure(wildcards):
    """Return the published values of a forest plot's table."""
    table = entry_of(wildcards, "figures").get("table")
    return (
        [ROOT / "config" / "published" / PLAN.studies[wildcards.study]["tables"][table]["published"]] if table else []
    )


def study_settings(wildcards, part):
    """Return what a table needs of its study: a change elsewhere in the study does not concern it."""
    study = PLAN.studies[wildcards.study]
    entry = wildcards[part.removesuffix("s")]
    return {key: study[key] for key in ("primary", "paper_cohort", "deviations")} | {part: {entry: study[part][entry]}}


def methods_of(wildcards, part):
    """Return the trained methods of a table's or a figure's rows."""
    return trained_methods(entry_of(wildcards, part))


def results_of(wildcards, part, name):
    """Return one file a method of a table or a figure."""
    return [
        f"{TRAINED}/{{name}}".format(cohort=cohort_of(wildcards), method=m, name=name)
        for m in methods_of(wildcards, part)
    ]


def chunks_of(wildcards, part, name):
    """Return one file of every seed and chunk of the methods of a table or a figure."""
    return [
        file for method in methods_of(wildcards, part) for file in trained_files(name, cohort_of(wildcards), method)
    ]


def stale_methods(wildcards):
    """Return the methods of a table that were trained with code that has changed since."""
    cohort = cohort_of(wildcards)
    return [
        method
        for method in methods_of(wildcards, "tables")
        if any(is_stale(cohort, method, path) for path in trained_files("cost.json", cohort, method))
    ]


def is_stale(cohort, method, cost):
    if config["code_changed"] != "warn" or not Path(cost).exists():
        return False
    return json.loads(Path(cost).read_text())["code"] != training_code(PLAN.methods[cohort][method]["model"])


def table_files(study, table):
    return expand(f"{RUN}/{study}/tables/{table}.{{format}}", format=TABLE_FORMATS)


def tables_of(*studies, headline=False):
    return [
        file
        for study in studies or PLAN.studies
        for table, entry in PLAN.studies[study]["tables"].items()
        if entry.get("headline") or not headline
        for file in table_files(study, table)
    ]


def figures_of(*studies):
    return [
        f"{RUN}/{study}/figures/{figure}.{form}"
        for study in studies or PLAN.studies
        for figure in PLAN.studies[study]["figures"]
        for form in FIGURE_FORMATS
    ]
