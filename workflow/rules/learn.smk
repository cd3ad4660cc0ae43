# search, train: choices and models, each inside its training fold


rule search:
    input:
        features=f"{COHORT}/features.csv",
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
    output:
        chosen=f"{CHUNK}/chosen.json",
        history=f"{CHUNK}/search_history.csv",
        cost=f"{CHUNK}/search_cost.json",
    log:
        f"{RUN}/logs/search_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.log",
    benchmark:
        f"{RUN}/benchmarks/search_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lambda wildcards: min(len(folds_of(wildcards)), workflow.cores)
    resources:
        mem_mb=lambda wildcards, threads: 1000 + 500 * threads,
    params:
        settings=method_settings,
        folds=folds_of,
        code=code_of_method("search", "rerad.search.tabular"),
    message:
        "Search: {wildcards.cohort} {wildcards.method} seed {wildcards.seed} {wildcards.chunk}"
    script:
        "../scripts/search.py"


rule train:
    input:
        features=f"{COHORT}/features.csv",
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
        chosen=chosen,
    output:
        predictions=f"{CHUNK}/predictions_classification.csv",
        segmentation=f"{CHUNK}/predictions_segmentation.csv",
        history=f"{CHUNK}/history.csv",
        cost=f"{CHUNK}/cost.json",
    log:
        f"{RUN}/logs/train_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=method_settings,
        folds=folds_of,
        artefacts=f"{CHUNK}/artefacts",
        code=code_of_method("train", "rerad.training.tabular"),
    message:
        "Train: {wildcards.cohort} {wildcards.method} seed {wildcards.seed} {wildcards.chunk}"
    script:
        "../scripts/train.py"
