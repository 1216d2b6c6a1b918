"""Dense networks and their gradients, written once against the array API standard."""

from __future__ import annotations

from typing import Any, ClassVar

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.values import Value
from agnostic_init.study.nonlinearity import Nonlinearity, nonlinearity
from agnostic_init.study.training.losses import Loss

__all__ = ["Dense"]

Arrays = dict[str, Any]


class Dense(Value):
    """A stack of dense layers with an activation between them, and none after the last.

    Parameters are a dictionary of arrays: ``"0.weight"`` of shape (outputs, inputs), as torch's,
    ``"0.bias"``, and so on. All may have further axes in front, the same for each: then they are
    as many networks, trained at once, and each has the gradients that it has alone.

    Parameters
    ----------
    sizes
        The numbers of inputs, of units of each hidden layer, and of outputs.
    activation
        Its name, as `agnostic_init.gain` knows it, or a function of a float64 array of NumPy's, which
        the host computes.
    bias
        Whether layers have biases.

    Examples
    --------
    >>> Dense((10, 20, 2)).shapes
    {'0.weight': (20, 10), '0.bias': (20,), '1.weight': (2, 20), '1.bias': (2,)}
    """

    sizes: tuple[int, ...]
    activation: Any = "relu"
    bias: bool = True

    _curve: ClassVar[Nonlinearity]  # of the activation, found once

    def __post_init__(self) -> None:
        given: Any = self.sizes
        if isinstance(given, str) or not hasattr(given, "__iter__"):
            raise must_be_type("sizes", "must be a sequence of integers", given)
        sizes = tuple(positive_integer("sizes", each) for each in given)
        if len(sizes) < 2:
            raise must("sizes", "must have those of inputs and outputs", self.sizes, "(10, 20, 2)")
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "_curve", nonlinearity(self.activation))
        if not isinstance(self.bias, bool):
            raise must_be_type("bias", "must be True or False", self.bias)

    @property
    def depth(self) -> int:
        """The number of layers that have weights."""
        return len(self.sizes) - 1

    @property
    def activation_name(self) -> str:
        """What the activation is called."""
        return self._curve.name

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by name."""
        found: dict[str, tuple[int, ...]] = {}
        for layer, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            found[f"{layer}.weight"] = (outputs, inputs)
            if self.bias:
                found[f"{layer}.bias"] = (outputs,)
        return found

    def outputs(self, parameters: Arrays, inputs: Any) -> Any:
        """The outputs for inputs of shape (..., samples, inputs)."""
        return self._forward(parameters, inputs)[0][-1]

    def gradients(
        self, parameters: Arrays, inputs: Any, targets: Any, loss: Loss
    ) -> tuple[Any, Arrays]:
        """The loss, one for each network, and its gradient in every parameter, by backpropagation.

        Parameters
        ----------
        parameters
            Arrays by name, of `shapes` and the same axes in front.
        inputs, targets
            Of shapes (..., samples, inputs) and (..., samples, outputs); the axes in front are
            those of the parameters, or 1 where all networks have the same.
        loss
            As from `loss_of`.

        Returns
        -------
        value, gradients
            An array of the axes in front; a dictionary like `parameters`.
        """
        xp = library_of(inputs).xp
        signals, sums = self._forward(parameters, inputs)
        delta = loss.gradient(xp, signals[-1], targets)
        found: Arrays = {}
        for layer in reversed(range(self.depth)):
            if layer < self.depth - 1:
                slope = self._curve.slope(sums[layer])
                delta = xp.matmul(delta, parameters[f"{layer + 1}.weight"]) * slope
            found[f"{layer}.weight"] = xp.matmul(xp.matrix_transpose(delta), signals[layer])
            if self.bias:
                found[f"{layer}.bias"] = xp.sum(delta, axis=-2)
        return loss.value(xp, signals[-1], targets), {name: found[name] for name in parameters}

    def _forward(self, parameters: Arrays, inputs: Any) -> tuple[list[Any], list[Any]]:
        """What enters each layer, with the outputs at the end; and what enters each activation."""
        xp = library_of(inputs).xp
        signals, sums = [inputs], []
        for layer in range(self.depth):
            weight = parameters[f"{layer}.weight"]
            z = xp.matmul(signals[-1], xp.matrix_transpose(weight))
            if self.bias:
                z = z + parameters[f"{layer}.bias"][..., None, :]
            sums.append(z)
            signals.append(self._curve.value(z) if layer < self.depth - 1 else z)
        return signals, sums
