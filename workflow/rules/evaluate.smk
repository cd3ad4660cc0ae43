# evaluate: predictions of all chunks and seeds of a method → metrics


rule evaluate:
    input:
        predictions=lambda wildcards: trained_files(
            "predictions_classification.csv", wildcards.cohort, wildcards.method
        ),
    output:
        metrics=f"{TRAINED}/metrics.csv",
    log:
        f"{RUN}/logs/evaluate_{{cohort}}_{{method}}.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_{{cohort}}_{{method}}.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=1500,
    params:
        bootstraps=config["bootstraps"],
        code=code_of("evaluate", "rerad.evaluation.evaluate"),
    message:
        "Evaluate: {wildcards.cohort} {wildcards.method}"
    script:
        "../scripts/evaluate.py"
