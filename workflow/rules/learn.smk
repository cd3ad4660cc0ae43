# search, train: choices and models, each inside its training fold; predict: new cases by a kept model


rule search:
    input:
        features=features_of,
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
        arrays=for_searched_arrays([f"{COHORT}/arrays"]),
        slices=for_searched_networks([f"{COHORT}/slices.csv"]),
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
        settings=method_settings,
        folds=searched_folds,
        device=for_searched_networks(config["device"], "cpu"),
        gpu_share=for_searched_networks(config["gpu_share"], 1),
        code=code_of_search,
    message:
        "Search: {wildcards.cohort} {wildcards.method} seed {wildcards.seed} {wildcards.chunk}"
    script:
        "../scripts/search.py"


rule train:
    input:
        features=features_of,
        cases=f"{COHORT}/cases.csv",
        splits=f"{COHORT}/splits.csv",
        chosen=chosen,
        arrays=for_arrays([f"{COHORT}/arrays"]),
        slices=for_networks([f"{COHORT}/slices.csv"]),
        weights=for_networks(weights_of),
        external=external_of,
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
    threads: for_learners(lambda wildcards: method_settings(wildcards)["recipe"].get("threads", 1), 1)
    resources:
        mem_mb=growing(memory_of),
        gpu=for_learners(int(config["device"] != "cpu"), 0),
        runtime=for_learners(1440, 240),
    params:
        settings=method_settings,
        folds=folds_of,
        device=for_learners(config["device"], "cpu"),
        gpu_share=for_learners(config["gpu_share"], 1),
        keep_model=for_networks(keeps_model, False),
        spacing_mm=for_networks(lambda wildcards: picture_settings(wildcards).get("spacing_mm"), None),
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
