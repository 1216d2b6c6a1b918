"""The quantiles of which all 2^24 values are known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw

__all__ = ["KNOWN", "Quantile"]

KNOWN = json.loads(Path(__file__).with_name("data").joinpath("quantiles.json").read_text("utf-8"))
HALF = 1 << 23


@dataclass(frozen=True)
class Quantile:
    """All 2^24 values of a normal, or of one within two sigmas, as they must be.

    The hashes are of the first half, of negative values; they were made of other evaluations of
    the inverse, against quadruple precision.
    """

    name: str

    @property
    def draw(self) -> Any:
        if self.name == "normal":
            return normal_draw(0, 1, "float32")
        return truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", "float32")

    def check(self, values: np.ndarray) -> None:
        """Fail unless these are the values of m = 0 .. 2^24 - 1, or of its first half."""
        known = KNOWN[self.name]
        assert values.size in (HALF, 2 * HALF)
        assert values[0] == np.float32(known["first"])
        made = hashlib.sha256(values[:HALF].astype("<f4").tobytes()).hexdigest()
        assert made == known["sha256"]
        if values.size > HALF:
            assert np.array_equal(values[HALF:], -values[HALF - 1 :: -1])
