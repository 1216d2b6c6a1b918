"""Weights of recurrent layers: an initializer for each gate, and the unit bias of forget gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import integer, real_number
from agnostic_init.initializers.constant import constant
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.recurrent.orders import CELLS, order_of
from agnostic_init.initializers.side_by_side import blocks

__all__ = ["forget_bias", "gates"]


def gates(
    init: Any,
    order: str,
    *,
    cell: str = "lstm",
    special: Mapping[str, Any] | None = None,
    axis: int | None = None,
) -> blocks:
    """An initializer for each gate of a recurrent layer, by the gate's name.

    Every gate is a weight of its own, which has the fans of its own shape: so `orthogonal` makes an
    orthogonal matrix for each, and `glorot_uniform` does not take all of them for one wide layer.

    Parameters
    ----------
    init
        The initializer of every gate.
    order
        How the gates lie side by side: "torch", "equinox", "mlx", "flax", "haiku" or "keras", or
        letters: i, f, g (or c) and o of an LSTM, r, z and n (or h) of a GRU.
    cell
        "lstm" or "gru".
    special
        The initializers of single gates, by their letters, in place of `init`.
    axis
        The axis that the gates lie along. That of the framework by default: 0, or -1 for Keras, Flax
        and Haiku.

    Returns
    -------
    blocks

    Raises
    ------
    ParameterError
        For letters that are no gates of the cell, and without an axis where `order` is letters.

    Notes
    -----
    Torch, Equinox, MLX and Flax (``nnx``) have i f g o and r z n, Keras i f c o and z r h, Haiku
    i g f o and z r a. Flax's ``linen`` has a parameter for each gate, and needs no blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> init = ai.gates("orthogonal", "torch", cell="gru")
    >>> w = init((24, 8), key=0).reshape(3, 8, 8)
    >>> bool(np.allclose(w @ w.swapaxes(1, 2), np.eye(8), atol=1e-5))
    True
    >>> ai.gates("zeros", "keras", special={"f": "ones"})(8)
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    """
    known = order_of(order, cell, axis)
    all_gates = found(init, "init")
    given: Any = {} if special is None else special
    if not isinstance(given, Mapping):
        rule = "must be a dictionary of gates and initializers"
        raise must_be_type("special", rule, special, "{'f': 'ones'}")
    own = {}
    for letter, each in given.items():
        if letter not in tuple(CELLS[cell]):
            raise must("special", f"must name gates of a {cell}, {', '.join(CELLS[cell])}", letter)
        own[letter] = found(each, f"special[{letter!r}]")
    return blocks([own.get(letter, all_gates) for letter in known.letters], None, known.axis)


def forget_bias(
    order: str, value: float = 1.0, *, biases: int | None = None, axis: int | None = None
) -> blocks:
    """The bias of an LSTM that begins by remembering: zeros, and a positive number for its forget gate.

    Parameters
    ----------
    order
        How the gates lie side by side: a framework, or letters, as for `gates`.
    value
        What all biases of the forget gate add up to. Haiku's layer adds 1 by itself, so there the
        parameter is ``value - 1``.
    biases
        How many biases of the layer have this initializer. Each gets its share of the value. It must
        be given for torch, whose layers add two: 2 where both have it, 1 where the other is zeros.
    axis
        The axis that the gates lie along; that of the framework by default.

    Returns
    -------
    blocks

    Raises
    ------
    ParameterError
        For torch without `biases`, as one bias and two would have different values.

    References
    ----------
    Gers, Schmidhuber, Cummins, "Learning to forget: continual prediction with LSTM", Neural
    Computation 2000; Jozefowicz, Zaremba, Sutskever, "An empirical exploration of recurrent network
    architectures", ICML 2015, which has the bias of 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.forget_bias("keras")(8)
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    >>> ai.forget_bias("torch", biases=2)(8)  # for both bias_ih and bias_hh
    array([0. , 0. , 0.5, 0.5, 0. , 0. , 0. , 0. ], dtype=float32)
    """
    known = order_of(order, "lstm", axis)
    number = real_number("value", value)
    most = known.framework.biases if known.framework else 2
    if biases is None and most > 1 and known.framework:
        rule = f"must be given for {order}, whose layers add {most} biases"
        raise must("biases", rule, None, "2 if both have this initializer, 1 if the other is zeros")
    count = 1 if biases is None else integer("biases", biases)
    if not 1 <= count <= most:
        raise must("biases", f"must be from 1 to {most} for order {order!r}", biases)
    number -= known.framework.forgets if known.framework else 0.0
    return gates("zeros", order, special={"f": constant(number / count)}, axis=axis)
