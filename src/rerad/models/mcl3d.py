"""3DMCL: the features of a 3-D PET-CT CNN joined with handcrafted ones.

Only the idea is public: deep and handcrafted features predict together (Peng et al., EMBC 2019, and section I.A of
the CHMFL paper). Layers and sizes are therefore those of our 3-D PET-CT CNN: an approximation.
"""

from __future__ import annotations

from typing import Any

from rerad.core.errors import ConfigError
from rerad.models import chmfl
from rerad.models.options import complete

DEFAULTS: dict[str, Any] = {
    "width": 16,  # as the CNN of Table II
    "norm": "batch",
    "hidden": [256, 64],
    "dropout": 0.5,
}
TASKS = ("classification",)


def build(
    settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0
) -> chmfl.Hierarchical:
    """Build the CNN of the deepest level, whose pooled features and ``columns`` handcrafted ones enter the head.

    Raises:
        ConfigError: no handcrafted features, or an unknown setting.
    """
    if columns < 1:
        raise ConfigError(
            "3DMCL without handcrafted features", where="recipe.table", remedy="Name their images, such as [PET, CT]"
        )
    options = {**complete(settings, DEFAULTS), "fusion": "last", "decoder": False}
    return chmfl.build(options, channels=channels, shape=shape, columns=columns)
