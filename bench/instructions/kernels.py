"""The kernels that are looked at: those that the engine launches for contiguous arrays."""

from __future__ import annotations

from dataclasses import dataclass

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.parameters import Launch, launch
from agnostic_init.draws.engines.cuda.shared import room
from agnostic_init.draws.record import Draw

__all__ = ["KERNELS", "Kernel"]

SHAPE = (1 << 20,)


@dataclass(frozen=True)
class Kernel:
    """A draw by name.

    `turns`: how often the loop inside the hot loop turns, where that is not left to the few
    undecided values. `many`: the kernel that fills many small arrays.
    """

    name: str
    dtype: str
    draw: Draw
    turns: int | None = None
    many: bool = False

    @property
    def plan(self) -> Launch:
        if not self.many:
            return launch(self.draw, Key(1), block(SHAPE), [1])
        jobs = [(self.draw, Key(n), block(SHAPE), (1,), n << 30) for n in range(2)]
        (plan,) = launches(jobs, lambda: room((9, 0), (13, 0)))
        return plan

    @property
    def bytes(self) -> int:
        return 2 if self.dtype == "bfloat16" else 4


def _truncated(lower: float, upper: float, dtype: str) -> Draw:
    return truncated_normal_draw(0.0, 1.0, lower, upper, "sigma", "parent", dtype)


def _all() -> list[Kernel]:
    made = []
    for dtype in ("float32", "bfloat16"):
        a_unit = 16 // (2 if dtype == "bfloat16" else 4)
        made += [
            Kernel("uniform [0, 1)", dtype, uniform_draw(0.0, 1.0, dtype)),
            Kernel("uniform ±0.1", dtype, uniform_draw(-0.1, 0.1, dtype)),
            Kernel("normal", dtype, normal_draw(0.0, 0.02, dtype)),
            Kernel("normal ±2σ", dtype, _truncated(-2.0, 2.0, dtype)),
            Kernel("normal [4, 1000]", dtype, _truncated(4.0, 1000.0, dtype), a_unit),
            Kernel("uniform ±0.1, many", dtype, uniform_draw(-0.1, 0.1, dtype), many=True),
            Kernel("normal, many", dtype, normal_draw(0.0, 0.02, dtype), many=True),
        ]
    return made


KERNELS = tuple(_all())
