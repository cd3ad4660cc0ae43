# What a method needs to be searched and trained: files, threads, memory.
import functools
import math

from rerad.core.errors import ConfigError
from rerad.search.recipe import draws_by_lot, searches_once
from rerad.studies.external import external_file
from rerad.training.code import is_external, is_network, is_regressor, learns_in_epochs
from rerad.training.recipe import voxels_of_patch
from rerad.training.weights import weights_name

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


def for_those(wanted, value, otherwise):
    """Return a parameter function: a value for methods that are ``wanted``, another for the rest."""
    return lambda wildcards: value if wanted(method_settings(wildcards)) else otherwise


def searches_network(settings):
    """Tell whether a method's architecture, or its rates, are searched for in epochs; a draw by lot needs none."""
    return learns_in_epochs(settings) and not draws_by_lot(settings)


for_searched_networks = functools.partial(for_those, searches_network)
for_learners = functools.partial(for_those, learns_in_epochs)


def files_of_search(wildcards):
    """Return the files that a search reads, by their names among the inputs; those of arrays, if it reads some."""
    settings = method_settings(wildcards)
    network = searches_network(settings)
    return {
        "features": features_of(wildcards),
        "arrays": [f"{COHORT}/arrays"] if network or is_regressor(settings) else [],
        "slices": [f"{COHORT}/slices.csv"] if network else [],
    }


def files_of_training(wildcards):
    """Return the files that a training reads, by their names among the inputs; no file of what it does not need."""
    settings = method_settings(wildcards)
    network = is_network(settings)
    return {
        "features": features_of(wildcards),
        "chosen": chosen(wildcards),
        "arrays": [f"{COHORT}/arrays"] if network or is_regressor(settings) else [],
        "slices": [f"{COHORT}/slices.csv"] if network else [],
        "weights": weights_of(wildcards) if network else [],
        "external": external_of(wildcards),
    }


def job_of_search(wildcards):
    """Return what decides a search's numbers besides its files."""
    network = searches_network(method_settings(wildcards))
    return {"settings": method_settings(wildcards), "folds": searched_folds(wildcards), "device": device_for(network)}


def job_of_training(wildcards):
    """Return what decides a training's numbers besides its files."""
    settings = method_settings(wildcards)
    network = is_network(settings)
    return {
        "settings": settings,
        "folds": folds_of(wildcards),
        "keep_model": network and keeps_model(wildcards),
        "spacing_mm": picture_settings(wildcards).get("spacing_mm") if network else None,
        "device": device_for(learns_in_epochs(settings)),
    }


def device_for(learner):
    """Return where a job computes: what learns in no epochs has no use for a GPU."""
    return config["device"] if learner else "cpu"


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


def threads_of_training(wildcards):
    """Return the threads of a training, which are part of a network's recipe."""
    settings = method_settings(wildcards)
    return settings["recipe"].get("threads", 1) if learns_in_epochs(settings) else 1


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


def memory_of_training(wildcards, _):
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
