# ReRad: table of contents. The stages are in workflow/rules/, the settings in config/.
from snakemake.utils import min_version

min_version("9.20")


configfile: f"{workflow.basedir}/config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/methods.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/results.smk"
include: "workflow/rules/multiverses.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        target("all"),


rule full:
    input:
        rules.all.input,


rule core:
    input:
        target("core"),
    message:
        "The headline tables are ready"


# Takes its own time: every method of it is computed under every combination of answers.
rule multiverse:
    input:
        expand(f"{RUN}/{{study}}/multiverse.csv", study=multiverses()),
    message:
        "The multiverses are ready"


for study in PLAN.studies:

    rule:
        name:
            study
        input:
            target(study),
        message:
            f"Tables and figures of {study} are ready: {RUN}/{study}"

    for table in PLAN.studies[study]["tables"]:

        rule:
            name:
                f"{study}_{table}"
            input:
                target(f"{study}_{table}"),
            message:
                f"Table ready: {RUN}/{study}/tables/{table}.md"


for cohort in PLAN.methods:

    rule:
        name:
            f"acquire_{cohort}"
        input:
            f"{PLAN.data_folder}/{cohort}/manifest.csv",
        message:
            f"Cohort acquired: {PLAN.data_folder}/{cohort}"
