"""Initializers for the gates of recurrent layers, held against the layers that get them."""

from __future__ import annotations

from typing import Any

from torch import nn

from agnostic_init.arrays.errors import must
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.side_by_side import blocks

__all__ = ["check_gates"]

RECURRENT = (nn.RNNBase, nn.RNNCellBase)
KNOWN = (3, 4)  # gates of a GRU, of an LSTM
PROJECTION = "weight_hr"  # of an LSTM, whose rows are no gates


def check_gates(module: Any, attribute: str, initializer: Initializer) -> None:
    """Raise if an initializer has as many gates as the layer has not, where the shape agrees.

    Four gates cut the 3h rows of a GRU where h divides by 4. Blocks with lengths of their own are
    what the caller says.
    """
    if not isinstance(module, RECURRENT) or not isinstance(initializer, blocks):
        return
    if initializer.sizes is not None or attribute not in module._parameters:
        return
    kind, count = type(module).__name__, _gates(module, attribute)
    given = len(initializer.inits)
    if given == count and initializer.axis not in (0, -module._parameters[attribute].ndim):
        rule = f"must cut the gates of a {kind}, which torch has along axis 0"
        raise must("axis", rule, initializer.axis, "order='torch'")
    if given != count and (count > 1 or given in KNOWN):
        rule = (
            f"must have the {count} gates of a {kind}"
            if count > 1
            else f"must have no gates ({kind})"
        )
        hint = {3: "gates(..., 'torch', cell='gru')", 4: "gates(..., 'torch')"}
        raise must(attribute, rule, f"{given} blocks", hint.get(count, "one initializer for all"))


def _gates(module: Any, attribute: str) -> int:
    """How many there are along the rows of a parameter."""
    if attribute.startswith(PROJECTION):
        return 1
    rows: int = module._parameters[attribute].shape[0]
    return rows // module.hidden_size if module.hidden_size else 1
