# tabulate, plot, report: results → tables, figures and the page
ABOUT = [f"{package}.about" for package in cohorts.COHORTS.values()]
# Figures of scores, or of the artefacts that lie beside them.
KINDS_OF_SCORES = ("roc", "confusion", "tsne", "agreement", "synthesis", "maps")


rule tabulate:
    input:
        cases=lambda wildcards: f"{COHORT}/cases.csv".format(cohort=cohort_of(wildcards)),
        metrics=lambda wildcards: results_of(wildcards, "tables", "metrics.csv"),
        costs=lambda wildcards: results_of(wildcards, "tables", "costs.csv"),
        published=published_of_table,
        comparisons=comparisons_of_table,
    output:
        csv=f"{RUN}/{{study}}/tables/{{table}}.csv",
        md=f"{RUN}/{{study}}/tables/{{table}}.md",
        html=f"{RUN}/{{study}}/tables/{{table}}.html",
        tex=f"{RUN}/{{study}}/tables/{{table}}.tex",
    log:
        f"{RUN}/logs/tabulate_{{study}}_{{table}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=20,
    params:
        settings=lambda wildcards: study_settings(wildcards, "tables"),
        about=lambda wildcards: PLAN.about(cohort_of(wildcards)),
        stale=lambda wildcards: stale_methods(wildcards),
        code=code_of("tabulate", "rerad.reporting.assemble", *ABOUT, files=TEMPLATES),
    message:
        "Table {wildcards.table} of {wildcards.study}"
    script:
        "../scripts/tabulate.py"


rule summarise:
    output:
        csv=f"{RUN}/{{study}}/tables/{{layers}}.csv",
        md=f"{RUN}/{{study}}/tables/{{layers}}.md",
        html=f"{RUN}/{{study}}/tables/{{layers}}.html",
        tex=f"{RUN}/{{study}}/tables/{{layers}}.tex",
    log:
        f"{RUN}/logs/summarise_{{study}}_{{layers}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=20,
    params:
        entry=lambda wildcards: PLAN.studies[wildcards.study]["layers"][wildcards.layers],
        method=layered_method,
        box=lambda wildcards: config["cohorts"][cohort_of(wildcards)]["prepare"]["box"],
        code=code_of("summarise", "rerad.reporting.layers", files=TEMPLATES),
    message:
        "Layers of {wildcards.study}: {wildcards.layers}"
    script:
        "../scripts/summarise.py"


rule agree:
    input:
        chosen=lambda wildcards: [
            file
            for method in searched_methods(wildcards)
            for file in trained_files("chosen.json", cohort_of(wildcards), method)
        ],
    output:
        csv=f"{RUN}/{{study}}/tables/{{genotypes}}.csv",
        md=f"{RUN}/{{study}}/tables/{{genotypes}}.md",
        html=f"{RUN}/{{study}}/tables/{{genotypes}}.html",
        tex=f"{RUN}/{{study}}/tables/{{genotypes}}.tex",
    log:
        f"{RUN}/logs/agree_{{study}}_{{genotypes}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=20,
    params:
        entry=lambda wildcards: PLAN.studies[wildcards.study]["genotypes"][wildcards.genotypes],
        methods=searched_methods,
        code=code_of("agree", "rerad.reporting.agreement", files=TEMPLATES),
    message:
        "Agreement of the architectures of {wildcards.study}: {wildcards.genotypes}"
    script:
        "../scripts/agree.py"


rule list_genes:
    input:
        chosen=lambda wildcards: trained_files(
            "chosen.json",
            cohort_of(wildcards),
            PLAN.studies[wildcards.study]["penalties"][wildcards.penalties]["method"],
        ),
    output:
        csv=f"{RUN}/{{study}}/tables/{{penalties}}.csv",
        md=f"{RUN}/{{study}}/tables/{{penalties}}.md",
        html=f"{RUN}/{{study}}/tables/{{penalties}}.html",
        tex=f"{RUN}/{{study}}/tables/{{penalties}}.tex",
        genes=f"{RUN}/{{study}}/tables/{{penalties}}_genes.csv",
    log:
        f"{RUN}/logs/list_genes_{{study}}_{{penalties}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=20,
    params:
        entry=lambda wildcards: PLAN.studies[wildcards.study]["penalties"][wildcards.penalties],
        code=code_of("list_genes", "rerad.reporting.genes", files=TEMPLATES),
    message:
        "Genes of the linear models of {wildcards.study}"
    script:
        "../scripts/list_genes.py"


