"""``draw``: an architecture as a picture, as the name of the file says."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from itertools import combinations
from pathlib import Path

import pytest
from drawn_genotypes import drawn_genotype
from genotypes import any_genotype
from matplotlib.figure import Figure
from PIL import Image

from rerad.core.errors import ReradError
from rerad.core.pictures import SOFT, style
from rerad.models import nas3dunet
from rerad.search import draw
from rerad.search.drawing import look
from rerad.search.graph import architecture
from rerad.search.picture import compose, whole


def texts(path: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())


def test_a_genotype_becomes_a_picture(tmp_path: Path) -> None:
    genotype = drawn_genotype(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(genotype, tmp_path / "x.svg")
        draw(genotype, tmp_path / "x.png")
    written = texts(tmp_path / "x.svg")
    for edges in genotype["cells"].values():
        for edge in edges:
            assert f"{edge['weight']:.3f}" in written
            # A long name stands in several lines.
            assert edge["operation"] in " ".join(written)
    assert written.count("concatenation of the nodes") == 2
    assert {"Normal cell", "Reduction cell", "input 0: PET", "input 0: older", "R3 reduction"} <= set(written)
    assert "R4 reduction" not in written
    assert "PHANTOM" not in written
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.width == 960


def test_the_same_bytes_twice_and_the_word_phantom(tmp_path: Path) -> None:
    genotype = drawn_genotype(3, weights=False)
    for name in ("x", "y"):
        for suffix in ("svg", "png"):
            draw(genotype, tmp_path / f"{name}.{suffix}", settings={"reductions": 4})
    for suffix in ("svg", "png"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    written = texts(tmp_path / "x.svg")
    assert "R4 reduction" in written
    assert not any(text.startswith("0.") for text in written)
    draw(genotype, tmp_path / "z.svg", phantom=True)
    assert "PHANTOM" in texts(tmp_path / "z.svg")


def test_the_searched_u(tmp_path: Path) -> None:
    found = any_genotype(nas3dunet.space({}, dims=3), seed=1)
    draw(found, tmp_path / "x.svg", settings={"depth": 3})
    written = texts(tmp_path / "x.svg")
    assert {"Downward cell", "Upward cell", "input 0: across", "input 0: older", "D3 downward", "U4 upward"} <= set(
        written
    )
    assert not {"D4 downward", "U5 upward", "D0 downward"} & set(written)
    joined = " ".join(written)
    assert all(edge.operation in joined for edges in found.cells.values() for edge in edges)


def test_a_space_without_a_known_network_shows_its_cells(tmp_path: Path) -> None:
    draw(drawn_genotype(1, space="other", cells=("down", "up")), tmp_path / "x.svg")
    written = texts(tmp_path / "x.svg")
    assert {"Down cell", "Up cell", "input 1: newer"} <= set(written)
    assert not any("Network" in text for text in written)


def test_an_unknown_format_and_a_broken_genotype_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReradError, match=r"'\.pdf' is no format of a picture.*Write \.png or \.svg"):
        draw(drawn_genotype(), tmp_path / "x.pdf")
    with pytest.raises(ReradError, match="format"):
        draw({}, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_a_family_has_one_colour_and_an_unknown_name_a_neutral_one() -> None:
    families = ("convolution", "separable", "dilated", "max pooling", "skip")
    assert len({look(f"{family} 3") for family in families}) == len(families)
    assert look("dilated 3") == look("dilated 5") == look("up dilated convolution")
    assert look("max pooling 3") == look("average pooling 3")
    assert look("fourier mixing 7") == look("identity") == SOFT
    names = [name for names in nas3dunet.CANDIDATES.values() for name in names]
    assert {look(name) for name in names} == {
        *map(look, ("convolution 3", "dilated 3", "separable 3", "squeeze excitation 3", "max pooling 3", "identity"))
    }
    assert len({look(name) for name in nas3dunet.CANDIDATES["normal"]}) == 5


def rendered(figure: Figure) -> list[tuple[str, object]]:
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("nodes", [2, 3, 4])
def test_no_letters_meet_and_none_leave_the_picture(nodes: int) -> None:
    for seed in range(4):
        with style():
            figure = compose(whole(architecture(drawn_genotype(seed, nodes=nodes)), {}))
            found = rendered(figure)
        assert len(found) > 20
        for (_, one), (_, other) in combinations(found, 2):
            assert not (one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1)  # type: ignore[attr-defined]
        for _, place in found:
            assert 0 <= place.x0 < place.x1 <= figure.bbox.width  # type: ignore[attr-defined]
            assert 0 <= place.y0 < place.y1 <= figure.bbox.height  # type: ignore[attr-defined]


def test_a_search_loads_no_drawing() -> None:
    code = "import sys, rerad.search; print('matplotlib' in sys.modules, callable(rerad.search.draw))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        __import__("rerad.search").search.paint  # noqa: B018
