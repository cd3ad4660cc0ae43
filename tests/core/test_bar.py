"""The bar that people see while they wait."""

import pytest

from rerad.core import bar


@pytest.mark.parametrize(("share", "filled"), [(-0.5, 0), (0.0, 0), (0.5, 15), (0.999, 29), (1.0, 30), (1.2, 30)])
def test_as_much_of_the_bar_is_filled_as_is_done(share, filled, capsys):
    bar.draw("train", share, "3/4", over=False)
    assert capsys.readouterr().err == f"\rtrain [{'█' * filled}{'·' * (30 - filled)}] 3/4\x1b[K"


def test_only_the_last_bar_ends_its_line(capsys):
    bar.draw("train", 1.0, "4/4", over=True)
    assert capsys.readouterr().err.endswith("4/4\x1b[K\n")
