import json

import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.costs import gather_costs
from rerad.reporting.complete import check_complete


def write_cost(run, place, failed, name="cost.json"):
    folder = run / "trained" / "sts" / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"failed": failed}))
    (folder / "predictions_classification.csv").touch()
    return folder / name


def spent(*costs):
    methods = {}
    for cost in costs:
        methods.setdefault(cost.parents[2], []).append(cost)
    for method, files in methods.items():
        gather_costs(files, csv=method / "costs.csv")
    return [method / "costs.csv" for method in methods]


def test_a_run_without_failures_is_complete(tmp_path):
    cost = write_cost(tmp_path, "hc_rf/seed0/all", None)
    check_complete(spent(cost), done=tmp_path / "done.txt")
    assert (tmp_path / "done.txt").read_text() == "1 trainings, none failed\n"
    assert cost.exists()


def test_what_failed_is_named_and_removed_so_that_it_is_tried_again(tmp_path):
    good = write_cost(tmp_path, "hc_rf/seed0/all", None)
    bad = write_cost(tmp_path, "suvmax_only/seed0/fold2", "no such column: 'a', \"b\"\nin line 2")
    with pytest.raises(ReradError) as refused:
        check_complete(spent(good, bad), done=tmp_path / "done.txt")
    told = "1 of 2 trainings failed\n  suvmax_only/seed0/fold2: no such column: 'a', \"b\"\nin line 2\n"
    assert str(refused.value).startswith(told)
    assert not (tmp_path / "done.txt").exists()
    assert good.exists()
    assert (tmp_path / "trained/sts/hc_rf/costs.csv").exists()
    assert list(bad.parent.iterdir()) == []
    assert not (tmp_path / "trained/sts/suvmax_only/costs.csv").exists(), "nothing would ask for it again"


def test_costs_that_another_target_removed_do_not_count_as_complete(tmp_path):
    costs = spent(write_cost(tmp_path, "hc_rf/seed0/all", "too few cases"))
    for _ in range(2):
        with pytest.raises(ReradError, match=r"too few cases|is gone: a training of this method failed"):
            check_complete(costs, done=tmp_path / "done.txt")
    assert not (tmp_path / "done.txt").exists()


def test_a_search_and_its_training_that_fail_are_one(tmp_path):
    searched = write_cost(tmp_path, "hc_rf/seed0/all", "too few cases", name="search_cost.json")
    trained = write_cost(tmp_path, "hc_rf/seed0/all", "nothing was chosen")
    with pytest.raises(ReradError, match=r"1 of 1 trainings failed\n  hc_rf/seed0/all: too few cases"):
        check_complete(spent(searched, trained), done=tmp_path / "done.txt")
