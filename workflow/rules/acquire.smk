# acquire: a source → <paths.data>/<cohort>/


# On the machine that runs the workflow: compute nodes need no network.
rule acquire:
    input:
        local_files,
    output:
        manifest=f"{PLAN.data_folder}/{{cohort}}/manifest.csv",
        attribution=f"{PLAN.data_folder}/{{cohort}}/ATTRIBUTION.md",
    log:
        f"{RUN}/logs/acquire_{{cohort}}.log",
    priority: COHORTS_FIRST
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        mem_mb=growing(memory_of_scans),
        download=expected_download,
    params:
        source=cohort_settings("source"),
        settings=lambda wildcards: PLAN.source_settings(wildcards.cohort),
        seed=cohort_settings("seed"),
        store=f"{PLAN.data_folder}/downloads/{{cohort}}",
        code=code_of_acquiring,
    message:
        "Acquire the cohort {wildcards.cohort} from the source {params.source}: {resources.download}"
    script:
        "../scripts/acquire.py"


# Compute nodes need no network: what is fetched, the local machine fetches.
rule fetch_weights:
    output:
        weights=f"{PLAN.data_folder}/weights/{{weights}}.pth",
    log:
        f"{RUN}/logs/fetch_weights_{{weights}}.log",
    priority: SEARCHES_NEXT
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=2000,
    params:
        entry=lambda wildcards: WEIGHTS[wildcards.weights],
        code=lambda wildcards: code_of(
            "fetch_weights", "rerad.training.weights", MODELS[WEIGHTS[wildcards.weights]["model"]]
        ),
    message:
        "Fetch the pretrained weights {wildcards.weights}"
    script:
        "../scripts/fetch_weights.py"
