# The multiverses: which studies have one, which are asked for, and what they are computed from.
import functools


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
