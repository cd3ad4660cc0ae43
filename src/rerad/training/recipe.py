"""The recipe of a network: what its entry in a study says about training, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rerad.core.errors import ConfigError

INPUTS = ("volumes", "slices", "largest_slice", "patches", "profiles", "windows")
PRECISIONS = ("fp32", "bf16")
OPTIMISERS = {
    "adam": ("lr", "betas", "weight_decay"),
    "sgd": ("lr", "momentum", "weight_decay"),
    "keras_sgd": ("lr", "momentum", "decay"),
}
SCHEDULES = {
    "constant": (),
    "cosine": ("lr_min",),
    "step": ("every", "factor"),
    "plateau": ("patience", "factor"),
}
LOSSES = ("cross_entropy", "dice", "weighted_dice")
VALUE_LOSSES = ("mae", "mse", "rmse")
MOST_LEVELS = 255  # a level is one byte
AUGMENTATIONS = ("flips", "quarter_turns", "rotate_degrees", "shift", "scale", "stretch", "copies")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    ``input``: whole volumes, every axial slice with tumour, the slice with the most of it, auto-fitting patches of
    ``patch`` voxels (one length, or one an axis) of cases of their own size, profiles of genes, or windows of
    grey levels. ``masked`` sets all outside the GTV to 0; ``gtv_channel`` gives the network the GTV as one more
    channel. ``table``: modalities whose handcrafted features the network gets as well. ``threads`` of the CPU: another
    number makes other last digits. ``deterministic`` asks CUDA for the same bits in every run, at its price in time.
    ``windows``: of the input windows, the grey levels and how many windows of a case are learned from.
    """

    epochs: int
    batch: int
    optimiser: Mapping[str, Any]
    input: str = "volumes"
    patch: int | Sequence[int] | None = None
    windows: Mapping[str, int] | None = None
    masked: bool = False
    gtv_channel: bool = False
    table: Sequence[str] = ()
    schedule: Mapping[str, Any] = field(default_factory=lambda: {"name": "constant"})
    loss: Mapping[str, Any] = field(default_factory=lambda: {"voxels": 0.5})
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "fp32"
    channels_last: bool = False
    compile: bool = False
    deterministic: bool = False
    threads: int = 1
    checkpoint_s: float = 60.0
    evaluate_every: int = 1
    segment_every: int = 10
    weights: Any = None

    @property
    def axes(self) -> int:
        """The axes of a sample: 3 of a volume or a patch, 2 of a slice."""
        return _axes(self.input)

    @property
    def patch_shape(self) -> tuple[int, ...]:
        """The lengths of a patch (z, y, x); none without patches."""
        if self.patch is None:
            return ()
        return (self.patch,) * 3 if isinstance(self.patch, int) else tuple(self.patch)

    @property
    def numbers(self) -> dict[str, Any]:
        """Everything that decides the numbers: all but how often the state is written down."""
        return {key: value for key, value in asdict(self).items() if key != "checkpoint_s"}


def read_recipe(entry: Mapping[str, Any]) -> Recipe:
    """Return the checked recipe of a method's entry.

    Raises:
        ConfigError: naming the key, its value and what to write instead.
    """
    given = dict(entry.get("recipe", {}))
    known = Recipe.__dataclass_fields__
    for key in given:
        if key not in known:
            raise _wrong(str(key), given[key], f"no such key; known are {', '.join(known)}")
    for key in ("epochs", "batch", "optimiser"):
        if key not in given:
            raise ConfigError("missing key", where=f"recipe.{key}", remedy="Add it to the method's recipe")
    for key, (good, wanted) in _RULES.items():
        if key in given and not good(given[key]):
            raise _wrong(key, given[key], wanted)
    check_optimiser("optimiser", given["optimiser"])
    check_schedule("schedule", given.get("schedule", {"name": "constant"}))
    _check_loss(given.get("loss", {}))
    recipe = Recipe(**given)
    _check_patches(recipe)
    _check_windows(recipe)
    _check_augmentation(recipe)
    unknown = set(recipe.table) - set(entry["modalities"])
    if unknown:
        raise _wrong("table", list(recipe.table), f"modalities of the method: {', '.join(entry['modalities'])}")
    return recipe


