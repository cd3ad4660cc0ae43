"""A whole searched network: as many reduction cells as the method has, and the cells of one fold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rerad.reporting.figures.network import plot_network

ROWS = [{"method": "row", "trained": "mmnas3d", "label": "3D MM-NAS"}]


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., list[str]]:
    def run(name: str = "x", **changes: Any) -> list[str]:
        files = {"png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg"}
        known = {"rows": ROWS, "phantom": False, "networks": {"mmnas3d": {"reductions": 2}}, **files}
        plot_network(**{**known, **changes})  # type: ignore[arg-type]
        return re.findall(r"<text[^>]*>([^<]*)</text>", files["svg"].read_text())

    return run


def test_the_network_and_its_cells(draw: Callable, write_search: Callable, tmp_path: Path) -> None:
    chosen = {"mmnas3d": write_search("mmnas3d").chosen}
    written = draw(chosen=chosen)
    assert "3D MM-NAS, fold 1" in written
    assert [text for text in written if text.endswith(" reduction")] == ["R1 reduction", "R2 reduction"]
    assert {"Normal cell", "Reduction cell", "PET + CT stem", "fully connected"} <= set(written)
    assert "R3 reduction" in draw("default", chosen=chosen, networks={"mmnas3d": {}})
    assert "3D MM-NAS, fold 3" in draw("third", chosen=chosen, fold=3)
    draw("y", chosen=chosen)
    for suffix in ("png", "svg"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    assert "PHANTOM" not in written
    assert "PHANTOM" in draw("z", chosen=chosen, phantom=True)


def test_the_searched_u_has_as_many_cells_as_its_settings_say(draw: Callable, write_search: Callable) -> None:
    chosen = {"mmnas3d": write_search("n", space="nas3dunet", cells=("down", "up")).chosen}
    written = draw(chosen=chosen, networks={"mmnas3d": {"depth": 2}})
    assert [text for text in written if text.endswith("ward")] == [
        "D1 downward", "D2 downward", "U1 upward", "U2 upward", "U3 upward"
    ]  # fmt: skip


def test_a_search_that_failed(draw: Callable, write_search: Callable) -> None:
    written = draw(chosen={"mmnas3d": write_search("m", failed=(1,), together=True).chosen})
    assert written == ["3D MM-NAS", "failed"]
    assert draw(chosen={"mmnas3d": write_search("n", failed=(2,)).chosen}, fold=2) == ["3D MM-NAS, fold 2", "failed"]
