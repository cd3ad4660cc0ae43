"""Fig. 3 of MM-NAS: the cells of one fold and of every fold, from the searches' own files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_genotypes import drawn_genotype

from rerad.core.errors import ReradError
from rerad.reporting.figures.cells import legend, plot_cells
from rerad.search.graph import architecture

ROWS = [{"method": "mmnas3d", "label": "3D MM-NAS"}]


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., list[str]]:
    def run(chosen: dict[str, list[Path]], name: str = "x", **changes: Any) -> list[str]:
        files = {"png": tmp_path / f"{name}.png", "svg": tmp_path / f"{name}.svg"}
        plot_cells(**{"rows": ROWS, "phantom": False, "chosen": chosen, **files, **changes})
        return re.findall(r"<text[^>]*>([^<]*)</text>", files["svg"].read_text())

    return run


def genotype(path: Path, fold: int) -> dict[str, Any]:
    return json.loads(path.read_text())["folds"][str(fold)]["genotype"]


def test_one_fold_large_and_every_fold_small(draw: Callable, write_search: Callable, tmp_path: Path) -> None:
    files = write_search("mmnas3d").chosen
    written = draw({"mmnas3d": files}, shown=["normal"], by_hand="DLHN and 3DMCL")
    assert "(a) Fusion by hand, as in DLHN and 3DMCL" in written
    assert "(b) Normal cell of 3D MM-NAS, fold 1" in written
    assert "(c) The cells of every fold, 3D MM-NAS" in written
    assert [text for text in written if re.match(r"Fold \d", text)] == [
        f"Fold {fold}, {cell}" for fold in (1, 2, 3) for cell in ("normal", "reduction")
    ]
    # The weights are those of the first fold's normal cell, and of no other: the small ones have none.
    weights = [text for text in written if re.fullmatch(r"0\.\d{3}", text)]
    assert weights == [f"{edge['weight']:.3f}" for edge in sorted_edges(genotype(files[0], 1)["cells"]["normal"])]
    draw({"mmnas3d": files}, "y", shown=["normal"], by_hand="DLHN and 3DMCL")
    for suffix in ("png", "svg"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    assert "PHANTOM" not in written
    assert "PHANTOM" in draw({"mmnas3d": files}, "z", phantom=True)


def sorted_edges(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = ["input 0", "input 1", "node 1", "node 2", "node 3"]
    return sorted(edges, key=lambda edge: (order.index(edge["to"]), order.index(edge["from"])))


def test_the_cells_of_nas3dunet_are_called_as_in_its_paper(draw: Callable, write_search: Callable) -> None:
    operations = ("down squeeze excitation 3", "up dilated 3", "identity")
    files = write_search("n", space="nas3dunet", cells=("down", "up"), operations=operations).chosen
    written = draw({"mmnas3d": files}, rows=[{"method": "mmnas3d", "label": "NAS-3D-U-Net"}])
    assert "(a) Downward cell of NAS-3D-U-Net, fold 1" in written
    assert "(b) Upward cell of NAS-3D-U-Net, fold 1" in written
    assert {"input 0: older", "input 0: across", "Fold 3, up"} <= set(written)
    assert all(text in " ".join(written) for text in ("se\u00a0=\u00a0squeeze excitation", "dil\u00a0=\u00a0dilated"))


def test_the_fold_and_the_seed_that_are_shown(draw: Callable, write_search: Callable) -> None:
    first, other = write_search("m", seed=1), write_search("m", seed=12)
    written = draw({"mmnas3d": [*other.chosen, *first.chosen]}, shown=["reduction"], fold=2)
    assert "(a) Reduction cell of 3D MM-NAS, fold 2" in written
    weights = [text for text in written if re.fullmatch(r"0\.\d{3}", text)]
    expected = sorted_edges(genotype(first.chosen[1], 2)["cells"]["reduction"])
    assert weights == [f"{edge['weight']:.3f}" for edge in expected]
    with pytest.raises(ReradError, match=r"3D MM-NAS: there is no fold 4\. Write one of: 1, 2, 3"):
        draw({"mmnas3d": first.chosen}, fold=4)
    with pytest.raises(ReradError, match="there is no cell 'up'"):
        draw({"mmnas3d": first.chosen}, shown=["up"])


def test_one_fold_alone_and_every_fold_alone(draw: Callable, write_search: Callable) -> None:
    chosen = {"mmnas3d": write_search("m", folds=2).chosen}
    headings = [text for text in draw(chosen, every_fold=False) if text.startswith("(")]
    assert headings == ["(a) Normal cell of 3D MM-NAS, fold 1", "(b) Reduction cell of 3D MM-NAS, fold 1"]
    small = draw(chosen, shown=[])
    assert [text for text in small if text.startswith("(")] == ["(a) The cells of every fold, 3D MM-NAS"]
    assert "softmax" not in " ".join(small)


def test_what_failed_says_so(draw: Callable, write_search: Callable) -> None:
    files = write_search("m", failed=(1,)).chosen
    written = draw({"mmnas3d": files})
    assert written.count("failed") == 1
    assert "(a) Normal cell of 3D MM-NAS, fold 2" in written  # the first that was found
    assert "Fold 1" in written
    assert draw({"mmnas3d": files}, fold=1).count("failed") == 2
    everything = write_search("n", failed=(2,), together=True).chosen
    rows = [*ROWS, {"method": "other", "trained": "broken", "label": "Broken"}]
    written = draw({"mmnas3d": files, "broken": everything}, rows=rows)
    assert written.count("failed") == 2
    assert "(d) Broken" in written


def test_the_line_under_the_figure_explains_what_is_there() -> None:
    def under(large: bool = True, small: bool = True, **genotype: Any) -> str:
        names = ("separable 3", "average pooling 3")
        drawn = [architecture(drawn_genotype(seed, operations=names, **genotype)) for seed in range(4)]
        return " ".join(legend(drawn, large=large, small=small)).replace("\u00a0", " ")

    assert "its weight in the softmax" in under()
    assert "In the smaller drawings avg = average pooling, sep = separable." in under()
    assert "softmax" not in under(weights=False)
    assert (
        under(large=False)
        == "A number behind an operation is the size of its kernel. avg = average pooling, sep = separable."
    )
    assert "avg" not in under(small=False)
    assert "A dashed input leads nowhere." in under(nodes=1, edges=1)
    assert "dashed" not in under(nodes=1)
    assert legend([], large=True, small=True) == []
