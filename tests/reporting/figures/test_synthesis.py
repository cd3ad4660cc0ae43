"""Figures 2 and 3 of the synthesis: drawn, the same bytes twice, one case a group, and what failed says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_breasts import GROUPS, SHAPE, make_breasts

from rerad.core.errors import ReradError
from rerad.reporting.figures.bland_altman import plot_agreement
from rerad.reporting.figures.synthesis import plot_synthesis
from rerad.reporting.synthesised import one_a_group, read_shown

ROWS = [{"method": "radsynth", "label": "RadSynth"}]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chunk with what a training keeps of four cases, and cases.csv two folders above."""
    folder = tmp_path_factory.mktemp("kept")
    make_breasts(folder / "breasts")
    chunk = folder / "seed0" / "all"
    (chunk / "artefacts").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(len(GROUPS)):
        exact = random.uniform(2, 5, SHAPE[1:]).astype(np.float32)
        pixels = random.uniform(2, 5, (200, 2)).astype(np.float32)
        np.savez(
            chunk / "artefacts" / f"synthesis_B{number}.npz", case=[f"B{number}"], slice=1, axis=0,
            spacing=np.array([1.0, 1.0]), levels=random.integers(1, 65, SHAPE[1:]).astype(np.uint8),
            tissues=np.load(folder / "breasts" / "arrays" / f"B{number}.labels.npy")[1], exact=exact,
            synthesised=np.where(exact > 2.2, exact + 0.1, np.nan).astype(np.float32), pixels_fatty=pixels,
            pixels_glandular=pixels, pixels_lesion=pixels[: 0 if number == 0 else 9],
        )  # fmt: skip
    values = {"correlation": 0.9, "bias": -0.1, "limit_low": -0.5, "limit_high": 0.3}
    shared = {
        "task": "synthesis",
        "role": "test",
        "group": "all",
        "selection": "last",
        "variant": "published",
        "scope": "pooled",
    }
    rows = [
        {**shared, "metric": f"{name}_{t}", "value": v}
        for name, v in values.items()
        for t in ("fatty", "glandular", "lesion")
    ]
    pd.DataFrame(rows).to_csv(folder / "metrics.csv", index=False)
    return chunk


def draw(kept: Path, out: Path, predictions: list[Path]) -> dict[str, bytes]:
    out.mkdir(exist_ok=True)
    folder = kept.parents[1]
    shared = {"rows": ROWS, "predictions": {"radsynth": predictions}, "phantom": True}
    plot_synthesis(**shared, cases=folder / "breasts" / "cases.csv", png=out / "2.png", svg=out / "2.svg")
    plot_agreement(**shared, metrics={"radsynth": folder / "metrics.csv"}, png=out / "3.png", svg=out / "3.svg")
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def test_both_are_drawn_to_the_same_bytes_and_say_what_they_show(kept: Path, tmp_path: Path) -> None:
    files = [kept / "predictions_classification.csv"]
    first = draw(kept, tmp_path / "a", files)
    assert first == draw(kept, tmp_path / "b", files)
    second, third = first["2.svg"].decode(), first["3.svg"].decode()
    for text in ("Normal", "Benign", "Malignant", "PHANTOM", "RadSynth, synthesised", "entropy, bits"):
        assert text in second
    for text in ("r = 0.900", "bias −0.10", "+1.96 SD +0.30", "−1.96 SD −0.50", "Lesion", "PHANTOM"):
        assert text in third


def test_a_method_that_failed_says_so(kept: Path, tmp_path: Path) -> None:
    drawn = draw(kept, tmp_path, [])
    assert b"failed" in drawn["2.svg"]
    assert b"failed" in drawn["3.svg"]


def test_one_case_a_group_is_shown_and_broken_files_are_named(kept: Path, tmp_path: Path) -> None:
    shown = read_shown([kept / "x.csv"])
    found = one_a_group(shown, kept.parents[1] / "breasts" / "cases.csv", ("normal", "benign", "malignant"))
    assert [(group, one.case) for group, one in found] == [("normal", "B0"), ("benign", "B1"), ("malignant", "B2")]
    (tmp_path / "seed0" / "all" / "artefacts").mkdir(parents=True)
    (tmp_path / "seed0" / "all" / "artefacts" / "synthesis_B0.npz").write_bytes(b"PK nothing")
    with pytest.raises(ReradError, match=r"synthesis_B0\.npz"):
        read_shown([tmp_path / "seed0" / "all" / "x.csv"])