def voxels_of_patch(settings: Mapping[str, Any]) -> int:
    """Return the voxels of a patch; 0 without patches."""
    side = settings.get("patch")
    return 0 if side is None else side**3 if isinstance(side, int) else math.prod(side)


def check_optimiser(key: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings of no optimiser; ``key`` is told below ``recipe``.

    Raises:
        ConfigError: naming the key, its value and what to write instead.
    """
    _check_named(key, settings, OPTIMISERS)
    if settings.get("lr") is None:
        raise ConfigError("missing key", where=f"recipe.{key}.lr", remedy="Write the learning rate, such as 1.0e-4")


def check_schedule(key: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings of no schedule; ``key`` is told below ``recipe``.

    Raises:
        ConfigError: naming the key, its value and what to write instead.
    """
    _check_named(key, settings, SCHEDULES)


def channels_of(entry: Mapping[str, Any], recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the network's input channels in order."""
    return (*entry["modalities"], *(["GTV"] if recipe.gtv_channel else []))


def _axes(kind: str) -> int:
    return 3 if kind in ("volumes", "patches") else 2


def _wrong(key: str, value: Any, wanted: str) -> ConfigError:
    return ConfigError(f"{value!r} does not do", where=f"recipe.{key}", remedy=f"Wanted: {wanted}")


def _whole(minimum: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= minimum


def _number(minimum: float, maximum: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and minimum <= value <= maximum


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_patch(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) == 3 and all(map(_whole(1), value))
    return value is None or _whole(1)(value)


def _is_windows(value: Any) -> bool:
    if not _mapping(value):
        return value is None
    return set(value) == {"levels", "a_case"} and 2 <= value["levels"] <= MOST_LEVELS and _whole(1)(value["a_case"])


def _is_weights(value: Any) -> bool:
    return value in (None, "phantom") or (_mapping(value) and set(value) in ({"path"}, {"url", "sha256"}))


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "epochs": (_whole(1), "a whole number, 1 or more"),
    "batch": (_whole(1), "a whole number, 1 or more"),
    "optimiser": (_mapping, "{name: adam, lr: 1.0e-4}"),
    "schedule": (_mapping, "{name: constant}"),
    "loss": (_mapping, "{voxels: 0.5}"),
    "augmentation": (_mapping, "{} or {flips: [0, 1, 2], …}"),
    "table": (lambda value: isinstance(value, list | tuple), "a list of modalities"),
    "input": (lambda value: value in INPUTS, f"one of {', '.join(INPUTS)}"),
    "windows": (_is_windows, "{levels: 64, a_case: 100000}"),
    "patch": (_is_patch, "a length in voxels such as 128, or three, or null"),
    "precision": (lambda value: value in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
    **{key: (_flag, "true or false") for key in ("masked", "gtv_channel", "channels_last", "compile", "deterministic")},
    "threads": (_whole(1), "a whole number, 1 or more"),
    "checkpoint_s": (_number(0), "seconds, 0 or more"),
    "weights": (_is_weights, "null, phantom, {path: …} or {url: …, sha256: …}"),
    "evaluate_every": (_whole(1), "a whole number of epochs, 1 or more"),
    "segment_every": (_whole(1), "a whole number of epochs, 1 or more"),
}


def _check_named(key: str, settings: Mapping[str, Any], kinds: Mapping[str, Sequence[str]]) -> None:
    if settings.get("name") not in kinds:
        raise _wrong(f"{key}.name", settings.get("name"), f"one of {', '.join(kinds)}")
    keys = kinds[settings["name"]]
    for name, value in settings.items():
        if value is None:  # taken back by an overlay that writes another name
            continue
        if name != "name" and name not in keys:
            raise _wrong(f"{key}.{name}", value, f"a key of {settings['name']}: {', '.join(keys) or 'none'}")
        if name == "betas":
            if not (isinstance(value, list | tuple) and len(value) == 2 and all(map(_number(0, 0.9999), value))):
                raise _wrong(f"{key}.{name}", value, "two numbers from 0 to below 1, such as [0.9, 0.999]")
        elif name != "name" and not _number(0)(value):
            raise _wrong(f"{key}.{name}", value, "a number, 0 or more")
    for name in {"step": ("every", "factor"), "plateau": ("patience", "factor")}.get(settings["name"], ()):
        if settings.get(name) is None:
            raise ConfigError("missing key", where=f"recipe.{key}.{name}", remedy="Add it to the method's recipe")


def _check_loss(settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if name == "voxels":
            if not _number(0, 1)(value):
                raise _wrong("loss.voxels", value, "the weight of the voxels' loss, 0 to 1")
        elif name == "values" and value in VALUE_LOSSES:
            continue
        elif name != "kind" or value not in LOSSES:
            raise _wrong(f"loss.{name}", value, f"voxels (a weight) and kind (one of {', '.join(LOSSES)})")


def _check_patches(recipe: Recipe) -> None:
    """Refuse what patches cannot do without or with, and patches where the input has none."""
    if recipe.input != "patches":
        if recipe.patch is not None:
            raise _wrong("patch", recipe.patch, "null, since the input has no patches")
        if recipe.loss.get("kind") == "weighted_dice":
            raise _wrong("loss.kind", "weighted_dice", "another, since only patches have regions that overlap")
        return
    if recipe.patch is None:
        raise ConfigError("missing key", where="recipe.patch", remedy="Write the side of a patch, such as 128")
    if recipe.loss.get("kind") != "weighted_dice":
        raise _wrong("loss.kind", recipe.loss.get("kind"), "weighted_dice, since regions of patches overlap")
    for key in ("masked", "gtv_channel", "table"):
        if getattr(recipe, key):
            raise _wrong(key, getattr(recipe, key), "nothing of the kind with patches")


def _check_windows(recipe: Recipe) -> None:
    """Refuse windows without what they need or with what they do not have, and their settings elsewhere."""
    if recipe.input != "windows":
        if recipe.windows is not None:
            raise _wrong("windows", recipe.windows, "null, since the input has no windows")
        if "values" in recipe.loss and recipe.input != "profiles":
            raise _wrong("loss.values", recipe.loss["values"], "no such key, since the input leads to no values")
        return
    if recipe.windows is None:
        raise ConfigError("missing key", where="recipe.windows", remedy="Write {levels: 64, a_case: 100000}")
    if recipe.loss.get("values") not in VALUE_LOSSES:
        raise _wrong("loss.values", recipe.loss.get("values"), f"one of {', '.join(VALUE_LOSSES)} with windows")
    for key in ("masked", "gtv_channel", "table", "augmentation", "compile"):
        if getattr(recipe, key):
            raise _wrong(key, getattr(recipe, key), "nothing of the kind with windows")


def _check_augmentation(recipe: Recipe) -> None:
    axes, cube = _axes(recipe.input), len(set(recipe.patch_shape)) == 1
    for name, value in recipe.augmentation.items():
        if name not in AUGMENTATIONS:
            raise _wrong(f"augmentation.{name}", value, f"one of {', '.join(AUGMENTATIONS)}")
        if name == "flips":
            good = isinstance(value, list | tuple) and set(value) <= set(range(axes))
            wanted = f"axes of the input: {', '.join(map(str, range(axes)))}"
        elif name == "copies":
            good, wanted = _whole(1)(value), "a whole number, 1 or more"
        elif name == "quarter_turns":
            good, wanted = value is False or (value is True and cube), "true only for patches that are cubes"
        elif name == "stretch":
            good, wanted = _number(0, 0.3)(value), "a standard deviation, 0 to 0.3"
        elif name == "scale":
            good, wanted = _number(0, 0.9)(value), "a share of the size, 0 to 0.9"
        else:
            good, wanted = _number(0)(value), "a number, 0 or more"
        if not good:
            raise _wrong(f"augmentation.{name}", value, wanted)
