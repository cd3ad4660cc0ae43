# Where data come from: local folders, archives, weights to start from.
from rerad import cohorts
from rerad.cohorts.sources import SOURCES
from rerad.models import MODELS

# Pretrained weights by the name of their file, with the entry of one method that starts from them.
WEIGHTS = {
    name: {key: settings[key] for key in ("model", "network", "recipe")}
    for methods in PLAN.methods.values()
    for settings in methods.values()
    if is_network(settings) and (name := weights_name(settings))
}


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
    if parts and LOOKING:
        source = config["cohorts"][wildcards.cohort]["source"]
        logger.info(f"Acquire the cohort {wildcards.cohort} from the source {source}: {told}")
    return told


def code_of_acquiring(wildcards):
    """Return the digest of what acquires a cohort, its archives included; where no digest counts they are not asked for."""
    if config["code_changed"] == "warn":
        return ""
    modules = [SOURCES[part.source] for part in parts_of(wildcards)]
    return code_of("acquire", f"rerad.cohorts.{wildcards.cohort}.acquire", *modules)
