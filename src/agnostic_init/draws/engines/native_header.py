"""The constants of the reference as a header for the compiled library.

``python -m agnostic_init.draws.engines.native_header`` writes it.
"""

from __future__ import annotations

import math
from pathlib import Path

from agnostic_init.bits import philox
from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines import native
from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Central

__all__ = ["HEADER", "text"]

HEADER = Path(__file__).parents[2] / "native" / "constants.h"
PROVEN = {"STANDARD": (-math.inf, math.inf), "TWO_SIGMAS": (-2.0, 2.0)}


def text() -> str:
    """The header's text."""
    numbers = {
        "CENTRAL_LIMIT": reference.CENTRAL_LIMIT,
        "CENTRAL_SQUARE": reference.CENTRAL_SQUARE,
        "NEAR_LIMIT": reference.NEAR_LIMIT,
        "NEAR_SHIFT": reference.NEAR_SHIFT,
        "SQRT_HALF": elementary.SQRT_HALF,
        "LN2": elementary.LN2,
        "TWO_PI": 2.0 * math.pi,
    }
    rows = {
        "CENTER_TOP": reference.CENTER[0],
        "CENTER_BOTTOM": reference.CENTER[1],
        "NEAR_TOP": reference.NEAR_TAIL[0],
        "NEAR_BOTTOM": reference.NEAR_TAIL[1],
        "FAR_TOP": reference.FAR_TAIL[0],
        "FAR_BOTTOM": reference.FAR_TAIL[1],
        "ARTANH": elementary.ARTANH,
        "COSINE": elementary.COSINE,
        "SINE": elementary.SINE,
    }
    for name, bounds in PROVEN.items():
        q = quantile(*bounds, 24)
        assert isinstance(q, Central)
        rows[name] = (q.middle, q.step, q.left, q.right)
    integers = {
        "ROUNDS": philox.ROUNDS,
        "MILLS_TERMS": reference.MILLS_TERMS,
        "MILLS_ITERATIONS": reference.MILLS_ITERATIONS,
        "WORTH_THREADS": native.WORTH_THREADS,
    }
    words = {
        "MULTIPLIER_0": philox.MULTIPLIERS[0],
        "MULTIPLIER_1": philox.MULTIPLIERS[1],
        "KEY_STEP_0": philox.KEY_STEPS[0],
        "KEY_STEP_1": philox.KEY_STEPS[1],
    }
    lines = [
        "/* Written by draws/engines/native_header.py from the reference: do not edit. */",
        "",
        "#ifndef AGNOSTIC_INIT_CONSTANTS_H",
        "#define AGNOSTIC_INIT_CONSTANTS_H",
        "",
        "namespace agnostic_init {",
        "",
        *(f"constexpr int {name} = {value};" for name, value in integers.items()),
        *(f"constexpr unsigned {name} = {value:#x}u;" for name, value in words.items()),
        *(f"constexpr double {name} = {value.hex()};" for name, value in numbers.items()),
        "",
        "// Coefficients of polynomials, the lowest power first; and the numbers of two draws.",
    ]
    for name, values in rows.items():
        lines.append(f"constexpr double {name}[] = {{")
        lines += [f"    {value.hex()}," for value in values]
        lines.append("};")
    lines += ["", "}  // namespace agnostic_init", "", "#endif"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    HEADER.write_text(text(), encoding="utf-8")
