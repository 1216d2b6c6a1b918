"""Chrono initialization: biases of gates whose memories are of all lengths."""

from __future__ import annotations

import math
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import zeros
from agnostic_init.initializers.logarithmic import log_of_uniform
from agnostic_init.initializers.recurrent.orders import order_of
from agnostic_init.initializers.side_by_side import blocks

__all__ = ["chrono"]


def chrono(longest: float, order: str, *, cell: str = "lstm", axis: int | None = None) -> blocks:
    """Biases of gates by which the units of a layer remember for uniformly many steps, up to a longest.

    The forget gate's is ``log U(1, longest - 1)``, the input gate's its negative, unit by unit, and
    the others are zero. Of a GRU, the update gate has the bias.

    Parameters
    ----------
    longest
        The longest dependency that is expected, in steps; more than 2.
    order
        How the gates lie side by side: a framework, or letters, as for `gates`. For a GRU it must be
        a framework, as these do not agree on what its update gate is: what is kept of the state, or
        in Haiku, what is replaced.
    cell
        "lstm" or "gru".
    axis
        The axis that the gates lie along; that of the framework by default.

    Returns
    -------
    blocks

    Notes
    -----
    With no other input, a forget gate of bias b keeps a fraction ``1 / (1 + exp(-b))`` of the state
    in each step, which is then forgotten in ``1 + exp(b)`` steps: uniform on [2, longest].

    Torch's layers add two biases: give one of them this initializer, and zeros to the other. Keras's
    GRU has its two as the rows of one array, which is ``blocks([chrono(...), "zeros"])``. Haiku's
    LSTM adds 1 to its forget gate, which is taken off here.

    References
    ----------
    Tallec, Ollivier, "Can recurrent neural networks warp time?", ICLR 2018, arXiv:1804.11188,
    section 2, equation 16 for the LSTM.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> i, f, g, o = ai.chrono(100, "torch")(4 * 64, key=0).reshape(4, 64)
    >>> bool((i == -f).all()), g.any(), o.any()
    (True, np.False_, np.False_)
    >>> steps = 1 + np.exp(f)
    >>> bool(steps.min() > 1.99 and steps.max() < 100.01)
    True
    """
    known = order_of(order, cell, axis)
    number = real_number("longest", longest)
    if number <= 2.0:
        raise must("longest", "must be more than 2 steps", longest)
    own: dict[str, Initializer] = {}
    if cell == "lstm":
        moved = math.exp(-known.framework.forgets if known.framework else 0.0)
        own["f"] = log_of_uniform(moved, (number - 1.0) * moved)
        own["i"] = log_of_uniform(1.0, number - 1.0, factor=-1.0)
    elif known.framework is None:
        rule = "must be a framework for a GRU, whose update gates differ"
        raise must("order", rule, order, "order='torch', and axis= if need be")
    else:
        own["z"] = log_of_uniform(1.0, number - 1.0, 1.0 if known.framework.keeps else -1.0)
    each: list[Any] = [own.get(letter, zeros()) for letter in known.letters]
    return blocks(each, None, known.axis, same_key=True)
