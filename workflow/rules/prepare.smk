# prepare, split, describe: raw scans → arrays, splits, handcrafted features


rule prepare:
    input:
        manifest=f"{PLAN.data_folder}/{{cohort}}/manifest.csv",
    output:
        cases=f"{COHORT}/cases.csv",
        patient_flow=f"{COHORT}/patient_flow.csv",
        box_check=f"{COHORT}/box_check.csv",
        slices=f"{COHORT}/slices.csv",
        arrays=directory(f"{COHORT}/arrays"),
    log:
        f"{RUN}/logs/prepare_{{cohort}}.log",
    priority: COHORTS_FIRST
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        # Of a whole-body CT a process holds 1.2 GB, with its features 1.5 GB.
        mem_mb=growing(lambda wildcards, threads: max(4000, 1500 * threads)),
        runtime=240,
    params:
        settings=scan_settings("prepare"),
        seed=cohort_settings("seed"),
        permute_labels=config["permute_labels"],
        code=lambda wildcards: code_of("prepare", f"rerad.cohorts.{wildcards.cohort}.prepare"),
    message:
        "Prepare the cohort {wildcards.cohort}"
    script:
        "../scripts/prepare.py"


rule split:
    input:
        cases=f"{COHORT}/cases.csv",
    output:
        splits=f"{COHORT}/splits.csv",
    log:
        f"{RUN}/logs/split_{{cohort}}.log",
    priority: COHORTS_FIRST
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        folds=lambda wildcards: PLAN.folds[wildcards.cohort],
        seed=cohort_settings("seed"),
        code=code_of("split", "rerad.core.splits"),
    message:
        "Split the cohort {wildcards.cohort}"
    script:
        "../scripts/split.py"


rule picture:
    input:
        cases=f"{COHORT}/cases.csv",
        arrays=f"{COHORT}/arrays",
    output:
        pictures=directory(f"{COHORT}/quality"),
    log:
        f"{RUN}/logs/picture_{{cohort}}.log",
    priority: COHORTS_FIRST
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        mem_mb=growing(memory_of_scans),
        runtime=60,
    params:
        settings=picture_settings,
        phantom=lambda wildcards: PLAN.phantom(wildcards.cohort),
        code=code_of("picture", "rerad.reporting.figures.quality"),
    message:
        "Draw the quality pictures of {wildcards.cohort}"
    script:
        "../scripts/picture.py"


rule describe:
    input:
        manifest=f"{PLAN.data_folder}/{{cohort}}/manifest.csv",
        cases=f"{COHORT}/cases.csv",
    output:
        features=f"{COHORT}/features.csv",
        flow=f"{COHORT}/features_flow.csv",
    log:
        f"{RUN}/logs/describe_{{cohort}}.log",
    priority: COHORTS_FIRST
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        mem_mb=growing(lambda wildcards, threads: 1500 * threads),
        runtime=480,
    params:
        settings=scan_settings("describe"),
        code=lambda wildcards: code_of("describe", f"rerad.cohorts.{wildcards.cohort}.describe"),
    message:
        "Extract the handcrafted features of {wildcards.cohort}"
    script:
        "../scripts/describe.py"
