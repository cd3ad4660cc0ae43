"""Go on from a saved state, or begin anew where it does not fit the network."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable
from typing import TypeVar

from torch import nn

from rerad.training.device import is_out_of_memory

log = logging.getLogger(__name__)
Begun = TypeVar("Begun")


def restored(restore: Callable[[], Begun], network: nn.Module, checkpoint: object) -> Begun | None:
    """Return what ``restore`` returns, or None, with the network at its start, where the state does not fit.

    ``checkpoint`` is named in the log. Optimisers and random numbers may be half restored then.

    Raises:
        RuntimeError: memory ran out, which tells nothing about the state.
    """
    start = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    try:
        return restore()
    except (RuntimeError, KeyError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        why = textwrap.shorten(f"{type(error).__name__}: {error}", 300)
        log.warning("the checkpoint %s does not fit the network (%s): training starts anew", checkpoint, why)
        # What fitted was copied already.
        network.load_state_dict(start)
        return None
