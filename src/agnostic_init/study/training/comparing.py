"""The same dense network trained from several initializers, over several seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.study.training.comparison import Comparison
from agnostic_init.study.training.dense_training import Training

__all__ = ["train"]


def train(
    initializers: Any,
    data: Any = "digits",
    *,
    hidden: Any = (64,),
    activation: Any = "relu",
    optimizer: Any = "adam",
    rate: float | None = None,
    seeds: Any = 5,
    epochs: int = 20,
    batch: int | None = 32,
    every: int | None = None,
    bias: Any = "zeros",
    xp: Any = None,
    dtype: Any = "float64",
    device: Any = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Comparison:
    """Train the same dense network from several initializers, over several seeds, and compare.

    Runs of the same seed see the samples in the same order, and have weights of the same random
    words: what differs between them is what the initializers differ in, and they are compared as
    pairs. The data is the same for all seeds, and what is found holds for it.

    Parameters
    ----------
    initializers
        A mapping of names to initializers, or a list of them, for the weights, which have the shape
        (outputs, inputs): initializers, names, or dictionaries as `agnostic_init.get` takes. Those
        that need a layout and have none get torch's.
    data
        "digits", "spirals", "clusters", "regression", or a `Data`, as of `data_of`.
    hidden
        The units of the hidden layers.
    activation
        A name, or a function of a NumPy array.
    optimizer
        "sgd", "momentum", "adagrad", "rmsprop", "adam", or one of the classes of these.
    rate
        The learning rate, where `optimizer` is a name.
    seeds
        How many, from 0, or which.
    epochs
        How often every sample is used.
    batch
        Samples in a step; None for all.
    every
        Steps between measurements; by default an epoch, or some.
    bias
        The initializer of biases; None for a network without.
    xp, dtype, device
        The library, NumPy by default, "float64" or "float32", and the library's device.
    progress
        Called with a name, the steps taken, and all there are.

    Returns
    -------
    Comparison
        A run whose loss is no longer finite is NaN from there on, and the others are as they are
        without it. What was found before an exception is kept by `Training`.

    Raises
    ------
    ParameterError, ParameterTypeError
        If an argument is not what it must be, before anything is trained.

    Examples
    --------
    >>> found = train(["glorot_uniform", "zeros"], "clusters", hidden=(20,), epochs=5, seeds=2)
    >>> print(found.verdicts()["glorot_uniform"])
    learns
    """
    training = Training(
        initializers,
        data,
        hidden=hidden,
        activation=activation,
        optimizer=optimizer,
        rate=rate,
        seeds=seeds,
        epochs=epochs,
        batch=batch,
        every=every,
        bias=bias,
        xp=xp,
        dtype=dtype,
        device=device,
    )
    return training.to_the_end(progress)
