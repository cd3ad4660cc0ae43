"""Methods name modalities that their cohort has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.cohorts import about
from rerad.core.errors import ConfigError


def check_modalities(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a method with a modality that its cohort does not have.

    Raises:
        ConfigError: naming study, method and modality.
    """
    for name, study in studies.items():
        known = about(study["cohort"]).MODALITIES
        for method, settings in study["methods"].items():
            strange = [modality for modality in settings["modalities"] if modality not in known]
            if strange:
                raise ConfigError(
                    f"the cohort {study['cohort']} has no {strange[0]}",
                    where=f"config/studies/{name}.yaml: methods.{method}.modalities",
                    remedy=f"Write some of: {', '.join(known)}",
                )
