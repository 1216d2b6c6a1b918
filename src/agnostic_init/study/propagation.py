"""A signal through a network and its gradient back, measured in each layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import must_be_type
from agnostic_init.study.records import Signal
from agnostic_init.study.stack import Stack

__all__ = ["Progress", "signal"]

#: Called with what is done, how many steps are, and of how many.
Progress = Callable[[str, int, int], object]


def signal(
    model: Any,
    batch: Any = None,
    *,
    key: Any = None,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    examples: int = 64,
    jacobian: bool = True,
    output: Callable[[Any], Any] | None = None,
    loss: Callable[[Any], Any] | None = None,
    progress: Progress | None = None,
) -> Signal:
    """Measure what becomes of a signal and of its gradient in a network at initialization.

    Parameters
    ----------
    model
        A `Stack`, whose weights are made; or a module of torch as it is, which is the same
        afterwards: parameters, buffers, gradients, mode, hooks and the state of random numbers.
    batch
        The input: for a stack (examples, units), or (examples, height, width, channels) for
        convolutions; standard normal where None. What a module takes as its argument, or a tuple
        or dictionary of its arguments.
    key
        Anything that `agnostic_init.key` takes; a stack needs one. For a module it is that of the
        gradient at its output alone.
    like, xp, dtype, device
        The array library, dtype and device of a stack where there is no batch; float32 and NumPy
        where nothing is given. float32 and float64 are what can be studied.
    examples
        How many, where there is no batch.
    jacobian
        Whether to compute singular values of the Jacobian, at the first example. They are left out,
        in words, beyond 2,048 inputs or outputs, and for a module beyond 256 outputs.
    output
        Of a module's result the tensor that is meant, as ``lambda result: result.logits``.
    loss
        Of a module's result the loss whose gradient is measured. By default the gradient at the
        output is random with a root mean square of 1, as it is for a stack.
    progress
        Called with the layer, the number of steps done, and their total.

    Returns
    -------
    Signal

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter makes no sense; the message names it. What goes wrong on the way, as values
        that are not finite, or a module whose result is no tensor, stands in the result's
        `problems`, with all that was measured until then.

    Notes
    -----
    The gradient's second moment at a layer is that of a loss whose gradient at the output is white.
    Theory is that of wide networks: [1]_ for the signal, [2]_ for its gradient, and [3]_ for
    residual ones.

    .. [1] Poole et al., "Exponential expressivity in deep neural networks through transient chaos",
       NeurIPS 2016, arXiv:1606.05340.
    .. [2] Schoenholz et al., "Deep information propagation", ICLR 2017, arXiv:1611.01232.
    .. [3] Yang and Schoenholz, "Mean field residual networks: on the edge of chaos", NeurIPS 2017,
       arXiv:1712.08969.

    Examples
    --------
    >>> from agnostic_init import study
    >>> glorot = study.Stack(depth=20, width=128, initializer="glorot_normal", activation="relu")
    >>> print(*study.signal(glorot, key=0).verdicts[:2], sep=chr(10))
    the signal vanishes: 0.0007 of its size after 20 layers, × 0.695 in each
    the gradient vanishes: 0.00089 of its size after 20 layers back, × 0.704 in each
    """
    if isinstance(model, Stack):
        from agnostic_init.study.stack_signal import signal_of_stack

        for name, given in (("output", output), ("loss", loss)):
            if given is not None:
                raise must_be_type(name, "must be None for a stack", given)
        where = (like, xp, dtype, device)
        return signal_of_stack(model, batch, key, where, examples, jacobian, progress)
    if any(base.__module__.partition(".")[0] == "torch" for base in type(model).__mro__):
        from agnostic_init.study.torch_signal import signal_of_module

        return signal_of_module(model, batch, key, jacobian, output, loss, progress)
    hint = 'ai.study.Stack(depth=20, initializer="he_normal", activation="relu")'
    raise must_be_type("model", "must be a Stack or a module of torch", model, hint)
