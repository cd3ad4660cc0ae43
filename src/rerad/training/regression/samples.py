"""A cohort as samples of networks: apart from its tables, which need no heavy library."""

from __future__ import annotations

import torch

from rerad.training.profiles import Profiles
from rerad.training.recipe import Recipe
from rerad.training.regression.data import Cohort, Prepared


def profiles(cohort: Cohort, ready: Prepared, recipe: Recipe, device: torch.device) -> Profiles:
    """Return the patients with images as samples whose features are predicted."""
    count = len(cohort.target)
    genes = torch.from_numpy(ready.values[:count]).to(device)
    return Profiles(cohort.names[:count], genes, torch.from_numpy(ready.target).to(device), recipe, device)


def reconstructed(cohort: Cohort, ready: Prepared, recipe: Recipe, device: torch.device) -> Profiles:
    """Return all patients as samples whose genes are predicted again: what an autoencoder learns."""
    genes = torch.from_numpy(ready.values).to(device)
    return Profiles(cohort.names, genes, genes, recipe, device)
