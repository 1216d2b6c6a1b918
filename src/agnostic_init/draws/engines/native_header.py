"""The constants of the reference as a header for the compiled library.

``python -m agnostic_init.draws.engines.native_header`` writes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np

from agnostic_init.bits import philox
from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines import native
from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Central

__all__ = ["ERROR", "HEADER", "text"]

HEADER = Path(__file__).parents[2] / "native" / "constants.h"
PROVEN = {"STANDARD": (-math.inf, math.inf), "TWO_SIGMAS": (-2.0, 2.0)}

# Of the quantile in float32, for results of few bits: the least 1 - x x, and the degrees of two polynomials.
LEAST, DEGREE, LOG_DEGREE = 2.0**-9, 7, 6
# More than its error relative to z, and the rounding of a product, which come to 1.6 of these 2^-20.
ERROR = 1.75 * 2.0**-20


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
    singles = {"NEARLY_LEAST": LEAST, "NEARLY_ERROR": ERROR}
    span = -math.log2(LEAST)
    # What the bits of a float32, as an integer, say of its logarithm is off by this.
    log = _polynomial(lambda f: math.log2(f) - (f - 1.0), 1.0, 2.0, LOG_DEGREE)
    log[0] += span / 2  # so that the other one's argument is symmetric about zero
    single_rows = {"LOG2": log, "NEARLY": _polynomial(_quotient, -span, 0.0, DEGREE)}
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
        *(f"constexpr float {name} = {value.hex()}f;" for name, value in singles.items()),
        "",
        "// Coefficients of polynomials, the lowest power first; and the numbers of two draws.",
    ]
    for name, values in rows.items():
        lines.append(f"constexpr double {name}[] = {{")
        lines += [f"    {value.hex()}," for value in values]
        lines.append("};")
    for name, row in single_rows.items():
        lines.append(f"constexpr float {name}[] = {{")
        lines += [f"    {float(np.float32(value)).hex()}f," for value in row]
        lines.append("};")
    lines += [
        "",
        "// Of the sums of fingerprints: of values, two halves of positions, and neither.",
    ]
    lines.append("constexpr unsigned FINGERPRINT[4][4] = {")
    for number in range(4):
        block = philox.philox_block((number, 0, 0, 0), (0, 0))
        factors = [f"{word | (number < 3):#010x}u" for word in block]
        lines.append(f"    {{{', '.join(factors)}}},")
    lines.append("};")
    lines += ["", "}  // namespace agnostic_init", "", "#endif"]
    return "\n".join(lines) + "\n"


def _quotient(log: float) -> float:
    """z / x, where x is the part of a standard normal that is nearer to 0 than z, and log2(1 - x x) is given."""
    x = math.sqrt(-math.expm1(log * math.log(2.0)))
    return NormalDist().inv_cdf(0.5 + x / 2) / x


def _polynomial(f: Callable[[float], float], low: float, high: float, degree: int) -> list[float]:
    """Coefficients of a polynomial of the distance from the middle, exact at Chebyshev's nodes."""
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = np.cos((np.arange(degree + 1) + 0.5) * math.pi / (degree + 1)) * half
    found = np.polynomial.Chebyshev.fit(
        nodes, [f(middle + x) for x in nodes.tolist()], degree, domain=[-half, half]
    )
    row: list[float] = found.convert(kind=np.polynomial.Polynomial).coef.tolist()
    return row


if __name__ == "__main__":
    HEADER.write_text(text(), encoding="utf-8")
