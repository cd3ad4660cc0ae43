# search, train: choices and models, each inside its training fold; predict: new cases by a kept model


rule search:
    input:
        unpack(files_of_search),
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
    output:
        chosen=f"{CHUNK}/chosen.json",
        history=f"{CHUNK}/search_history.csv",
        cost=f"{CHUNK}/search_cost.json",
    log:
        f"{RUN}/logs/search_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.log",
    priority: SEARCHES_NEXT
    conda:
        "../../envs/environment.yaml"
    threads: threads_of_search
    resources:
        mem_mb=growing(memory_of_search),
        gpu=for_searched_networks(int(config["device"] != "cpu"), 0),
        runtime=for_searched_networks(1440, 240),
    params:
        job=job_of_search,
        code=code_of_search,
    message:
        "Search: {wildcards.cohort} {wildcards.method} seed {wildcards.seed} {wildcards.chunk}"
    script:
        "../scripts/search.py"


rule train:
    input:
        unpack(files_of_training),
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
    output:
        classification=f"{CHUNK}/predictions_classification.csv",
        segmentation=f"{CHUNK}/predictions_segmentation.csv",
        regression=f"{CHUNK}/predictions_regression.csv",
        synthesis=f"{CHUNK}/predictions_synthesis.csv",
        history=f"{CHUNK}/history.csv",
        cost=f"{CHUNK}/cost.json",
    log:
        f"{RUN}/logs/train_{{cohort}}_{{method}}_seed{{seed}}_{{chunk}}.log",
    priority: THEN_TRAININGS
    conda:
        "../../envs/environment.yaml"
    threads: threads_of_training
    resources:
        mem_mb=growing(memory_of_training),
        gpu=for_learners(int(config["device"] != "cpu"), 0),
        runtime=for_learners(1440, 240),
    params:
        job=job_of_training,
        code=code_of_training,
    message:
        "Train: {wildcards.cohort} {wildcards.method} seed {wildcards.seed} {wildcards.chunk}"
    script:
        "../scripts/train.py"


rule predict:
    input:
        model=to_predict("model"),
        scans=scans_to_predict,
    output:
        predicted=directory(f"{RUN}/predicted"),
    log:
        f"{RUN}/logs/predict.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        gpu=int(config["device"] != "cpu"),
        runtime=240,
    params:
        folder=to_predict("folder"),
        device=config["device"],
        code=code_of("predict", "rerad.training.predict"),
    message:
        "Predict the cases in {params.folder} with {input.model}: {output.predicted}"
    script:
        "../scripts/predict.py"
