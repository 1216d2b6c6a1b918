"""The same module of torch trained from several initializers, over several seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.study.training.comparison import Comparison
from agnostic_init.study.training.torch_training import ModuleTraining

__all__ = ["train_module"]


def train_module(
    make: Any,
    initializers: Any,
    data: Any = "digits",
    *,
    loss: Any = None,
    optimizer: Any = "adam",
    rate: float | None = None,
    seeds: Any = 5,
    epochs: int = 20,
    batch: int | None = 32,
    every: int | None = None,
    bias: Any = "zeros",
    progress: Callable[[str, int, int], object] | None = None,
) -> Comparison:
    """Train any module of torch from several initializers, over several seeds, and compare.

    As `train`, for a module of anybody's, by autograd and the optimizers of torch. Runs of the same
    seed have the same order of samples, the same random words for weights, and the same state of
    torch's generator, for dropout; the generator is afterwards what it was before.

    Parameters
    ----------
    make
        A function that makes the module, or a module, of which every run has a copy. It is given
        float inputs of shape (samples, inputs) of its own dtype and on its own device.
    initializers
        A mapping of names to, or a list of: initializers for all weights of two axes or more; rules
        as of `agnostic_init.init_module`, a list of pairs or a mapping of patterns; functions of
        (module, key), which do it themselves; or None for torch's own distributions. What none of
        them is for has torch's.
    data
        As of `train`.
    loss
        A function of outputs and targets that returns the mean over samples; by default torch's
        cross entropy or squared error, as the data is. With one of your own no accuracy is told.
    optimizer
        A name or an `Optimizer`, of which torch's own is made, or a function that makes an
        optimizer of a list of parameters.
    rate, seeds, epochs, batch, every, progress
        As of `train`.
    bias
        The initializer of the biases of such weights, where `initializers` has one for weights;
        None for torch's own.

    Returns
    -------
    Comparison
        Its hidden layers are the weights of two axes or more but the last, in the module's order.

    Raises
    ------
    ParameterError, ParameterTypeError
        If the module's output is no tensor, does not fit the targets, or an argument is not what it
        must be, before anything is trained.

    Examples
    --------
    >>> from torch import nn
    >>> make = lambda: nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    >>> found = train_module(make, {"he": "he_normal", "torch": None}, "spirals", epochs=2, seeds=2)
    >>> found.names, found.steps
    (('he', 'torch'), (0, 24, 48))
    """
    training = ModuleTraining(
        make,
        initializers,
        data,
        loss=loss,
        optimizer=optimizer,
        rate=rate,
        seeds=seeds,
        epochs=epochs,
        batch=batch,
        every=every,
        bias=bias,
    )
    return training.to_the_end(progress)
