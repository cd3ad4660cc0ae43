"""Cost before the run: work, estimates and sums by hand, and the graph of a small run."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from rerad.core.errors import ReradError
from rerad.studies import Plan, load
from rerad.studies.check import read_yaml
from rerad.studies.merge import merge
from rerad.studies.planning import show
from rerad.studies.planning.before import Before, read_before
from rerad.studies.planning.estimate import NOT_KNOWN, NOTHING, Amount, Total, estimate, total
from rerad.studies.planning.graph import Job, behind, read_graph, tiers
from rerad.studies.planning.memory import uses
from rerad.studies.planning.stored import COSTS, GPU_SECONDS, Cost, keep, kind_of, read_gpu_seconds, read_kept, read_run
from rerad.studies.planning.work import disk_work, work


@pytest.fixture(scope="module")
def paper(root: Path) -> Plan:
    return load(read_yaml(root / "config" / "config.yaml"), root=root)


@pytest.fixture(scope="module")
def demo(root: Path) -> Plan:
    """The demo with numbers of its own, whatever those of config/demo.yaml are."""
    scans = {"cases": 24, "positives": 12, "pet_size": [48, 32, 40], "ct_size": [48, 64, 80]}
    learning = {"folds": 3, "bases": {"volumes": {"recipe": {"epochs": 2}}}}
    numbers = {
        "cohorts": {"sts": {"phantom": scans, "prepare": {"box": [16, 24, 24]}}},
        "studies": {"chmfl": learning},
    }
    config = [read_yaml(root / "config" / name) for name in ("config.yaml", "demo.yaml")]
    return load(functools.reduce(merge, [*config, numbers]), root=root)


def job(rule: str, *, gpu: int = 0, memory_mb: int = 1000, threads: int = 1, **wildcards: str) -> Job:
    name = "_".join([rule, *(f"seed{value}" if key == "seed" else value for key, value in wildcards.items())])
    return Job(name, rule, wildcards, threads, memory_mb, gpu, outputs=(f"{name}.csv",))


def chmfl(chunk: str, gpu: int = 0) -> Job:
    return job("train", gpu=gpu, cohort="sts", method="chmfl", seed="0", chunk=chunk)


def a_cost(**given: float | None) -> Cost:
    return Cost(
        **{
            "cpu_s": 10.0,
            "growing_cpu_s": 8.0,
            "disk_bytes": 100.0,
            "work": 2.0,
            "disk_work": 1.0,
            "basis": "measured: demo on 2 cores",
            **given,
        }
    )  # type: ignore[arg-type]


def estimated(what: Job, plan: Plan, **given):
    return estimate(what, plan, **{"own": {}, "kept": {}, "gpu": {}, "downloads": {}, **given})


def test_the_work_of_a_job_is_counted(demo: Plan, paper: Plan) -> None:
    # 24 cases with a PET of 48 x 32 x 40 and a CT of 48 x 64 x 80; 48 of 96 x 72 x 72 and 96 x 288 x 288.
    assert work(job("prepare", cohort="sts"), demo) == (24 * 307_200, "voxels × cases")
    assert work(job("prepare", cohort="sts"), paper)[0] == 48 * 8_460_288
    # Box × cases × epochs × training parts of the folds: 3 folds and 2 epochs, one fold of 6 and 200 epochs.
    assert work(chmfl("all"), demo)[0] == pytest.approx(16 * 24 * 24 * 24 * 2 * 3 * (2 / 3))
    assert work(chmfl("fold1"), paper)[0] == pytest.approx(144 * 112 * 112 * 48 * 200 * (5 / 6))
    assert work(job("evaluate", cohort="sts", method="chmfl"), paper)[0] == 48
    assert work(job("audit"), paper) == (1.0, "as it is")
    # What a download costs, no phantom tells; nor what a search over other tables of settings does.
    assert work(job("acquire", cohort="sts"), paper)[0] is None
    assert work(job("search", cohort="sts", method="hc_rf", seed="0", chunk="fold1"), paper)[0] is None
    assert disk_work(job("prepare", cohort="sts"), demo)[0] == 24 * 16 * 24 * 24
    assert disk_work(chmfl("fold1"), paper)[0] == 48


def test_an_estimate_scales_what_grows_with_the_work_alone(paper: Plan) -> None:
    amount = work(chmfl("fold1"), paper)[0]
    assert amount is not None
    found = estimated(chmfl("fold1"), paper, kept={"train_sts_chmfl": a_cost(work=amount / 100, disk_work=24.0)})
    assert found.cpu_s.value == pytest.approx(2 + 8 * 100)  # two seconds are the start of Python
    assert found.cpu_s.basis.startswith("measured: demo on 2 cores, scaled by voxels × cases")
    assert found.disk == Amount(200.0, "measured: demo on 2 cores, scaled by cases × folds")
    assert found.gpu_s == NOTHING


def test_a_gpu_job_takes_the_seconds_that_the_paper_prints(paper: Plan, root: Path) -> None:
    printed = read_gpu_seconds(root / GPU_SECONDS)
    found = estimated(chmfl("fold1", gpu=1), paper, gpu=printed)
    assert found.gpu_s.value == pytest.approx(5 * 3600)  # section II.E: about five hours
    assert found.cpu_s.value == found.gpu_s.value
    assert found.gpu_s.basis.startswith("printed: chmfl section II.E")
    other = job("train", gpu=1, cohort="sts", method="vnet", seed="0", chunk="fold1")
    assert estimated(other, paper, gpu=printed).gpu_s == NOT_KNOWN


def test_a_run_of_its_own_wins_and_nothing_is_invented(paper: Plan) -> None:
    own = {chmfl("fold1").name: {"cpu_s": 7.0, "growing_cpu_s": 5.0, "disk_bytes": 9.0, "ended": 1.0}}
    kept = {"train_sts_chmfl": a_cost()}
    known = estimated(chmfl("fold1"), paper, own=own, kept=kept, before=Before(paper, 2.0))
    assert known.cpu_s == Amount(7.0, "measured: this run")
    assert known.disk == Amount(9.0, "measured: this run")
    assert estimated(chmfl("fold1"), paper).cpu_s == NOT_KNOWN
    fetched = [Amount(5e9, "list of a"), NOT_KNOWN, Amount(1e9, "list of b")]
    found = estimated(job("acquire", cohort="sts"), paper, downloads={"sts": fetched})
    assert found.disk == Amount(6e9, "list of a and list of b")
    assert estimated(job("acquire", cohort="sts"), paper, downloads={"sts": [NOT_KNOWN]}).disk == NOT_KNOWN


def test_own_costs_of_other_settings_are_scaled_and_say_so(paper: Plan, root: Path, tmp_path: Path) -> None:
    short = {"studies": {"chmfl": {"bases": {"volumes": {"recipe": {"epochs": 1}}}}}}
    then = load(merge(read_yaml(root / "config" / "config.yaml"), short), root=root)
    (tmp_path / "config.yaml").write_text("# its head\n" + yaml.safe_dump(json.loads(json.dumps(then.effective()))))
    ended = (tmp_path / "config.yaml").stat().st_mtime - 1
    others = (job("split", cohort="sts"), job("prepare", cohort="sts"))
    taken = {"cpu_s": 7.0, "growing_cpu_s": 5.0, "disk_bytes": 9.0, "ended": ended}
    own = {made.name: taken for made in (chmfl("fold1"), *others)}
    before = read_before(tmp_path, paper)
    assert before is not None
    assert work(chmfl("fold1"), before.plan) == work(chmfl("fold1"), then)
    found = estimated(chmfl("fold1"), paper, own=own, kept={"train_sts_chmfl": a_cost()}, before=before)
    assert found.cpu_s.value == pytest.approx(2 + 5 * 200)  # 200 epochs now, one then
    assert found.cpu_s.basis.startswith("measured: this run with other settings, scaled by voxels × cases × epochs")
    assert found.disk == Amount(9.0, "measured: this run with other settings, scaled by cases × folds")
    for same, plan in ((chmfl("fold1"), then), *((other, paper) for other in others)):
        assert estimated(same, plan, own=own, before=before).cpu_s == Amount(7.0, "measured: this run")
    # A run that has not ended, or went on since it wrote its settings down, does not tell them.
    later = {chmfl("fold1").name: {**taken, "ended": ended + 5}}
    for given in ({"own": own}, {"own": later, "before": before}):
        assert estimated(chmfl("fold1"), paper, **given).cpu_s.basis == "measured: this run, settings not stored"
    (tmp_path / "config.yaml").write_text("studies: {chmfl: {}}")
    assert read_before(tmp_path, paper) is None
    assert read_before(tmp_path / "none", paper) is None


def test_sums_count_what_is_not_known() -> None:
    found = total([Amount(1.0, "a"), Amount(2.5, "b"), NOT_KNOWN, NOTHING, Amount(4.0, "a")])
    assert found == Total(7.5, 1, {"a": 2, "b": 1, "unknown": 1})


def test_the_table_says_what_a_sum_leaves_out() -> None:
    totals = {
        "download": Total(0.0, 1, {"unknown": 1}),
        "disk": Total(2.5e9, 0, {"measured": 2}),
        "CPU": Total(5400.0, 1, {"measured": 1, "unknown": 1}),
        "GPU": Total(0.0, 0, {}),
    }
    listed = show.rows("chmfl", "core", 1234, totals, 2053)
    lines = show.table(listed).splitlines()
    assert lines[2].split() == ["chmfl", "core", "1,234", "unknown", "2.50", "1.50", "+?", "0.00", "2.05"]
    assert listed[3]["basis"] == "measured (1); unknown (1)"
    assert max(map(len, lines)) <= 120


def test_jobs_of_a_tier_are_those_that_it_needs() -> None:
    def one(name: str, *needs: str, work: bool = True, **wildcards: str) -> Job:
        return Job(name, name, wildcards, 1, 1, 0, needs, (name,) if work else ())

    jobs = {
        made.name: made
        for made in (
            one("get"), one("train", "get"), one("extra", "get"), one("headline", "train", study="chmfl"),
            one("other", "extra", study="mmnas"), one("figure", "train", study="chmfl"), one("report", "headline", "figure"),
            one("core", "headline", "other", work=False), one("chmfl", "headline", "figure", work=False),
            one("mmnas", "other", work=False), one("all", "report", "other", work=False),
        )
    }  # fmt: skip
    assert behind(jobs, ["headline"]) == {"get", "train", "headline"}
    found = tiers(jobs, ["chmfl", "mmnas"])
    assert found["chmfl", "core"] == {"get", "train", "headline"}
    assert found["chmfl", "full"] == {"get", "train", "headline", "figure"}
    assert found["mmnas", "core"] == {"get", "extra", "other"}
    assert found["", "full"] == {"get", "train", "extra", "headline", "other", "figure", "report"}


def test_costs_are_kept_by_kind_of_job_and_read_again(tmp_path: Path, paper: Plan) -> None:
    jobs = {made.name: made for made in (chmfl("fold1"), chmfl("fold2"), job("audit"))}
    (tmp_path / "logs").mkdir()
    for name, seconds in (("train_sts_chmfl_seed0_fold1", 10.0), ("train_sts_chmfl_seed0_fold2", 14.0), ("audit", 3.0)):
        record = {"wall_s": seconds, "cpu_s": seconds, "peak_rss_mb": 200.0}
        (tmp_path / "logs" / f"{name}.cost.json").write_text(json.dumps(record))
    measured = read_run(tmp_path, jobs)
    assert set(measured) == set(jobs)
    assert read_run(tmp_path, {"split_sts": job("split", cohort="sts")}) == {}
    keep(jobs, paper, measured, tmp_path / "costs.csv")
    kept = read_kept(tmp_path / "costs.csv")
    assert set(kept) == {"audit", "train_sts_chmfl"} == {kind_of(made) for made in jobs.values()}
    assert kept["train_sts_chmfl"].cpu_s == 12.0
    assert kept["train_sts_chmfl"].work == pytest.approx(work(chmfl("fold1"), paper)[0])
    (tmp_path / "logs" / "audit.cost.json").write_text('{"cpu_s": "many"}')
    with pytest.raises(ReradError, match="no cost of a job"):
        read_run(tmp_path, jobs)
    pd.read_csv(tmp_path / "costs.csv").drop(columns="work").to_csv(tmp_path / "costs.csv", index=False)
    with pytest.raises(ReradError, match="other columns"):
        read_kept(tmp_path / "costs.csv")


def test_the_seconds_that_grow_are_those_of_the_training_itself(tmp_path: Path) -> None:
    inner = tmp_path / "cost.json"
    inner.write_text(json.dumps({"wall_s": 6.0, "cpu_s": 6.0, "peak_rss_mb": 90.0}))
    trained = Job("train_a", "train", {}, 1, 1000, 0, outputs=(str(inner),))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "train_a.cost.json").write_text(json.dumps({"wall_s": 9, "cpu_s": 10.0, "peak_rss_mb": 100.0}))
    found = read_run(tmp_path, {"train_a": trained})["train_a"]
    assert (found["cpu_s"], found["growing_cpu_s"]) == (10.0, 6.0)
    assert found["disk_bytes"] == inner.stat().st_size


def test_a_job_of_several_processes_may_hold_the_peak_in_each() -> None:
    jobs = {
        made.name: made
        for made in (job("prepare", memory_mb=3000, threads=4, cohort="sts"), job("train", memory_mb=900, threads=4))
    }
    found = uses(jobs, {"prepare_sts": {"peak_rss_mb": 700.0}, "train": {"peak_rss_mb": 700.0}})
    assert [(use.name, use.used_mb) for use in found] == [("prepare_sts", 3500.0), ("train", 700.0)]


def test_the_costs_in_the_repository_serve(root: Path, paper: Plan) -> None:
    kept = read_kept(root / COSTS)
    assert {"prepare_sts", "train_sts_chmfl", "search_sts_mmnas3d", "report", "audit"} <= set(kept)
    assert all(cost.cpu_s >= cost.growing_cpu_s >= 0 for cost in kept.values())
    assert estimated(chmfl("fold1"), paper, kept=kept).cpu_s.value is not None


def test_the_graph_of_a_small_run_is_read_and_nothing_is_written(tmp_path: Path, root: Path) -> None:
    jobs = read_graph(root, [root / "tests" / "workflow" / "tiny.yaml"], ["core"], cores=2, folder=tmp_path)
    trained = jobs["train_sts_volume_only_seed0_all"]
    assert (trained.rule, trained.threads, trained.memory_mb, trained.gpu) == ("train", 1, 1500, 0)
    assert {"prepare_sts", "split_sts"} <= set(trained.needs)
    assert not jobs["core"].is_work
    assert jobs["prepare_sts"].threads == 2
    assert not (tmp_path / "results").exists()
