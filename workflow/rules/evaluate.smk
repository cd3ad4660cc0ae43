# evaluate: predictions and costs of all chunks and seeds of a method → one file of each, and metrics


rule evaluate:
    input:
        classification=predictions_to_evaluate("classification"),
        segmentation=predictions_to_evaluate("segmentation"),
        regression=predictions_to_evaluate("regression"),
        synthesis=predictions_to_evaluate("synthesis"),
        costs=costs_of_method,
        cases=f"{COHORT}/cases.csv",
    output:
        metrics=f"{TRAINED}/metrics.csv",
        classification=f"{TRAINED}/predictions_classification.csv",
        segmentation=f"{TRAINED}/predictions_segmentation.csv",
        regression=f"{TRAINED}/predictions_regression.csv",
        synthesis=f"{TRAINED}/predictions_synthesis.csv",
        costs=f"{TRAINED}/costs.csv",
    log:
        f"{RUN}/logs/evaluate_{{cohort}}_{{method}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=60,
    params:
        bootstraps=config["bootstraps"],
        code=code_of("evaluate", "rerad.evaluation.evaluate"),
    message:
        "Evaluate: {wildcards.cohort} {wildcards.method}"
    script:
        "../scripts/evaluate.py"


rule compare:
    input:
        predictions=lambda wildcards: of_methods(
            predictions_of(wildcards), cohort_of(wildcards), PLAN.rows(wildcards.study)
        ),
    output:
        comparisons=f"{RUN}/{{study}}/comparisons.csv",
    log:
        f"{RUN}/logs/compare_{{study}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=60,
    params:
        reference=lambda wildcards: PLAN.studies[wildcards.study]["compare_with"],
        rows=lambda wildcards: PLAN.rows(wildcards.study),
        floors=lambda wildcards: PLAN.rows(wildcards.study, "floor"),
        bootstraps=config["bootstraps"],
        task=lambda wildcards: PLAN.studies[wildcards.study]["task"],
        code=code_of("compare", "rerad.evaluation.compare"),
    message:
        "Compare the methods of {wildcards.study}"
    script:
        "../scripts/compare.py"


rule itemise:
    input:
        predictions=lambda wildcards: of_methods(
            "predictions_segmentation.csv", cohort_of(wildcards), PLAN.rows(wildcards.study)
        ),
        cases=lambda wildcards: f"{COHORT}/cases.csv".format(cohort=cohort_of(wildcards)),
    output:
        csv=f"{RUN}/{{study}}/cases.csv",
    log:
        f"{RUN}/logs/itemise_{{study}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=20,
    params:
        code=code_of("itemise", "rerad.evaluation.itemise"),
    message:
        "Results of every case of {wildcards.study}"
    script:
        "../scripts/itemise.py"


rule clock:
    input:
        cases=lambda wildcards: f"{COHORT}/cases.csv".format(cohort=cohort_of(wildcards)),
        arrays=lambda wildcards: f"{COHORT}/arrays".format(cohort=cohort_of(wildcards)),
        metrics=lambda wildcards: f"{TRAINED}/metrics.csv".format(
            cohort=cohort_of(wildcards), method=timed_method(wildcards)
        ),
    output:
        csv=f"{RUN}/{{study}}/costs.csv",
        html=f"{RUN}/{{study}}/costs.html",
    log:
        f"{RUN}/logs/clock_{{study}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=60,
    params:
        times=lambda wildcards: PLAN.studies[wildcards.study]["times"],
        method=lambda wildcards: PLAN.methods[cohort_of(wildcards)][timed_method(wildcards)],
        phantom=lambda wildcards: PLAN.phantom(cohort_of(wildcards)),
        code=code_of("clock", "rerad.reporting.times", files=TEMPLATES),
    message:
        "Time the maps of {wildcards.study}"
    script:
        "../scripts/clock.py"


rule vary:
    input:
        manifest=lambda wildcards: f"{PLAN.data_folder}/{cohort_of(wildcards)}/manifest.csv",
        cases=lambda wildcards: f"{COHORT}/cases.csv".format(cohort=cohort_of(wildcards)),
        splits=lambda wildcards: f"{COHORT}/splits.csv".format(cohort=cohort_of(wildcards)),
        features=features_of_study,
        arrays=lambda wildcards: f"{COHORT}/arrays".format(cohort=cohort_of(wildcards)),
        published=lambda wildcards: list(published_of_study(wildcards).values()),
    output:
        csv=f"{RUN}/{{study}}/multiverse.csv",
        png=report(
            f"{RUN}/{{study}}/multiverse.png",
            caption="../report/multiverse.rst",
            category="{study}",
        ),
        svg=f"{RUN}/{{study}}/multiverse.svg",
    log:
        f"{RUN}/logs/vary_{{study}}.log",
    wildcard_constraints:
        study="|".join(asked_multiverses()) or "(?!)",
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores
    resources:
        mem_mb=growing(lambda wildcards, threads: MEMORY_OF_GENES + 1500 * threads),
        gpu=int(config["device"] != "cpu"),
        runtime=1440,
    params:
        entries=lambda wildcards: PLAN.multiverse(wildcards.study),
        published=published_of_study,
        given=start_of_universes,
        phantom=lambda wildcards: PLAN.phantom(cohort_of(wildcards)),
        code=code_of_universes,
    message:
        "Compute the multiverse of {wildcards.study}"
    script:
        "../scripts/vary.py"


# Needs no cohort: it reads the papers' own numbers.
rule audit:
    input:
        sorted((ROOT / "config" / "published").glob("*.csv")),
    output:
        csv=f"{RUN}/audit/findings.csv",
        md=f"{RUN}/audit/findings.md",
    log:
        f"{RUN}/logs/audit.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=20,
    params:
        code=code_of("audit", "rerad.evaluation.findings"),
    message:
        "Audit the published tables and claims"
    script:
        "../scripts/audit.py"
