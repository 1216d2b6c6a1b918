"""How many launches many arrays take: each by itself, and together."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import agnostic_init as ai
from agnostic_init.bits.block import block
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.shared import room
from agnostic_init.models.spec_file import read_spec

__all__ = ["counted"]

ROOMS = {"before CUDA 12.1": room((9, 0), (12, 0)), "since CUDA 12.1": room((9, 0), (12, 1))}
GPT2 = Path(__file__).parents[2] / "examples" / "gpt2-small.toml"


def counted() -> list[dict[str, Any]]:
    """Of a thousand small matrices and of GPT-2 small, whose constants are not drawn."""
    small = [(normal_draw(0.0, 0.02, "float32"), (64, 64))] * 1000
    gpt2 = [
        (draw, entry.shape)
        for entry in read_spec(GPT2).plan()
        if (draw := entry.initializer.draw(entry.shape, entry.dtype)) is not None
    ]
    return [
        {
            "arrays": name,
            "each by itself": len(drawn),
            **{versions: _launches(drawn, most) for versions, most in ROOMS.items()},
        }
        for name, drawn in (("1,000 of 64 × 64", small), ("GPT-2 small, 148 tensors", gpt2))
    ]


def _launches(drawn: list[tuple[Any, tuple[int, ...]]], most: int) -> int:
    jobs, address = [], 0
    for number, (draw, shape) in enumerate(drawn):
        strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        jobs.append((draw, ai.key(number), block(shape), strides, address))
        address += 4 * math.prod(shape)
    return len(launches(jobs, lambda: most))
