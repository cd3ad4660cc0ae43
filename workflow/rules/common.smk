# What the rules share: the plan of this run, and the names of its files.
import functools
import gc
import json
import math
import sys
from pathlib import Path

from snakemake.logging import logger
from rerad import cohorts
from rerad.cohorts.sources import SOURCES
from rerad.core import life, lock
from rerad.core.attempts import growing
from rerad.core.digest import code_digest
from rerad.core.errors import ConfigError
from rerad.models import MODELS
from rerad.search.code import search_modules
from rerad.search.recipe import draws_by_lot, searches_once
from rerad.studies import load, trained_methods
from rerad.studies.external import check_files, external_file
from rerad.training.code import (
    is_external,
    is_network,
    is_regressor,
    learns_in_epochs,
    training_code,
    training_modules,
)
from rerad.training.recipe import voxels_of_patch
from rerad.training.weights import weights_name

# The graph of a large run is hundreds of thousands of objects that stay: looking through them for garbage finds none.
gc.set_threshold(100_000, 50, 100)

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
BYTES_A_VOXEL = 6000
MEMORY_OF_GENES = 4000  # MB: 53 million weights of the autoencoder with gradients, velocities and a checkpoint
MEMORY_OF_LINEAR = 600  # MB a process, and one more for all of them: 12,042 genes with 4000 penalties reach 430
FEATURES_OF_A_REGION = 10  # each has its linear model: that many processes of a search can be busy at most
MEMORY_OF_WINDOWS = 4000  # MB: a case of 16 million voxels with its maps, and a batch of 2,000 windows
BYTES_A_VOXEL_SEARCHED = 2500  # of a supernet with 8 channels: see benchmarks/search_step.py
# Of patches, with a margin of 30 %. Peak of a CPU step at batch 1 and the paper's widths, less that of the imports, at 64
# cubed: 2,139 bytes a voxel (unet3d), 1,608 (nas3dunet), 7,225 (its supernet, the step of the weights). From 32 to 64 cubed
# peaks grow by 1,300, 1,500 and 6,700; at 128 cubed a forward pass of the first two keeps 1,393 and 707.
BYTES_A_VOXEL_OF_PATCHES = {"unet3d": 2800, "nas3dunet": 2100}
BYTES_A_VOXEL_SEARCHED_IN_PATCHES = 9400

# Pretrained weights by the name of their file, with the entry of one method that starts from them.
WEIGHTS = {
    name: {key: settings[key] for key in ("model", "network", "recipe")}
    for methods in PLAN.methods.values()
    for settings in methods.values()
    if is_network(settings) and (name := weights_name(settings))
}

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
if workflow.is_main_process:
    if not LOOKING.intersection(sys.argv):
        life.mark_run(lock.claim_run(RUN))
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


def local_files(wildcards):
    """Return the files that a cohort takes from a local folder: a change of one of them reacquires it."""
    return PLAN.local_files(wildcards.cohort)


def parts_of(wildcards):
    """Return what a cohort takes from archives."""
    source = config["cohorts"][wildcards.cohort]["source"]
    return cohorts.parts(wildcards.cohort, source, PLAN.source_settings(wildcards.cohort))


def expected_download(wildcards):
    """Return in words what acquiring a cohort downloads; a dry run prints it.

    It asks archives, so it must stay a resource: Snakemake looks at the resources of jobs that are to run and at no
    others, whereas it looks at the parameters of all.
    """
    parts = parts_of(wildcards)
    told = cohorts.expected(parts)
    if parts and not LOOKING.isdisjoint(sys.argv):
        source = config["cohorts"][wildcards.cohort]["source"]
        logger.info(f"Acquire the cohort {wildcards.cohort} from the source {source}: {told}")
    return told


