# What is made of trainings: the files behind tables, figures and the page.
import json

from rerad.studies import trained_methods
from rerad.training.code import predicted_tasks, training_code

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


def predictions_to_evaluate(task):
    """Return an input function: the predictions of a task of every seed and chunk, of methods that have the task."""

    def files(wildcards):
        if task not in predicted_tasks(method_settings(wildcards)):
            return []
        return trained_files(f"predictions_{task}.csv", wildcards.cohort, wildcards.method)

    return files


def costs_of_method(wildcards):
    """Return the cost of every search and training of a method."""
    names = ["search_cost.json", "cost.json"] if "search" in method_settings(wildcards) else ["cost.json"]
    return [file for name in names for file in trained_files(name, wildcards.cohort, wildcards.method)]


def of_methods(name, cohort, methods):
    """Return one file of each of some methods."""
    return expand(f"{TRAINED}/{{name}}", cohort=cohort, method=methods, name=name)


def costs_behind(target):
    """Return the costs of every method behind a target."""
    methods = dict.fromkeys(methods_of_target(target))
    return [file for cohort, method in methods for file in of_methods("costs.csv", cohort, method)]


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
    return [file for cohort, method in tasks_shown() for file in of_methods("metrics.csv", cohort, method)]


def predictions_behind():
    """Return the predictions that lie behind the tables."""
    return [
        file
        for (cohort, method), tasks in tasks_shown().items()
        for task in sorted(tasks)
        for file in of_methods(f"predictions_{task}.csv", cohort, method)
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


def predictions_of(wildcards):
    """Return the name of the predictions that a study compares."""
    return f"predictions_{PLAN.studies[wildcards.study]['task']}.csv"


def described_cohorts():
    """Return the cohorts whose cases have handcrafted features."""
    return [cohort for cohort in PLAN.methods if "describe" in config["cohorts"][cohort]]


def studies_of_masks():
    """Return the studies that are about segmentation."""
    return [name for name, study in PLAN.studies.items() if study["task"] == "segmentation"]


def parts_of_figure(name, *kinds):
    """Return an input function: a file of every search, or of every training, that a figure of some kinds shows."""

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
    return of_methods(name, cohort_of(wildcards), methods_of(wildcards, part))


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
    """Tell whether other code than today's trained a method; a broken record does not say that it was today's."""
    if config["code_changed"] != "warn" or not Path(cost).exists():
        return False
    try:
        return json.loads(Path(cost).read_text())["code"] != training_code(PLAN.methods[cohort][method])
    except (ValueError, TypeError, KeyError):
        return True


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


def methods_shown(study, tables=None):
    """Return the trained methods behind some tables of a study, or behind all that it shows."""
    entries = PLAN.studies[study]["tables"]
    if tables is not None:
        return [method for table in tables for method in trained_methods(entries[table])]
    shown = [PLAN.figure(study, figure) for figure in PLAN.studies[study]["figures"]]
    return [method for entry in [*entries.values(), *shown] for method in trained_methods(entry)]


def methods_of_target(target):
    """Return the (cohort, method) of every training behind a target."""
    if target == "all":
        return [(cohort, method) for cohort, method, *_ in PLAN.trainings()]
    found = []
    for study, entry in PLAN.studies.items():
        headline = [table for table, content in entry["tables"].items() if content.get("headline")]
        named = [table for table in entry["tables"] if target == f"{study}_{table}"]
        if target in (study, "core") or named:
            found += [
                (entry["cohort"], method)
                for method in methods_shown(study, None if target == study else named or headline)
            ]
    return found


# What a person may ask for by name. When it is made, it is said whether all trainings behind it succeeded.
TARGETS = {
    "all": [f"{RUN}/report.html"],
    "core": tables_of(headline=True),
    **{
        study: [*tables_of(study), *times_of(study), *figures_of(study), f"{RUN}/{study}/deviations.csv"]
        for study in PLAN.studies
    },
    **{
        f"{study}_{table}": table_files(study, table)
        for study, entry in PLAN.studies.items()
        for table in entry["tables"]
    },
}


def target(name):
    """Return the files of a target and what says that it is complete."""
    return [*TARGETS[name], f"{RUN}/complete/{name}.txt"]
