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


def spent(run, *costs):
    gather_costs(costs, csv=run / "costs.csv")
    return run / "costs.csv"


def test_a_run_without_failures_is_complete(tmp_path):
    cost = write_cost(tmp_path, "hc_rf/seed0/all", None)
    check_complete(spent(tmp_path, cost), done=tmp_path / "done.txt")
    assert (tmp_path / "done.txt").read_text() == "1 jobs, none failed\n"
    assert cost.exists()


def test_what_failed_is_named_and_removed_so_that_it_is_tried_again(tmp_path):
    good = write_cost(tmp_path, "hc_rf/seed0/all", None)
    bad = write_cost(tmp_path, "suvmax_only/seed0/fold2", "no such column: 'a', \"b\"\nin line 2")
    with pytest.raises(ReradError) as refused:
        check_complete(spent(tmp_path, good, bad), done=tmp_path / "done.txt")
    told = "1 of 2 trainings failed\n  suvmax_only/seed0/fold2: no such column: 'a', \"b\"\nin line 2\n"
    assert str(refused.value).startswith(told)
    assert not (tmp_path / "done.txt").exists()
    assert good.exists()
    assert list(bad.parent.iterdir()) == []


def test_a_search_and_its_training_that_fail_are_one(tmp_path):
    searched = write_cost(tmp_path, "hc_rf/seed0/all", "too few cases", name="search_cost.json")
    trained = write_cost(tmp_path, "hc_rf/seed0/all", "nothing was chosen")
    with pytest.raises(ReradError, match=r"1 of 1 trainings failed\n  hc_rf/seed0/all: too few cases"):
        check_complete(spent(tmp_path, searched, trained), done=tmp_path / "done.txt")
