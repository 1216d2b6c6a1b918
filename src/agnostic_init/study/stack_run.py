"""A signal on its way through a stack and back, measured in each block."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.study.layers import Activation, Trace, of_example
from agnostic_init.study.mean_field import State, expected, why_not
from agnostic_init.study.measures import copies, dead_units, flat_values, norm, similarity, size
from agnostic_init.study.network import Block, block_of
from agnostic_init.study.stack import Stack

__all__ = ["Run"]

WIDEST = 2048  # of a Jacobian that is computed


class Run:
    """A stack on its way: what is there of it when something ends it early is what is returned."""

    def __init__(self, stack: Stack, target: Target, progress: Any) -> None:
        self.stack, self.target = stack, target
        self.xp = target.library.xp
        self.progress, self.done = progress, 0
        self.rows: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.blocks: list[Block] = []
        self.traces: list[list[Trace]] = []
        self.singular_values: tuple[float, ...] = ()

    def tell(self, what: str) -> None:
        """Tell how far it has come: each block forward and back, and the Jacobian."""
        self.done += 1
        if self.progress is not None:
            self.progress(what, self.done, 2 * self.stack.depth + 1)

    def settled(self, x: Any) -> Any:
        """A lazy array computed, so that the next step does not compute it again."""
        return x.persist() if self.target.library.lazy else x

    def row(self, name: str, kind: str, x: Any) -> bool:
        """Measure what a block returned; whether it is finite."""
        found = size(x)
        row = {"name": name, "kind": kind, "shape": tuple(x.shape[1:]), **_figures(found)}
        self.rows.append(row)
        if not found.is_finite:
            self.problems.append(f"{_place(name)} is not finite; nothing is measured behind it")
            return False
        return True

    def forward(self, x: Any, key: Key) -> Any:
        """Send a signal through; the result, or None where it does not come to the end."""
        self.row("input", "", x)
        self.rows[-1]["similarity"] = similarity(x)
        for which in range(self.stack.depth):
            block = block_of(self.stack, which, key, self.target)
            x, traces = block.forward(self.xp, x)
            x = self.settled(x)
            self.tell(f"layer {which + 1}")
            if not self.row(str(which + 1), ", ".join(self.stack.block), x):
                return None
            row = self.rows[-1]
            row["similarity"], row["copies"] = similarity(x), copies(x)
            for step, trace in zip(block.steps, traces, strict=True):
                if isinstance(step, Activation):
                    row["dead"] = dead_units(trace[0])
                    row["saturated"] = flat_values(trace[0], step.function)
            self.blocks.append(block)
            self.traces.append(traces)
        return x

    def back(self, g: Any) -> None:
        """Send a gradient back from the end."""
        self.rows[-1]["gradient"] = size(g).rms
        for which in reversed(range(self.stack.depth)):
            of_weights: list[Any] = []
            g = self.blocks[which].back(self.xp, g, self.traces[which], of_weights)
            g = self.settled(g)
            self.tell(f"layer {which + 1}, back")
            found = size(g).rms
            if not math.isfinite(found):
                place = _place(self.rows[which]["name"])
                self.problems.append(f"the gradient at {place} is not finite")
                return
            self.rows[which]["gradient"] = found
            norms = [norm(each) for each in of_weights]
            self.rows[which + 1]["weight_gradient"] = math.hypot(*norms)

    def jacobian(self, shape: tuple[int, ...]) -> None:
        """The singular values of the Jacobian at the first example."""
        self.tell("Jacobian")
        outputs, inputs = math.prod(shape), math.prod(self.rows[0]["shape"])
        if max(outputs, inputs) > WIDEST:
            self.problems.append(
                f"the Jacobian of {outputs:,} outputs by {inputs:,} inputs is not computed; "
                f"at most {WIDEST:,} of each are"
            )
            return
        library, dtype = self.target.library, self.target.library.dtype(self.target.dtype)
        g = self.xp.eye(outputs, dtype=dtype, device=self.target.device)
        g = self.xp.reshape(g, (outputs, *shape))
        for block, traces in zip(reversed(self.blocks), reversed(self.traces), strict=True):
            g = self.settled(block.back(self.xp, g, [of_example(each, 0) for each in traces]))
        host = np.asarray(library.to_host(self.xp.reshape(g, (outputs, -1))), np.float64)
        if np.isfinite(host).all():
            values = np.linalg.svd(host, compute_uv=False)
            rounding = np.finfo(self.target.dtype).eps * max(host.shape) * values[0]
            self.singular_values = tuple(float(each) * (each > rounding) for each in values)

    def theory(self, examples: int) -> None:
        """Put what theory expects beside what was measured."""
        reason = why_not(self.stack)
        start = self.rows[0]
        if reason or not start["rms"]:
            return
        square = start["rms"] * start["rms"]
        product = square * (start["similarity"] or 0.0)
        found = expected(self.stack, State(start["mean"], square, product), examples)
        for row, rms, similar in zip(self.rows[1:], found.rms, found.similarity, strict=False):
            row["theory_rms"] = rms
            row["theory_similarity"] = similar if math.isfinite(similar) else None
        at_end = self.rows[-1].get("gradient")
        if found.gradients is None or at_end is None:
            return
        gradient = at_end
        for row, factor in zip(reversed(self.rows), [1.0, *reversed(found.gradients)], strict=True):
            gradient *= math.sqrt(factor)
            row["theory_gradient"] = gradient


def _figures(found: Any) -> dict[str, float]:
    return {"mean": found.mean, "std": found.std, "rms": found.rms}


def _place(name: str) -> str:
    return name if name == "input" else f"layer {name}"
