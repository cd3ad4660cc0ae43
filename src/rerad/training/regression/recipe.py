"""How a regression on gene expression is trained: the network's recipe, its autoencoder's, and the variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rerad.core.errors import ConfigError
from rerad.training.recipe import Recipe, read_recipe

# published: scaling and autoencoder see all patients, hyper-parameters are chosen on the reported folds; fold_safe:
# scaling sees no test case, the autoencoder nobody with images; nested: also chosen without the test cases.
VARIANTS = ("published", "fold_safe", "nested")
SHARED = ("threads", "precision", "deterministic", "checkpoint_s")
KEYS = ("epochs", "batch", "optimiser", "evaluate_every", *SHARED)
RATES = ("lr", "decay")


class Plan(NamedTuple):
    """The recipes of a network and of its autoencoder (None: no pre-training), with that one's activation."""

    network: Recipe
    autoencoder: Recipe | None
    activation: str
    variants: tuple[str, ...]


def read_plan(entry: Mapping[str, Any]) -> Plan:
    """Return the checked recipe of a method's entry.

    ``recipe`` has the keys of a network's, of which ``KEYS`` do here; ``variants``; ``autoencoder``, None or a recipe
    with an ``activation``; and ``rates_of``, another method, which decides whose choice the training is given.

    Raises:
        ConfigError: naming the key, its value and what to write instead.
    """
    given = dict(entry["recipe"])
    variants = _variants(given.pop("variants", VARIANTS[:1]))
    pre = given.pop("autoencoder", None)
    given.pop("rates_of", None)
    network = _recipe(given, "mae", entry)
    if pre is None:
        return Plan(network, None, "", variants)
    pre = dict(pre)
    activation = pre.pop("activation", "tanh")
    shared = {key: given[key] for key in SHARED if key in given}
    try:
        autoencoder = _recipe({**shared, **pre}, "mse", entry)
    except ConfigError as error:
        where = error.where.replace("recipe", "recipe.autoencoder", 1)
        raise ConfigError(error.what, where=where, remedy=error.remedy) from error
    return Plan(network, autoencoder, activation, variants)


def read_variants(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the variants of a method that has no epochs.

    Raises:
        ConfigError: another name, or none.
    """
    return _variants(entry["recipe"].get("variants", VARIANTS[:1]))


def chosen_rates(recipe: Recipe, choice: Mapping[str, Any]) -> Recipe:
    """Return a recipe with the learning rate and decay of a choice, if it has any."""
    return replace(recipe, optimiser={**recipe.optimiser, **{key: choice[key] for key in RATES if key in choice}})


def choice_for(found: Mapping[str, Any], fold: int, variant: str) -> dict[str, Any]:
    """Return what a search chose for a fold's variant: ``autoencoder`` and ``network``, each with its rates.

    ``found`` leads from folds to choices and is empty without a search. ``fold_safe`` takes the published choice.

    Raises:
        ConfigError: the variant is nested, and nothing was chosen so.
    """
    wanted = "nested" if variant == "nested" else "published"
    choice = found.get(str(fold), {}).get(wanted)
    if choice is None and wanted == "nested":
        remedy = "Give the method a search with nested: true, or leave out the variant"
        raise ConfigError(f"nothing was chosen inside fold {fold}", where="recipe.variants", remedy=remedy)
    return dict(choice or {})


def _recipe(given: Mapping[str, Any], loss: str, entry: Mapping[str, Any]) -> Recipe:
    for key, value in given.items():
        if key not in KEYS:
            raise ConfigError(f"{value!r} does not do", where=f"recipe.{key}", remedy=f"Keys are {', '.join(KEYS)}")
    fixed = {"input": "profiles", "loss": {"values": loss}, "segment_every": given.get("epochs", 1)}
    return read_recipe({"recipe": {**given, **fixed}, "modalities": entry["modalities"]})


def _variants(given: Sequence[str]) -> tuple[str, ...]:
    if not given or set(given) - set(VARIANTS):
        raise ConfigError(f"{given!r} does not do", where="recipe.variants", remedy=f"Some of {', '.join(VARIANTS)}")
    return tuple(name for name in VARIANTS if name in given)
