"""Uniforms of 24 bits in NumPy, in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.formats import FORMATS
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.record import Draw

__all__ = ["UniformPass"]


class UniformPass:
    """Uniforms of 24 bits."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        single = FORMATS["float32"]
        scale, shift = draw.scale, draw.shift
        # Each product is exact in float64, so these are the definition with fewer roundings in
        # between; in float32 the product is rounded once, as the definition says.
        self.factor = np.float64(scale * 2.0**-24)
        self.center = {0.0: 0, -scale / 2: 1 << 23}.get(shift) if scale > 2.0**-90 else None
        ends = (single.nearest(shift), single.nearest((1.0 - 2.0**-24) * scale + shift))
        self.clips = ends[0] < draw.low or ends[1] > draw.high

    def __call__(self, words: Any, out: Any) -> None:
        integers = _mantissas(words[0])
        direct = out.dtype == np.float32
        if self.center is not None:
            if self.center:
                integers -= self.center
            values = out if direct else np.empty(out.shape, np.float32)
            np.copyto(values, integers, casting="unsafe")
            values *= np.float32(self.factor)
        else:
            wide = integers.astype(np.float64)
            wide *= self.factor
            wide += self.draw.shift
            values = out if direct else np.empty(out.shape, np.float32)
            np.copyto(values, wide, casting="unsafe")
        if self.clips:
            np.clip(values, self.draw.low, self.draw.high, out=values)
        if not direct:
            store(self.draw.dtype, values, out)


def _mantissas(words: Any) -> Any:
    """The lowest 24 bits as signed integers, which convert faster; in place where they can be."""
    if words.dtype != np.uint32:
        words = words.astype(np.uint32)
    words &= np.uint32(0xFFFFFF)
    return words.view(np.int32)
