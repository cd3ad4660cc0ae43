"""The numbers of the handcrafted features, each with its source."""

from __future__ import annotations

from typing import Any

from rerad.core.errors import ConfigError

DEFAULTS: dict[str, Any] = {
    # Isotropic grid in mm; null keeps the stored one.
    "spacing_mm": 2.0,
    # Grey levels of fixed width, in the units of the image: SUV (Leijenaar 2015, doi 10.1038/srep11075), HU.
    "bin_width": {"PET": 0.25, "CT": 25},
    # A number instead: that many levels between the smallest and the largest value of the GTV.
    "bins": None,
    # Of the image; the mask takes the nearest neighbour. B-spline is PyRadiomics' default.
    "interpolator": "bspline",
    # An image with more levels than this is not in the units that bin_width is meant for (a PET in Bq/ml).
    "max_levels": 1000,
    "indices": {
        # Sphere of SUVpeak (Wahl 2009, PERCIST 1.0, doi 10.2967/jnumed.108.057307).
        "peak_ml": 1.0,
        # Inactive is a voxel up to this × SUVmax²; radius (voxels) of closing and opening; smallest region in voxels
        # (Vallières 2015, doi 10.1088/0031-9155/60/14/5471, and its code, github.com/mvallieres/radiomics).
        "inactive_threshold": 0.005,
        "inactive_radius": 2,
        "inactive_minimum": 15,
    },
    # Any of PyRadiomics' own settings, by its own names; they win.
    "pyradiomics": {},
}

INTERPOLATORS = {"bspline": "sitkBSpline", "linear": "sitkLinear", "nearest": "sitkNearestNeighbor"}


def complete(settings: dict[str, Any] | None) -> dict[str, Any]:
    """Return the settings with the defaults for what they leave out.

    Raises:
        ConfigError: a key or an interpolator that does not exist.
    """
    given = dict(settings or {})
    _known(given, DEFAULTS, "features")
    _known(given.get("indices") or {}, DEFAULTS["indices"], "features.indices")
    full = {**DEFAULTS, **given, "indices": {**DEFAULTS["indices"], **(given.get("indices") or {})}}
    if full["interpolator"] not in INTERPOLATORS:
        raise ConfigError(
            f"{full['interpolator']!r} is no interpolator",
            where="features.interpolator",
            remedy=f"Write one of {', '.join(INTERPOLATORS)}",
        )
    return full


def for_pyradiomics(settings: dict[str, Any], modality: str) -> dict[str, Any]:
    """Return completed settings as keyword arguments of PyRadiomics' extractor.

    Raises:
        ConfigError: no bin width for the modality.
    """
    own: dict[str, Any] = {"additionalInfo": False}
    if settings["spacing_mm"] is not None:
        own["resampledPixelSpacing"] = [float(settings["spacing_mm"])] * 3
        own["interpolator"] = INTERPOLATORS[settings["interpolator"]]
    width = settings["bin_width"]
    if settings["bins"] is not None:
        own["binCount"] = int(settings["bins"])
    elif not isinstance(width, dict):
        own["binWidth"] = width
    elif modality in width:
        own["binWidth"] = width[modality]
    elif not {"binWidth", "binCount"} & set(settings["pyradiomics"]):
        raise ConfigError(
            f"no bin width for the modality {modality!r}",
            where="features.bin_width",
            remedy=f"Write bin_width: {{{modality}: <width in the image's units>}}, or a number of bins",
        )
    return {**own, **settings["pyradiomics"]}


def _known(given: dict[str, Any], allowed: dict[str, Any], where: str) -> None:
    for key in given:
        if key not in allowed:
            raise ConfigError(f"unknown key {key!r}", where=where, remedy=f"Write one of {', '.join(allowed)}")
