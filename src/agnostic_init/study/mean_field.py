"""What mean-field theory expects of a stack: sizes, similarities and gradients, block by block.

A signal is three numbers: the mean and the second moment of a unit, and the mean product of a unit
for two examples. Weights are independent of all that went before, so that what follows them is
Gaussian; a residual sum that goes into an activation is taken for Gaussian too. A residual block
that ends in an activation which is not odd, as the ReLU, adds what has one sign to all units; the
gradient is not white then, and theory says nothing of it.
"""

from __future__ import annotations

import math

from agnostic_init.arrays.values import Record
from agnostic_init.study.gaussian import covariance, moments
from agnostic_init.study.layers import EPSILON
from agnostic_init.study.stack import WEIGHTS, Stack

__all__ = ["Expected", "State", "expected", "sigmas", "why_not"]

ODD = 1e-3  # a mean so small, of a size of 1, is that of an odd function


class State(Record):
    """Of units: E x, E x^2, and E x y, where y is the same unit for another example."""

    mean: float
    square: float
    product: float


class Expected(Record):
    """After each block: root mean square and similarity; and by what it multiplies the gradient."""

    rms: tuple[float, ...]
    similarity: tuple[float, ...]
    gradients: tuple[float, ...] | None  # second moments, of a block's input by that of its result


def why_not(stack: Stack) -> str:
    """Why theory says nothing of a stack; empty if it does."""
    for kind in set(stack.block) & set(WEIGHTS):
        for width_in, width_out in set(zip(stack.widths, stack.widths[1:], strict=False)):
            shape = stack.weight_shape(kind, width_in, width_out)
            found = stack.initializer.describe(shape)
            if not isinstance(found.mean, float | int) or found.std is None:
                return "the initializer does not say the mean and the std of its weights"
            # Values that stand several times in a weight are not independent.
            told = found.distribution == "pattern" or "repeated" in found.distribution
            if told or abs(found.mean) > 1e-6 * found.std:
                return "theory is of independent random weights of mean 0"
    bias = stack.bias.describe((stack.widths[1],))
    if not isinstance(bias.mean, float | int) or bias.std is None:
        return "the initializer does not say the mean and the std of its biases"
    return ""


def sigmas(stack: Stack) -> tuple[float, float] | None:
    """Sigma_w and sigma_b of a plain stack of one width, whose phase theory knows; else None."""
    plain = len(stack.block) == 2 and stack.block[1] == "activation"
    bias = stack.bias.describe((stack.widths[1],))
    if not plain or stack.residual is not None or len(set(stack.widths)) > 1 or bias.mean:
        return None
    shape = stack.weight_shape(stack.block[0], *stack.widths[:2])
    std = stack.initializer.describe(shape).std or 0.0
    return std * math.sqrt(math.prod(shape[1:])), bias.std or 0.0


def expected(stack: Stack, start: State, examples: int) -> Expected:
    """The figures after each block, of an input like `start`."""
    state, rms, similar, gradients = start, [], [], []
    ends_in_weights = stack.block[-1] in WEIGHTS
    known = True
    for width_in, width_out in zip(stack.widths, stack.widths[1:], strict=False):
        inner, gradient, width = state, 1.0, width_in
        for kind in stack.block:
            inner, factor = _step(stack, kind, inner, (width, width_out), examples)
            width = width_out if kind in WEIGHTS else width
            gradient *= factor
        known = known and math.isfinite(gradient)
        if stack.residual is not None:
            known = known and (ends_in_weights or abs(inner.mean) <= ODD * math.sqrt(inner.square))
            state = _around(state, inner, stack.residual)
            gradient = 1 + stack.residual * stack.residual * gradient
        else:
            state = inner
        rms.append(math.sqrt(max(state.square, 0.0)))
        similar.append(_cosine(state))
        gradients.append(gradient)
    return Expected(tuple(rms), tuple(similar), tuple(gradients) if known else None)


def _cosine(state: State) -> float:
    """The similarity; within its bounds, which the theory of few units does not know."""
    if not state.square > 0 or math.isnan(state.product):
        return math.nan
    return min(max(state.product / state.square, -1.0), 1.0)


def _around(state: State, inner: State, factor: float) -> State:
    across = 2 * factor * state.mean * inner.mean
    return State(
        state.mean + factor * inner.mean,
        state.square + factor * factor * inner.square + across,
        state.product + factor * factor * inner.product + across,
    )


def _step(
    stack: Stack, kind: str, state: State, widths: tuple[int, int], examples: int
) -> tuple[State, float]:
    mean, square, product = state
    variance = max(square - mean * mean, 0.0)
    if kind in WEIGHTS:
        return _weights(stack, kind, state, widths)
    if kind == "activation":
        return _activation(stack, state, variance)
    if kind == "rms_norm":
        by = square + EPSILON
        return State(mean / math.sqrt(by), square / by, product / by), 1 / by
    if kind == "layer_norm":
        by = variance + EPSILON
        return State(0.0, variance / by, (product - mean * mean) / by), 1 / by
    of_batch = max(square - product, 0.0) * (1 - 1 / examples)
    scaled = of_batch / (of_batch + EPSILON)
    if stack.is_spatial:  # over the grid too, within which values are not independent
        return State(0.0, 1.0, math.nan), math.nan
    product = -scaled / (examples - 1) if examples > 1 else 0.0
    return State(0.0, scaled, product), max(1 - 2 / examples, 0.0) / (of_batch + EPSILON)


def _weights(stack: Stack, kind: str, state: State, widths: tuple[int, int]) -> tuple[State, float]:
    shape = stack.weight_shape(kind, *widths)
    std = stack.initializer.describe(shape).std or 0.0
    bias = stack.bias.describe((widths[1],))
    mean, spread = float(bias.mean or 0.0), (bias.std or 0.0) ** 2
    fan_in, taps = math.prod(shape[1:]), math.prod(shape[2:])
    scale, added = std * std * fan_in, spread + mean * mean
    made = State(mean, scale * state.square + added, scale * state.product + added)
    return made, std * std * shape[0] * taps


def _activation(stack: Stack, state: State, variance: float) -> tuple[State, float]:
    found = moments(stack.function, state.mean, variance)
    correlation = (state.product - state.mean**2) / variance if variance > 0 else 1.0
    if correlation > 1 - 1e-9:
        product = found.square
    else:
        product = covariance(stack.function, state.mean, variance, correlation)
    return State(found.mean, found.square, product), found.slope