def code_of_acquiring(wildcards):
    """Return the digest of what acquires a cohort, its archives included; where no digest counts they are not asked for."""
    if config["code_changed"] == "warn":
        return ""
    modules = [SOURCES[part.source] for part in parts_of(wildcards)]
    return code_of("acquire", f"rerad.cohorts.{wildcards.cohort}.acquire", *modules)


def searched_chunks(cohort, method):
    """Return the chunks in which a method is searched for: all, or the first where one search is for all folds."""
    chunks = PLAN.chunks(cohort, method)
    return chunks[:1] if searches_once(PLAN.methods[cohort][method]) else chunks


def searched_folds(wildcards):
    """Return the folds that a search is of."""
    return folds_of(wildcards)[:1] if searches_once(method_settings(wildcards)) else folds_of(wildcards)


def chosen(wildcards):
    """Return what the search chose, for methods that have a search or take the rates of one that has."""
    known = PLAN.methods[wildcards.cohort]
    method = known[wildcards.method]["recipe"].get("rates_of", wildcards.method)
    if method not in known:
        told = f"no table or figure has the method {method!r}"
        raise ConfigError(told, where=f"rates_of of {wildcards.method}", remedy="Write a method that is trained")
    if "search" not in known[method]:
        return []
    chunks = searched_chunks(wildcards.cohort, method)
    chunk = wildcards.chunk if wildcards.chunk in chunks else chunks[0]
    return [f"{RUN}/trained/{{cohort}}/{method}/seed{{seed}}/{chunk}/chosen.json"]


def for_networks(value, otherwise=(), wanted=is_network):
    """Return an input or parameter function: what a network, or a ``wanted`` method, needs and others do not."""

    def chosen_value(wildcards):
        if not wanted(method_settings(wildcards)):
            return otherwise
        return value(wildcards) if callable(value) else value

    return chosen_value


def searches_network(settings):
    """Tell whether a method's architecture, or its rates, are searched for in epochs; a draw by lot needs none."""
    return learns_in_epochs(settings) and not draws_by_lot(settings)


def searches_arrays(settings):
    """Tell whether a search reads arrays: that of a network, or of a linear model of gene expression."""
    return searches_network(settings) or is_regressor(settings)


for_searched_networks = functools.partial(for_networks, wanted=searches_network)
for_searched_arrays = functools.partial(for_networks, wanted=searches_arrays)
for_learners = functools.partial(for_networks, wanted=learns_in_epochs)
for_arrays = functools.partial(for_networks, wanted=lambda settings: is_network(settings) or is_regressor(settings))


def external_of(wildcards):
    """Return the file of scores of a method that was trained elsewhere: a change of it changes the method's rows."""
    return list(filter(None, [external_file(method_settings(wildcards))]))


def features_of(wildcards):
    """Return the handcrafted features, for methods that see them."""
    settings = method_settings(wildcards)
    if is_external(settings):
        return []
    return [] if is_network(settings) and not settings["recipe"].get("table") else [f"{COHORT}/features.csv"]


def weights_of(wildcards):
    """Return the file of pretrained weights, for networks that start from one."""
    settings = method_settings(wildcards)
    weights = settings["recipe"].get("weights")
    if isinstance(weights, dict) and "path" in weights:
        return [str(Path(weights["path"]).expanduser().absolute())]
    name = weights_name(settings)
    return [f"{PLAN.data_folder}/weights/{name}.pth"] if name else []


def keeps_model(wildcards):
    """Tell whether the trained models of a method are kept."""
    if config["keep_models"] == "figure":
        return wildcards.method in PLAN.drawn(wildcards.cohort)
    return config["keep_models"] == "all"


def to_predict(key):
    """Return an input or parameter function: the model, or the folder of new cases, that predict is to use."""

    def path(wildcards):
        given = config["predict"][key]
        if given is None:
            remedy = "Name both: --config 'predict={model: …/models/fold1.pt, folder: /data/new}'"
            raise ConfigError("null: there is nothing to predict", where=f"predict.{key}", remedy=remedy)
        return str(Path(given).expanduser().absolute())

    return path


