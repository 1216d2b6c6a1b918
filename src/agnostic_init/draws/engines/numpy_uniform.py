"""Uniforms of 24 bits in NumPy, in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.formats import FORMATS
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.record import Draw

__all__ = ["UniformPass"]

MANTISSA = np.array((1 << 24) - 1, np.uint32)


class UniformPass:
    """Uniforms of 24 bits."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        single = FORMATS["float32"]
        scale, shift = draw.scale, draw.shift
        # Each product is exact in float64, so these are the definition with fewer roundings in
        # between; in float32 the product is rounded once, as the definition says.
        self.factor = scale * 2.0**-24
        self.single = np.array(self.factor, np.float32)
        self.center = {0.0: 0, -scale / 2: 1 << 23}.get(shift) if scale > 2.0**-90 else None
        ends = (single.nearest(shift), single.nearest((1.0 - 2.0**-24) * scale + shift))
        self.clips = ends[0] < draw.low or ends[1] > draw.high

    def __call__(self, words: Any, out: Any) -> None:
        # Signed integers convert faster, and the words are not needed again.
        integers = np.bitwise_and(words[0], MANTISSA, words[0]).view(np.int32)
        direct = out.dtype == np.float32
        values = out if direct else np.empty(out.shape, np.float32)
        if self.center is not None:
            if self.center:
                np.subtract(integers, self.center, integers)
            np.copyto(values, integers, casting="unsafe")
            np.multiply(values, self.single, values)
        else:
            wide = integers.astype(np.float64)
            wide *= self.factor
            wide += self.draw.shift
            np.copyto(values, wide, casting="unsafe")
        if self.clips:
            np.clip(values, self.draw.low, self.draw.high, out=values)
        if not direct:
            store(self.draw.dtype, values, out)
