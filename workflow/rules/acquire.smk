# acquire: a source → <paths.data>/<cohort>/


rule acquire:
    input:
        local_files,
    output:
        manifest=f"{PLAN.data_folder}/{{cohort}}/manifest.csv",
        attribution=f"{PLAN.data_folder}/{{cohort}}/ATTRIBUTION.md",
    log:
        f"{RUN}/logs/acquire_{{cohort}}.log",
    benchmark:
        f"{RUN}/benchmarks/acquire_{{cohort}}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        mem_mb=2000,
    params:
        source=cohort_settings("source"),
        settings=lambda wildcards: PLAN.source_settings(wildcards.cohort),
        seed=cohort_settings("seed"),
        code=lambda wildcards: code_of("acquire", f"rerad.cohorts.{wildcards.cohort}.acquire"),
    message:
        "Acquire the cohort {wildcards.cohort}"
    script:
        "../scripts/acquire.py"
