import errno
import logging

import pytest

from rerad.core.errors import ReradError, UnwritableError, WorkerKilledError
from rerad.training.failure import recorded


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


@pytest.mark.parametrize(
    "error",
    [
        UnwritableError("cannot be written", where="fold1.pt"),
        WorkerKilledError("a worker process was killed"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_what_is_no_fault_of_the_method_ends_the_job(error):
    with pytest.raises(type(error)), recorded("x"):
        raise error
