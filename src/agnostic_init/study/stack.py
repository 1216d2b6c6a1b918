"""A deep network to be studied: blocks alike, of weights, an activation, a norm, and a way around."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.numbers import positive_integer, real_number
from agnostic_init.arrays.values import Value
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.registry import factory_of, is_registered, names
from agnostic_init.study.nonlinearity import Nonlinearity, nonlinearity

__all__ = ["NORMS", "STEPS", "WEIGHTS", "Stack", "called", "initializer_for"]

WEIGHTS = ("dense", "convolution")
NORMS = ("batch_norm", "layer_norm", "rms_norm")
#: What a block may consist of.
STEPS = (*WEIGHTS, *NORMS, "activation")
MOST = 100_000  # layers, and units in a layer


class Stack(Value):
    """A network of equal blocks.

    Parameters
    ----------
    depth
        The number of blocks.
    width
        The number of units, or of a convolution's channels; or depth + 1 numbers, of the input and
        of what each block returns.
    initializer
        Of the weights: an initializer, its name, or its dictionary. Weights have torch's layout,
        (out, in) and (out, in, height, width), which a name is given where it takes one.
    activation
        A name that `agnostic_init.gain` knows, or a function that maps a float64 array of NumPy's
        element by element.
    block
        The steps of a block in their order: "dense", "convolution", "activation", "batch_norm",
        "layer_norm", "rms_norm".
    residual
        What a block's result is multiplied with before its input is added; None where it is not.
    bias
        The initializer of the biases.
    kernel
        The width of a convolution's square kernel: odd. Convolutions wrap around.
    grid
        The height and width of what a convolution works on.
    name
        What it is called in tables and pictures; made of the initializer, the activation and what
        else is not usual, where it is empty.

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter makes no sense; the message names it.

    Notes
    -----
    Norms have no parameters, and an epsilon of 1e-5. "layer_norm" and "rms_norm" go over all of an
    example, "batch_norm" over the examples and the grid.

    Examples
    --------
    >>> from agnostic_init.study import Stack
    >>> Stack(depth=50, width=256, initializer="he_normal", activation="relu").name
    'he_normal, relu'
    >>> plain = ("dense", "layer_norm", "activation")
    >>> Stack(depth=3, width=(784, 256, 256, 10), block=plain).widths
    (784, 256, 256, 10)
    """

    depth: int = 20
    width: int | tuple[int, ...] = 256
    initializer: Any = "he_normal"
    activation: Any = "relu"
    block: tuple[str, ...] = ("dense", "activation")
    residual: float | None = None
    bias: Any = "zeros"
    kernel: int = 3
    grid: tuple[int, int] = (8, 8)
    name: str = ""

    def __post_init__(self) -> None:
        depth = positive_integer("depth", self.depth, "depth=20")
        block = _checked_block(self.block)
        width = _checked_widths(self.width, depth)
        residual = self.residual
        if residual is not None:
            residual = real_number("residual", residual)
            if not isinstance(width, int) and len(set(width)) > 1:
                rule = "must be one number where a block's input is added to its result"
                raise must("width", rule, width, "residual=None")
        kernel = positive_integer("kernel", self.kernel)
        if kernel % 2 == 0:
            raise must("kernel", "must be odd", kernel, f"{kernel + 1}")
        grid: Any = self.grid
        if isinstance(grid, str) or not isinstance(grid, Sequence) or len(grid) != 2:
            raise must_be_type("grid", "must be a height and a width", grid, "(8, 8)")
        for name, value in (
            ("name", self.name or self._its_name()),
            ("depth", depth),
            ("width", width),
            ("initializer", initializer_for(self.initializer, "initializer")),
            ("activation", nonlinearity(self.activation)),
            ("block", block),
            ("residual", residual),
            ("bias", initializer_for(self.bias, "bias")),
            ("kernel", kernel),
            ("grid", tuple(positive_integer("grid", each) for each in grid)),
        ):
            object.__setattr__(self, name, value)

    @property
    def widths(self) -> tuple[int, ...]:
        """The units of the input and of each block."""
        return (self.width,) * (self.depth + 1) if isinstance(self.width, int) else self.width

    @property
    def is_spatial(self) -> bool:
        """Whether there is a grid."""
        return "convolution" in self.block

    @property
    def function(self) -> Nonlinearity:
        """The activation."""
        found: Nonlinearity = self.activation
        return found

    def _its_name(self) -> str:
        parts = [called(self.initializer)]
        if "activation" in self.block:
            parts.append(nonlinearity(self.activation).name)
        parts += [each for each in self.block if each not in ("dense", "activation")]
        if self.residual is not None:
            parts.append("residual" if self.residual == 1 else f"residual × {self.residual:g}")
        return ", ".join(parts)

    def weight_shape(self, step: str, width_in: int, width_out: int) -> tuple[int, ...]:
        """The shape of a step's weight."""
        kernel = (self.kernel, self.kernel) if step == "convolution" else ()
        return (width_out, width_in, *kernel)

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold."""
        return {
            "name": self.name,
            "depth": self.depth,
            "width": self.width if isinstance(self.width, int) else list(self.width),
            "initializer": self.initializer.to_dict(),
            "activation": self.function.name,
            "block": list(self.block),
            "residual": self.residual,
            "bias": self.bias.to_dict(),
            "kernel": self.kernel,
            "grid": list(self.grid),
        }


def initializer_for(given: Any, name: str) -> Initializer:
    """The initializer that is meant; a name, or a dictionary, has torch's layout where it says none."""
    if is_registered(given):
        return given(layout="torch") if _takes_layout(given) else found(given, name)
    if isinstance(given, str):
        given = {"name": given}
    if isinstance(given, Mapping) and not {"layout", "fan"} & given.keys():
        called = given.get("name")
        if called in names() and _takes_layout(factory_of(called)):
            given = {**given, "layout": "torch"}
    return found(given, name)


def _takes_layout(factory: Any) -> bool:
    return "layout" in inspect.signature(factory).parameters


def called(given: Any) -> str:
    """What an initializer was called by who gave it."""
    if isinstance(given, str):
        return given
    return given.__name__ if is_registered(given) else repr(found(given, "initializer"))


def _checked_block(given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise must_be_type("block", "must be a tuple of steps", given, '("dense", "activation")')
    for each in given:
        check_choice("block", each, STEPS, '("dense", "activation")')
    if not set(given) & set(WEIGHTS):
        rule = f"must have weights: one of {', '.join(map(repr, WEIGHTS))}"
        raise must("block", rule, given, '("dense", "activation")')
    if "dense" in given and "convolution" in given:
        raise must("block", "must be of dense layers or of convolutions, not both", given)
    return tuple(given)


def _checked_widths(given: Any, depth: int) -> int | tuple[int, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        width = positive_integer("width", given, "width=256")
        _at_most(width)
        return width
    widths = tuple(positive_integer("width", each) for each in given)
    if len(widths) != depth + 1:
        rule = f"must be a number or depth + 1 of them, which is {depth + 1}"
        raise must("width", rule, given)
    for each in widths:
        _at_most(each)
    return widths


def _at_most(width: int) -> None:
    if width > MOST:
        raise must("width", f"must be at most {MOST:,}", width)