def scans_to_predict(wildcards):
    """Return the files of the new cases: a change of one of them predicts them again."""
    return sorted(str(path) for path in Path(to_predict("folder")(wildcards)).rglob("*") if path.is_file())


def threads_of_search(wildcards):
    """Return the threads of a search: a network's are part of its recipe, tables are searched fold beside fold."""
    settings = method_settings(wildcards)
    if learns_in_epochs(settings):
        return settings["recipe" if is_regressor(settings) else "search"].get("threads", 1)
    if is_regressor(settings):
        return min(FEATURES_OF_A_REGION * len(settings["modalities"]), workflow.cores)
    return min(len(folds_of(wildcards)), workflow.cores)


def memory_of_search(wildcards, threads):
    """Return the memory of a search in MB: an architecture's grows with its input, a table's with its processes."""
    settings = method_settings(wildcards)
    if is_regressor(settings) and learns_in_epochs(settings):
        return MEMORY_OF_GENES
    if is_regressor(settings):
        return MEMORY_OF_LINEAR * (1 + threads)
    if not is_network(settings):
        return 1000 + 500 * threads
    if draws_by_lot(settings):
        return 1000
    search = {**settings["recipe"], **settings["search"]}
    patch = voxels_of_patch(search) * search["batch"]
    if patch:
        return 2000 + round(patch * BYTES_A_VOXEL_SEARCHED_IN_PATCHES / 2**20)
    voxels = math.prod(config["cohorts"][wildcards.cohort]["prepare"]["box"])
    return 2000 + round(voxels * BYTES_A_VOXEL_SEARCHED / 2**20)


def memory_of(wildcards, _):
    """Return the memory of a training in MB, whatever its threads: a network's grows with its input."""
    settings = method_settings(wildcards)
    if is_regressor(settings) and learns_in_epochs(settings):
        return MEMORY_OF_GENES
    if not is_network(settings):
        return 1500
    if settings["recipe"]["input"] == "windows":
        return MEMORY_OF_WINDOWS
    patch = voxels_of_patch(settings["recipe"]) * settings["recipe"]["batch"]
    if patch:
        return 2000 + round(patch * BYTES_A_VOXEL_OF_PATCHES.get(settings["model"], BYTES_A_VOXEL) / 2**20)
    voxels = math.prod(config["cohorts"][wildcards.cohort]["prepare"]["box"])
    # Bytes a voxel at batch 1 and 16 filters: see benchmarks/train_step.py.
    return 2000 + round(voxels * BYTES_A_VOXEL / 2**20)


SEARCHED = ("chosen.json", "search_history.csv", "search_cost.json")  # what a search writes


def trained_files(name, cohort, method):
    """Return one file of every seed and chunk of a method; of its search only those that there are."""
    return expand(
        f"{CHUNK}/{name}",
        cohort=cohort,
        method=method,
        seed=config["seeds"],
        chunk=searched_chunks(cohort, method) if name in SEARCHED else PLAN.chunks(cohort, method),
    )


def all_costs():
    """Return the cost of every search and training."""

    def names(cohort, method, chunk):
        searched = "search" in PLAN.methods[cohort][method] and chunk in searched_chunks(cohort, method)
        return ["search_cost.json", "cost.json"] if searched else ["cost.json"]

    return [
        f"{CHUNK}/{{name}}".format(cohort=cohort, method=method, seed=seed, chunk=chunk, name=name)
        for cohort, method, seed, chunk in PLAN.trainings()
        for name in names(cohort, method, chunk)
    ]


def tasks_shown():
    """Return (cohort, method) → the tasks of which a table of some study shows results."""
    shown = {}
    for study in PLAN.studies.values():
        for entry in study["tables"].values():
            task = entry.get("task", "regression" if "shape" in entry else "classification")
            for method in trained_methods(entry):
                shown.setdefault((study["cohort"], method), set()).add(task)
    return shown


