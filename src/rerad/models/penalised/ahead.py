"""Many fits at once: on a fine path the same features stay active over many λ, whose solutions share one factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerad.models.penalised.newton import PROXIMAL_BELOW, Fitted, Net

Array = NDArray[np.float64]
NEARBY = 0.04  # how far a penalty may be from the factor's, in parts: what a term or refinement leaves of the error
LEAST, MOST = 8, 64


def fit_ahead(net: Net, l1: Array, l2: Array, *, keep: bool) -> Fitted | None:
    """Fit the next penalties with the features that are active now, up to the first at which one changes.

    Returns None where that is not worth trying or already the first changes.
    """
    _, d = net.penalties
    if net.reach == 0:
        net.reach = LEAST  # the next one is known to change
        return None
    if not len(net.active.members) or d < PROXIMAL_BELOW:
        return None
    number = min(net.reach, int(np.searchsorted(-l2[:MOST], (NEARBY - 1.0) * d)))
    if number < 2:
        return None
    l1, l2 = l1[:number], l2[:number]
    residuals, coefs, errors = net.active.solve_near(l1, l2, d)
    held = _unchanged(net, residuals, coefs, l1) & (errors <= net.goal)
    count = number if held.all() else int(held.argmin())
    net.reach = min(MOST, 2 * net.reach) if count == number else 0
    if not count:
        return None
    l1, l2, residuals, errors = l1[:count], l2[:count], residuals[:, :count], errors[:count]
    ahead = (net.penalties[0], net.residual) if count == 1 else (float(l1[-2]), residuals[:, -2].copy())
    net.residual = residuals[:, -1].copy()
    net.came_to((*ahead, net.centre), float(l1[-1]), d)
    if coefs is not None:
        coefs = coefs[:, :count]
    elif keep:
        active = net.active
        values = active.features[active.members] @ residuals
        coefs = (values - np.outer(active.sign[active.members], l1)) / l2
    return net.told(l1, l2, residuals, coefs, errors + net.margin)


def _unchanged(net: Net, residuals: Array, coefs: Array | None, l1: Array) -> NDArray[np.bool_]:
    """Return for which models (models,) the active features and their signs are those of now."""
    active, looked = net.active, net.looked
    held = np.ones(len(l1), dtype=bool)
    close, near, radius = looked.candidates(residuals, l1, active.members)
    sign = active.sign[close]
    if coefs is None:
        open_ = near * sign <= (l1 + radius)[:, None]
        open_ &= (sign != 0) | (np.abs(near) >= (l1 - radius)[:, None])
    else:
        held &= (coefs * active.sign[active.members][:, None] > 0).all(axis=0)
        open_ = np.abs(near) >= (l1 - radius)[:, None]
        open_[:, sign != 0] = False
    # All of them at all residuals: one product is faster than to pick.
    asked = np.flatnonzero(open_.any(axis=0))
    if looked.pays(len(asked)):
        looked.look(residuals[:, -1])
    values, sign = active.features[close[asked]] @ residuals, sign[asked, None]
    same = np.where(sign == 0, np.abs(values) <= l1 + net.margin, values * sign > l1)
    if coefs is not None:
        same |= sign != 0
    return held & same.all(axis=0)
