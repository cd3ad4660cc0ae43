"""The workflow as a person runs it: whole, again, killed, fold by fold, with a method that fails."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_run import ROOT, TINY, command, outcome, read_cohort

from rerad.cohorts.breast.labels import FATTY, GLANDULAR
from rerad.imaging.stored import open_case

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.workflow
KILLS = 4
SIXTH = ROOT / "tests" / "workflow" / "sixth"
METHODS = [
    "chmfl", "crop_only", "hc_elasticnet", "hc_elasticnet_pet", "hc_rf", "hc_rf_pet", "majority", "suvmax_only", "volume_only",
]  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tiny workflow ran undisturbed."""
    folder = tmp_path_factory.mktemp("finished")
    done = subprocess.run(command(folder), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, times kept."""
    return Path(shutil.copytree(finished, tmp_path / "copy", symlinks=True))


def test_every_table_and_figure_is_there(finished: Path) -> None:
    run = finished / "results" / "tiny"
    for study, table, figures in (("chmfl", "table1", ("fig3", "figs1")), ("mmnas", "table1", ("fig2",))):
        for suffix in ("csv", "md", "html", "tex"):
            assert (run / study / "tables" / f"{table}.{suffix}").stat().st_size > 100
        for figure in figures:
            assert (run / study / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
            assert "PHANTOM" in (run / study / "figures" / f"{figure}.svg").read_text()
        assert (run / study / "deviations.csv").exists()
    table = pd.read_csv(run / "chmfl" / "tables" / "table1.csv").set_index("method")
    assert set(METHODS) == set(table.index)
    assert table.loc["hc_rf", "acc_published"] == 0.75
    assert table.loc["hc_rf", "verdict"].startswith("not comparable: phantom")
    assert "PHANTOM" in (run / "report.html").read_text()


def test_gliomas_are_acquired_prepared_split_and_pictured(finished: Path) -> None:
    gliomas = read_cohort(finished, "brats")
    assert sorted(gliomas.cases["grade"]) == ["HGG"] * 4 + ["LGG"] * 2
    assert set(gliomas.splits["case"]) == set(gliomas.cases["case"])
    assert gliomas.splits["fold"].nunique() == 2
    for case in gliomas.cases["case"]:
        assert open_case(gliomas.arrays, case, channels=4).labels.any()
    assert gliomas.pictures == gliomas.cases["case"].tolist()
    assert gliomas.flow.empty
    assert gliomas.credit.startswith("# PHANTOM")


def test_breasts_are_acquired_prepared_split_and_pictured(finished: Path) -> None:
    breasts = read_cohort(finished, "breast")
    assert sorted(breasts.cases["group"]) == ["benign", "benign", "malignant", "malignant", "normal", "normal"]
    tested = breasts.splits[breasts.splits["role"] == "test"].merge(breasts.cases, on="case")
    assert tested.groupby("fold")["group"].apply(sorted).tolist() == [["benign", "malignant", "normal"]] * 2
    for case in breasts.cases["case"]:
        labels = open_case(breasts.arrays, case, channels=1).labels
        assert {FATTY, GLANDULAR} <= set(np.unique(labels))
    assert breasts.pictures == breasts.cases["case"].tolist()
    assert breasts.flow.empty
    assert breasts.credit.startswith("# PHANTOM")


def test_a_second_run_has_nothing_to_do(copy: Path, run: Run) -> None:
    again = run(folder=copy)
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout


def test_one_table_can_be_asked_for(finished: Path, run: Run) -> None:
    jobs = run("mmnas_table1", folder=finished, options=("-n",)).stdout
    assert re.findall(r"^ (\w+) +1 *$", jobs, re.M) == ["complete"], "it is only said that nothing failed"


def test_a_sixth_study_is_one_yaml_and_one_csv(copy: Path, run: Run) -> None:
    assert sorted(path.name for path in SIXTH.iterdir()) == ["sixth.yaml", "sixth_table1.csv"]
    overlay = copy / "mine.yaml"
    overlay.write_text(f"studies_folder: {SIXTH}\nstudies: {{sixth: {{folds: 2}}}}\n")
    done = run("sixth", folder=copy, overlays=(overlay,))
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ train +2 *$", done.stdout, re.M), "the third method is the one of chmfl"
    made = copy / "results" / "tiny" / "sixth"
    table = pd.read_csv(made / "tables" / "table1.csv").set_index("method")
    assert table.index.tolist() == ["entropy_only", "sphericity_only", "volume_only"]
    assert table["auc_published"].tolist()[:2] == [0.790, 0.655]
    assert table["auc"].between(0, 1).all()
    assert table.loc["entropy_only", "verdict"].startswith("not comparable: phantom")
    assert (made / "figures" / "fig1.png").read_bytes().startswith(b"\x89PNG")
    assert "Bins of the entropy" in (made / "deviations.csv").read_text()


def test_folds_as_jobs_give_the_same_numbers(finished: Path, tmp_path: Path, run: Run) -> None:
    overlay = tmp_path / "folds.yaml"
    overlay.write_text("jobs: fold\n")
    done = run("chmfl_table1", overlays=(overlay,))
    assert done.returncode == 0, done.stdout
    table = "results/tiny/chmfl/tables/table1.csv"
    assert (tmp_path / table).read_bytes() == (finished / table).read_bytes()


def test_a_failing_method_leaves_the_other_rows_and_is_tried_again(copy: Path, run: Run) -> None:
    overlay = copy / "broken.yaml"
    overlay.write_text("studies: {chmfl: {methods: {suvmax_only: {recipe: {feature: PET_index_SUVmix}}}}}\n")
    broken = run(folder=copy, overlays=(overlay,))
    assert broken.returncode != 0
    assert "PET_index_SUVmix" in broken.stdout
    table = pd.read_csv(copy / "results/tiny/chmfl/tables/table1.csv").set_index("method")
    assert table.loc["suvmax_only", "verdict"].startswith("failed: ")
    assert "PET_index_SUVmix" in table.loc["suvmax_only", "verdict"]
    assert table.drop(index="suvmax_only")["acc"].notna().all()
    assert "failed" in (copy / "results/tiny/report.html").read_text()

    again = run(folder=copy, overlays=(overlay,))
    assert again.returncode != 0, "a failed method must be tried again"
    assert "PET_index_SUVmix" in again.stdout

    mended = run(folder=copy)
    assert mended.returncode == 0, mended.stdout
    assert re.search(r"^ train +1 *$", mended.stdout, re.M), "only the failed method is trained again"
    table = pd.read_csv(copy / "results/tiny/chmfl/tables/table1.csv")
    assert table["acc"].notna().all()


def test_what_failed_for_want_of_a_tool_is_tried_again_though_nothing_changed(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = tmp_path / "compiled.yaml"
    overlay.write_text(
        "studies: {chmfl: {compare_with: majority, methods: {cnn3d_pet: {recipe: {compile: true, epochs: 1}}},"
        " tables: {table1: {rows: [{method: cnn3d_pet, label: CNN, kind: control},"
        " {method: majority, label: M, kind: floor}]}}}}"
    )
    monkeypatch.setenv("CXX", "/nonexistent")
    for trained in (2, 1):
        done = run("chmfl_table1", overlays=(overlay,))
        assert done.returncode != 0, done.stdout
        assert re.search(rf"^ train +{trained} *$", done.stdout, re.M), "only the failed method is tried again"
        assert "cnn3d_pet/seed0/all: recipe.compile: torch.compile needs a C++ compiler" in done.stdout
        table = pd.read_csv(tmp_path / "results/tiny/chmfl/tables/table1.csv").set_index("method")
        assert table.loc["cnn3d_pet", "verdict"].startswith("failed: ")
        assert table.loc["majority", "acc"] > 0


@pytest.mark.parametrize(
    ("seed", "study", "patience_s"), [(0, "mmnas", 12), pytest.param(1, None, 20, marks=pytest.mark.slow)]
)
def test_killed_and_resumed_gives_the_same_bytes(
    finished: Path, tmp_path: Path, run: Run, seed: int, study: str | None, patience_s: int
) -> None:
    targets = (study,) if study else ()
    dice = random.Random(seed)
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(tmp_path, *targets), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(2, patience_s))
        assert process.poll() is None, "killed too late: nothing was left to do"
        process.send_signal(signal.SIGKILL)  # Snakemake alone: its jobs must notice
        process.wait()
    done = run(*targets)
    assert done.returncode == 0, done.stdout
    undisturbed, resumed = outcome(finished), outcome(tmp_path)
    made = (f"{study}/tables/", f"{study}/figures/") if study else ""
    wanted = {name for name in undisturbed if name.startswith(made)}
    assert wanted
    assert wanted <= set(resumed)
    assert resumed == {name: undisturbed[name] for name in resumed}
    assert not list((tmp_path / "results").rglob(".part-*"))


def test_where_edits_only_warn_the_row_says_that_it_is_stale(copy: Path, run: Run) -> None:
    overlay = copy / "warn.yaml"
    overlay.write_text("code_changed: warn\n")
    first = run("chmfl_table1", folder=copy, overlays=(overlay,))
    assert first.returncode == 0, first.stdout
    cost = copy / "results/tiny/trained/sts/volume_only/seed0/all/cost.json"
    times = cost.stat().st_mtime
    cost.write_text(json.dumps({**json.loads(cost.read_text()), "code": "another"}))
    os.utime(cost, (times, times))
    second = run("chmfl_table1", folder=copy, overlays=(overlay,))
    assert second.returncode == 0, second.stdout
    assert not re.search(r"^ train ", second.stdout, re.M)
    notes = pd.read_csv(copy / "results/tiny/chmfl/tables/table1.csv", keep_default_na=False).set_index("method")[
        "note"
    ]
    assert "code that has changed" in notes["volume_only"]
    assert "code that has changed" not in notes["suvmax_only"]


def test_costs_name_what_was_trained(finished: Path) -> None:
    for method in METHODS:
        cost = json.loads((finished / f"results/tiny/trained/sts/{method}/seed0/all/cost.json").read_text())
        assert cost["failed"] is None
        assert cost["wall_s"] > 0
        assert cost["peak_rss_mb"] > 50


def test_the_overlays_only_lay_numbers_over_the_same_code(root: Path) -> None:
    assert TINY.exists()
    assert not list((root / "src").rglob("*tiny*"))