def metrics_behind():
    """Return the metrics of every method that a table shows."""
    return [f"{TRAINED}/metrics.csv".format(cohort=cohort, method=method) for cohort, method in tasks_shown()]


def predictions_behind():
    """Return the predictions that lie behind the tables."""
    return [
        file
        for (cohort, method), tasks in tasks_shown().items()
        for task in sorted(tasks)
        for file in trained_files(f"predictions_{task}.csv", cohort, method)
    ]


def timed_method(wildcards):
    """Return the method whose network a study times."""
    return PLAN.studies[wildcards.study]["times"]["method"]


def times_of(*studies):
    """Return the tables of times of some studies, or of all."""
    return [f"{RUN}/{study}/costs.html" for study in studies or PLAN.studies if "times" in PLAN.studies[study]]


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
    kinds = ("segmentations", "overlays", "boxes")
    return chunks_of(wildcards, "figures", "predictions_segmentation.csv") if kind in kinds else []


def predictions_of(wildcards):
    """Return the name of the predictions that a study compares."""
    return f"predictions_{PLAN.studies[wildcards.study]['task']}.csv"


def described_cohorts():
    """Return the cohorts whose cases have handcrafted features."""
    return [cohort for cohort in PLAN.methods if "describe" in config["cohorts"][cohort]]


def studies_of_masks():
    """Return the studies that are about segmentation."""
    return [name for name, study in PLAN.studies.items() if study["task"] == "segmentation"]


def searches_of_figure(name, *kinds):
    """Return an input function: a file of every search that a figure of some kinds shows."""

    def files(wildcards):
        return chunks_of(wildcards, "figures", name) if entry_of(wildcards, "figures")["kind"] in kinds else []

    return files


def history_of_figure(wildcards):
    """Return the courses that a figure shows: of searches, or of trainings."""
    kinds = {"search_history": "search_history.csv", "learning_curves": "history.csv"}
    name = kinds.get(entry_of(wildcards, "figures")["kind"])
    return chunks_of(wildcards, "figures", name) if name else []


def comparisons_of_figure(wildcards):
    """Return the comparisons that a figure of errors marks its differences by."""
    kind = entry_of(wildcards, "figures")["kind"]
    return [f"{RUN}/{{study}}/comparisons.csv"] if kind == "errors" else []


def networks_of_figure(wildcards):
    """Return the settings of the networks that a figure shows as wholes."""
    if entry_of(wildcards, "figures")["kind"] != "network":
        return {}
    methods = PLAN.methods[cohort_of(wildcards)]
    return {method: methods[method]["network"] for method in methods_of(wildcards, "figures")}


def arrays_of_figure(wildcards):
    """Return the arrays that a figure with pictures of scans needs."""
    kind = entry_of(wildcards, "figures")["kind"]
    arrays = f"{COHORT}/arrays".format(cohort=cohort_of(wildcards))
    return [arrays] if kind in ("scans", "maps", "segmentations", "modalities", "patches", "overlays") else []


def published_of_table(wildcards):
    """Return the published values of a table, if the paper has them."""
    return PLAN.published(wildcards.study, wildcards.table)


def comparisons_of_table(wildcards):
    """Return the comparisons that a table of features marks its differences by."""
    entry = entry_of(wildcards, "tables")
    return [f"{RUN}/{{study}}/comparisons.csv"] if entry.get("shape") == "features" else []


def published_of_figure(wildcards):
    """Return the published values of a forest plot's table."""
    table = entry_of(wildcards, "figures").get("table")
    return PLAN.published(wildcards.study, table) if table else []


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


@functools.cache
def multiverses():
    """Return the studies that have a multiverse in this run."""
    return [study for study in PLAN.studies if PLAN.multiverse(study)]


