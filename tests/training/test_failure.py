import json
import logging

import pytest

from rerad.core.errors import ReradError
from rerad.training.failure import check_complete, recorded


def test_an_error_is_kept_and_logged_with_its_traceback(caplog):
    with caplog.at_level(logging.ERROR), recorded("training of hc_rf") as outcome:
        raise ValueError("singular")
    assert outcome["failed"] == "ValueError: singular"
    assert "training of hc_rf failed" in caplog.text
    assert "Traceback" in caplog.text


def test_our_own_errors_speak_for_themselves():
    with recorded("x") as outcome:
        raise ReradError("too few cases", where="fold 2", remedy="Bring more")
    assert outcome["failed"] == "fold 2: too few cases. Bring more"


def test_success_says_nothing():
    with recorded("x") as outcome:
        pass
    assert outcome["failed"] is None


def test_a_person_ends_the_run():
    with pytest.raises(KeyboardInterrupt), recorded("x"):
        raise KeyboardInterrupt


def write_cost(folder, failed):
    folder.mkdir(parents=True)
    (folder / "cost.json").write_text(json.dumps({"failed": failed}))
    (folder / "predictions_classification.csv").touch()
    return folder / "cost.json"


def test_a_run_without_failures_is_complete(tmp_path):
    check_complete([write_cost(tmp_path / "hc_rf" / "seed0" / "all", None)], done=tmp_path / "done.txt")
    assert (tmp_path / "done.txt").exists()


def test_what_failed_is_named_and_removed_so_that_it_is_tried_again(tmp_path):
    good = write_cost(tmp_path / "hc_rf" / "seed0" / "all", None)
    bad = write_cost(tmp_path / "suvmax_only" / "seed0" / "fold2", "no such column")
    with pytest.raises(ReradError, match=r"1 of 2 trainings failed\n  suvmax_only/seed0/fold2: no such column"):
        check_complete([good, bad], done=tmp_path / "done.txt")
    assert not (tmp_path / "done.txt").exists()
    assert good.exists()
    assert list(bad.parent.iterdir()) == []