rule plot:
    input:
        classification=parts_of_figure("predictions_classification.csv", *KINDS_OF_SCORES),
        segmentation=parts_of_figure("predictions_segmentation.csv", "segmentations", "overlays", "boxes"),
        chosen=parts_of_figure("chosen.json", "cells", "network", "search_history"),
        history=history_of_figure,
        comparisons=comparisons_of_figure,
        metrics=lambda wildcards: results_of(wildcards, "figures", "metrics.csv"),
        published=published_of_figure,
        cases=lambda wildcards: f"{COHORT}/cases.csv".format(cohort=cohort_of(wildcards)),
        arrays=arrays_of_figure,
    output:
        png=report(
            f"{RUN}/{{study}}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="{study}",
        ),
        svg=f"{RUN}/{{study}}/figures/{{figure}}.svg",
    log:
        f"{RUN}/logs/plot_{{study}}_{{figure}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=20,
    params:
        settings=lambda wildcards: PLAN.figure(wildcards.study, wildcards.figure),
        primary=lambda wildcards: PLAN.studies[wildcards.study]["primary"],
        networks=networks_of_figure,
        phantom=lambda wildcards: PLAN.phantom(cohort_of(wildcards)),
        spacing_mm=lambda wildcards: config["cohorts"][cohort_of(wildcards)]["prepare"].get("spacing_mm"),
        code=code_of("plot", "rerad.reporting.draw"),
    message:
        "Figure {wildcards.figure} of {wildcards.study}"
    script:
        "../scripts/plot.py"


rule deviate:
    output:
        csv=f"{RUN}/{{study}}/deviations.csv",
    log:
        f"{RUN}/logs/deviate_{{study}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        deviations=lambda wildcards: PLAN.studies[wildcards.study]["deviations"],
        code=code_of("deviate", "rerad.reporting.assemble"),
    message:
        "Deviations of {wildcards.study}"
    script:
        "../scripts/deviate.py"


rule report:
    input:
        tables_of(),
        times_of(),
        figures_of(),
        expand(f"{RUN}/{{study}}/deviations.csv", study=PLAN.studies),
        expand(
            f"{COHORT}/{{file}}",
            cohort=PLAN.methods,
            file=[
                "cases.csv",
                "patient_flow.csv",
                "box_check.csv",
                "quality",
            ],
        ),
        expand(f"{COHORT}/features_flow.csv", cohort=described_cohorts()),
        expand(f"{RUN}/{{study}}/cases.csv", study=studies_of_masks()),
        expand(f"{RUN}/{{study}}/comparisons.csv", study=PLAN.studies),
        shown_multiverses("png"),
        multiverses=shown_multiverses("csv"),
        findings=f"{RUN}/audit/findings.csv",
        manifests=expand(f"{PLAN.data_folder}/{{cohort}}/manifest.csv", cohort=PLAN.methods),
        metrics=metrics_behind(),
        predictions=predictions_behind(),
        costs=costs_behind("all"),
    output:
        page=f"{RUN}/report.html",
        costs=f"{RUN}/costs.csv",
        provenance=f"{RUN}/provenance/provenance.json",
        config=f"{RUN}/config.yaml",
        crate=f"{RUN}/ro-crate-metadata.json",
    log:
        f"{RUN}/logs/report.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=60,
    params:
        run=config["run"],
        studies=PLAN.studies,
        methods=PLAN.methods,
        cohorts={cohort: PLAN.about(cohort) for cohort in PLAN.methods},
        config=PLAN.effective(),
        difference=PLAN.difference(),
        root=str(ROOT),
        code=code_of("report", "rerad.reporting.assemble", *ABOUT, files=TEMPLATES),
    message:
        "Report of the run {config[run]}"
    script:
        "../scripts/report.py"


# A target is complete when every training behind it succeeded; a failed one is named here, after all that was asked for.
rule complete:
    input:
        made=lambda wildcards: TARGETS[wildcards.target],
        costs=lambda wildcards: costs_behind(wildcards.target),
    output:
        done=f"{RUN}/complete/{{target}}.txt",
    log:
        f"{RUN}/logs/complete_{{target}}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=10,
    message:
        "Check that every training succeeded"
    script:
        "../scripts/complete.py"