def asked_multiverses():
    """Return the studies whose multiverse this call names as a target; a job that another process started may be any."""
    if not workflow.is_main_process:
        return multiverses()
    targets = {str(Path(word)) for word in sys.argv[1:]}  # Snakemake itself tells of them after the rules are read
    names = ["multiverse", *(f"{RUN}/{{study}}/multiverse.{suffix}" for suffix in ("csv", "png", "svg"))]
    return [
        study for study in multiverses() if targets.intersection(str(Path(name.format(study=study))) for name in names)
    ]


def shown_multiverses(suffix):
    """Return the multiverses that the page shows: those asked for, and those that are there.

    The default target computes none: of a study that is not asked for, the files are taken as they stand.
    """
    asked = asked_multiverses()
    made = [
        study
        for study in multiverses()
        if all(Path(RUN, study, f"multiverse.{one}").exists() for one in ("csv", "png"))
    ]
    return [f"{RUN}/{study}/multiverse.{suffix}" for study in multiverses() if study in (*asked, *made)]


def features_of_study(wildcards):
    """Return the features of a study's cohort, if it has some."""
    cohort = cohort_of(wildcards)
    return [f"{RUN}/cohorts/{cohort}/features.csv"] if cohort in described_cohorts() else []


def published_of_study(wildcards):
    """Return the published tables, by name, that a study's multiverse is compared with."""
    tables = [entry["published"].get("table") for entry in PLAN.multiverse(wildcards.study).values()]
    return {table: str(PLAN.published(wildcards.study, table)[0]) for table in dict.fromkeys(tables) if table}


def start_of_universes(wildcards):
    """Return what all universes of a study share, but for its files."""
    cohort = cohort_of(wildcards)
    return {
        "cohort": cohort,
        "task": PLAN.studies[wildcards.study]["task"],
        "describe": PLAN.scan_settings(cohort, "describe") if features_of_study(wildcards) else {},
        "seeds": config["seeds"],
        "folds": list(range(1, PLAN.folds[cohort] + 1)),
        "bootstraps": config["bootstraps"],
        "device": config["device"],
    }


def code_of_universes(wildcards):
    """Return the digest of what computes a study's multiverse, its methods included."""
    methods = [entry["universes"][0]["settings"] for entry in PLAN.multiverse(wildcards.study).values()]
    modules = {module for method in methods for module in (*search_modules(method), *training_modules(method))}
    described = {f"rerad.cohorts.{cohort_of(wildcards)}.describe"} if features_of_study(wildcards) else set()
    return code_of("vary", "rerad.reporting.multiverse", *sorted(modules | described))


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
    return json.loads(Path(cost).read_text())["code"] != training_code(PLAN.methods[cohort][method])


def table_files(study, table):
    return expand(f"{RUN}/{study}/tables/{table}.{{format}}", format=TABLE_FORMATS)


def tables_of(*studies, headline=False):
    return [
        file
        for study in studies or PLAN.studies
        for table, entry in PLAN.studies[study]["tables"].items()
        if entry.get("headline") or not headline
        for file in table_files(study, table)
    ] + [
        file
        for study in ([] if headline else studies or PLAN.studies)
        for table in others_of("layers", study) + others_of("genotypes", study) + others_of("penalties", study)
        for file in table_files(study, table)
    ]


def layered_method(wildcards):
    """Return the settings of the method whose layers a table shows."""
    study = PLAN.studies[wildcards.study]
    return study["methods"][study["layers"][wildcards.layers]["method"]]


def searched_methods(wildcards):
    """Return the entries of the methods whose architectures a table compares."""
    methods = PLAN.studies[wildcards.study]["genotypes"][wildcards.genotypes]["methods"]
    return {method: PLAN.methods[cohort_of(wildcards)][method] for method in methods}


def figures_of(*studies):
    return [
        f"{RUN}/{study}/figures/{figure}.{form}"
        for study in studies or PLAN.studies
        for figure in PLAN.studies[study]["figures"]
        for form in FIGURE_FORMATS
    ]
