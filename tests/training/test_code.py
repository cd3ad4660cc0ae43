from pathlib import Path

import pytest

from rerad.models import task_names
from rerad.studies import load
from rerad.studies.check import read_yaml
from rerad.training.code import is_network, predicted_tasks

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "config" / "config.yaml"
METHODS = {
    f"{cohort}: {method}": settings
    for cohort, methods in load(
        {**read_yaml(BASE), "studies": {name: {"enabled": True} for name in ("radiogenomics", "radsynth")}},
        root=ROOT,
        files=[BASE],
    ).methods.items()
    for method, settings in methods.items()
}


@pytest.mark.parametrize("method", [name for name, settings in METHODS.items() if is_network(settings)])
def test_what_a_network_is_trained_for_is_among_what_is_evaluated(method):
    settings = METHODS[method]
    assert set(task_names(settings["model"], settings["network"])) <= set(predicted_tasks(settings))


@pytest.mark.parametrize(
    ("method", "tasks"),
    [
        ("sts: hc_rf", ("classification",)),
        ("sts: vnet", ("classification", "segmentation")),
        ("brats: nas3dunet", ("segmentation",)),
        ("breast: local_sd", ("synthesis",)),
        ("tcga_gbm: median", ("regression",)),
        ("tcga_gbm: nn_pretrained_dropout", ("regression",)),
    ],
)
def test_nothing_is_evaluated_that_a_method_cannot_have(method, tasks):
    assert predicted_tasks(METHODS[method]) == tasks


def test_scores_of_elsewhere_are_of_classification():
    assert predicted_tasks({"model": "external", "recipe": {"file": "mine.csv"}}) == ("classification",)
