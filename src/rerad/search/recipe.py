"""The recipe of an architecture search: what a method's entry says about it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rerad.core.errors import ConfigError
from rerad.training.recipe import Recipe, check_optimiser, check_schedule, read_recipe

SELECTIONS = ("lowest_validation", "last", "most_common")
STOPS = ("skip_share", "seen")
# What a search sees is what its method sees.
SHARED = ("input", "masked", "gtv_channel", "table", "loss")
FOLDS = ("each", "first")


@dataclass(frozen=True)
class SearchRecipe:
    """How an architecture is searched for: two optimisers in turn, each on its own part of the training cases.

    ``training``: epochs, batch, optimiser of the weights, precision and so on, as of a training; its ``patch`` may be
    another than the final training's. ``alpha_share`` of the cases is α's part; α starts from N(0, ``alpha_start``²).
    ``alpha_schedule`` of its learning rate watches α's own loss. ``clip``: largest norm of the weights' gradient.
    ``select``: whose architecture counts, that of the epoch with the lowest loss on α's part, of the last epoch, or the
    one most epochs had. ``stop`` ends earlier, where more than ``skip_share`` of a cell's edges are skips, or when an
    architecture was ``seen`` so many times. ``folds``: whether each fold is searched, or the first for all.
    """

    training: Recipe
    alpha_optimiser: Mapping[str, Any]
    alpha_schedule: Mapping[str, Any] = field(default_factory=lambda: {"name": "constant"})
    alpha_start: float = 1.0e-3
    alpha_share: float = 0.5
    clip: float | None = 5.0
    select: str = "lowest_validation"
    stop: Mapping[str, Any] = field(default_factory=dict)
    activation_checkpointing: bool = False
    partial_channels: int = 1
    folds: str = "each"

    @property
    def numbers(self) -> dict[str, Any]:
        """Everything of the search itself that decides the numbers; what it has of a training is ``training``'s."""
        return {key: value for key, value in asdict(self).items() if key != "training"}


def draws_by_lot(entry: Mapping[str, Any]) -> bool:
    """Tell whether a method's architecture is drawn by lot: the control of every search."""
    return "draw" in entry["search"]


def searches_once(entry: Mapping[str, Any]) -> bool:
    """Tell whether the architecture of the first fold is that of all."""
    return bool(entry.get("search", {}).get("folds") == "first")


def read_search(entry: Mapping[str, Any]) -> SearchRecipe:
    """Return the checked search of a method's entry.

    Raises:
        ConfigError: naming the key, its value and what to write instead.
    """
    given = dict(entry["search"])
    own = {key: given.pop(key) for key in SearchRecipe.__dataclass_fields__ if key in given}
    given |= {key: value for key, value in entry["recipe"].items() if key in SHARED}
    if entry["recipe"].get("patch") is not None:
        given.setdefault("patch", entry["recipe"]["patch"])
    try:
        training = read_recipe({**entry, "recipe": given})
        if "alpha_optimiser" not in own:
            raise ConfigError("missing key", where="recipe.alpha_optimiser", remedy="Write {name: adam, lr: 5.0e-4}")
        check_optimiser("alpha_optimiser", own["alpha_optimiser"])
        check_schedule("alpha_schedule", own.get("alpha_schedule", {"name": "constant"}))
    except ConfigError as error:
        where = error.where.replace("recipe", "search", 1)
        raise ConfigError(error.what, where=where, remedy=error.remedy) from error
    recipe = SearchRecipe(training=training, **own)
    _check(recipe)
    return recipe


def _check(recipe: SearchRecipe) -> None:
    wanted = {
        "alpha_start": (recipe.alpha_start >= 0, "a number, 0 or more"),
        "alpha_share": (0 < recipe.alpha_share < 1, "a share above 0 and below 1"),
        "clip": (recipe.clip is None or recipe.clip > 0, "a number above 0, or null"),
        "select": (recipe.select in SELECTIONS, f"one of {', '.join(SELECTIONS)}"),
        "folds": (recipe.folds in FOLDS, f"one of {', '.join(FOLDS)}"),
        "stop": (set(recipe.stop) <= set(STOPS), f"keys of {', '.join(STOPS)}"),
        "partial_channels": (recipe.partial_channels >= 1, "a whole number, 1 or more"),
    }
    if recipe.select == "lowest_validation" and recipe.training.evaluate_every > 1:
        told = f"{recipe.training.evaluate_every} leaves epochs out of which the lowest loss is to be found"
        raise ConfigError(told, where="search.evaluate_every", remedy="Write 1, or select last or most_common")
    for key, (good, told) in wanted.items():
        if not good:
            raise ConfigError(f"{getattr(recipe, key)!r} does not do", where=f"search.{key}", remedy=f"Wanted: {told}")
