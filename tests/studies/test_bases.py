"""What methods share stands in a base, and an overlay reaches all of them through it."""

from __future__ import annotations

import pytest

from rerad.core.errors import ConfigError
from rerad.studies.bases import bases_of, expand

STUDY = {
    "folds": 6,
    "bases": {"volume": {"model": "chmfl", "recipe": {"epochs": 200, "loss": {"voxels": 0.5}}}},
    "methods": {
        "plain": {"base": "volume"},
        "other": {"base": "volume", "recipe": {"loss": {"voxels": 0.1}}},
        "forest": {"model": "forest"},
    },
}


def test_a_method_is_its_base_and_what_it_says_itself() -> None:
    expanded = expand(STUDY, bases_of(STUDY, where="x"))
    assert expanded == {
        "folds": 6,
        "methods": {
            "plain": {"model": "chmfl", "recipe": {"epochs": 200, "loss": {"voxels": 0.5}}},
            "other": {"model": "chmfl", "recipe": {"epochs": 200, "loss": {"voxels": 0.1}}},
            "forest": {"model": "forest"},
        },
    }


def test_a_patch_of_a_base_reaches_the_methods_that_the_study_gives_it() -> None:
    patch = {"bases": {"volume": {"recipe": {"epochs": 10}}}}
    expanded = expand(patch, bases_of(STUDY, where="x"))
    assert expanded == {"methods": {"plain": {"recipe": {"epochs": 10}}, "other": {"recipe": {"epochs": 10}}}}


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({"methods": {"a": {"base": "volum"}}, "bases": {"volume": {}}}, r"x: methods\.a\.base: 'volum' is no base\. .*: volume"),
        ({"methods": {"a": {"base": "v"}}}, "none is defined under bases"),
        ({"methods": {"a": {"base": "v"}}, "bases": {"v": {}, "w": {}}}, r"x: bases\.w: no method has this base\. .*: v"),
        ({"methods": {"a": {"base": ["v"]}}, "bases": {"v": {}}}, r"x: methods\.a\.base: \['v'\] is no base\. .*: v"),
        ({"methods": {}, "bases": {"v": 3}}, r"x: bases\.v: 3 does not do\. Write keys and values"),
        ({"methods": {}, "bases": ["v"]}, r"x: bases: \['v'\] does not do"),
    ],
)  # fmt: skip
def test_a_base_that_is_wrong_is_named(study: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bases_of(study, where="x")
