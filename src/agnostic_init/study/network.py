"""A stack with its weights: the steps of each block, made by an initializer on some library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.study.layers import Activation, Convolution, Dense, Norm, Step, Trace
from agnostic_init.study.stack import WEIGHTS, Stack

__all__ = ["Block", "block_of"]


class Block:
    """A block: its steps, and the way around them."""

    def __init__(self, steps: Sequence[Step], residual: float | None) -> None:
        self.steps, self.residual = steps, residual

    @property
    def weights(self) -> list[Any]:
        """The weights of its steps."""
        return [each.weight for each in self.steps if isinstance(each, Dense | Convolution)]

    def forward(self, xp: Any, x: Any) -> tuple[Any, list[Trace]]:
        """The result, and the trace of each step."""
        made, traces = x, []
        for step in self.steps:
            made, trace = step.forward(xp, made)
            traces.append(trace)
        return (made if self.residual is None else x + self.residual * made), traces

    def back(
        self, xp: Any, g: Any, traces: Sequence[Trace], of_weights: list[Any] | None = None
    ) -> Any:
        """The gradient of its input; those of its weights are added to a list, the last first."""
        around, g = g, (g if self.residual is None else self.residual * g)
        for step, trace in zip(reversed(self.steps), reversed(traces), strict=True):
            if of_weights is not None and isinstance(step, Dense | Convolution):
                of_weights.append(step.weight_gradient(xp, g, trace))
            g = step.back(xp, g, trace)
        return g if self.residual is None else around + g


def block_of(stack: Stack, which: int, key: Key, target: Target) -> Block:
    """The block of a stack at a place, with weights of keys made of the block's and the step's numbers."""
    width_in, width_out = stack.widths[which : which + 2]
    steps: list[Step] = []
    for place, kind in enumerate(stack.block):
        if kind in WEIGHTS:
            shape = stack.weight_shape(kind, width_in, width_out)
            own = key.fold_in(f"blocks.{which}.{place}")
            of = {"like": target.like} if target.like is not None else {"xp": target.library.xp}
            of |= {"dtype": target.dtype, "device": target.device}
            weight = stack.initializer(shape, key=own.fold_in("weight"), **of)
            bias = stack.bias((width_out,), key=own.fold_in("bias"), **of)
            steps.append((Dense if kind == "dense" else Convolution)(weight, bias))
            width_in = width_out
        elif kind == "activation":
            steps.append(Activation(stack.function))
        else:
            steps.append(Norm(kind))
    return Block(steps, stack.residual)
