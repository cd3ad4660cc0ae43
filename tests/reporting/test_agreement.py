"""The table of agreement: every method of the entry, and what a run without pairs says."""

import json

import pandas as pd
from tiny_search import searched_entry

from rerad.models import mmnas
from rerad.reporting.agreement import make_agreement
from rerad.search.derive import random_genotype


def made(tmp_path, seeds=(0, 1), failed=False):
    entries = {"mmnas3d": searched_entry(), "random2d": searched_entry(recipe={"input": "slices"}, draw="random")}
    chosen = []
    for number, (method, entry) in enumerate(entries.items()):
        space = mmnas.space(entry["network"], dims=3 - number)
        for seed in seeds:
            path = tmp_path / "trained" / "sts" / method / f"seed{seed}" / "all" / "chosen.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            folds = {str(fold): {"genotype": random_genotype(space, 10 * seed + fold).as_dict()} for fold in (1, 2)}
            broken = failed and method == "mmnas3d"
            path.write_text(json.dumps({"failed": "no memory" if broken else None, "folds": {} if broken else folds}))
            chosen.append(path)
    out = {form: tmp_path / f"agreement.{form}" for form in ("csv", "md", "html", "tex")}
    make_agreement(
        study="mmnas",
        table="agreement",
        entry={"title": "Agreement <of> architectures"},
        methods=entries,
        chosen=chosen[::-1],
        **out,
    )
    return pd.read_csv(out["csv"]), {form: path.read_text() for form, path in out.items()}


def test_every_method_and_cell_has_its_rows(tmp_path):
    frame, texts = made(tmp_path)
    assert frame["method"].drop_duplicates().tolist() == ["mmnas3d", "random2d"]
    assert frame.groupby("method")["cell"].unique().map(list).tolist() == [["all", "normal", "reduction"]] * 2
    assert frame.query("between == 'folds'")["pairs"].tolist() == [2] * 6
    assert frame["share"].between(0, 1).all()
    assert "Agreement &lt;of&gt; architectures" in texts["html"]
    assert "<!-- fragment -->" in texts["html"]
    assert texts["md"].count("\n| ") == 1 + len(frame)
    assert texts["tex"].count(r"\\") == 1 + len(frame)
    assert "A dash" not in texts["md"]
    assert made(tmp_path)[1] == texts


def test_a_run_of_one_seed_or_a_failed_search_has_dashes(tmp_path):
    frame, texts = made(tmp_path, seeds=(0,), failed=True)
    assert frame.query("method == 'mmnas3d'")["networks"].unique().tolist() == [0]
    assert frame.query("between == 'seeds'")["share"].isna().all()
    assert "| mmnas3d | all | folds | 0 | – | – | – | " in texts["md"]
    assert "A dash: there is no pair of folds and of seeds in this run" in texts["html"]
