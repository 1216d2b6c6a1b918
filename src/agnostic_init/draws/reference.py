"""The definition of every value of stream v1, in array API operations.

Everything is computed in float64 by exactly rounded operations in a fixed order, so that the bits
are the same in every library. The quantile is Wichura's PPND16, whose error of 8e-16 is below the
distance of 5e-15 that every one of the 2^24 exact quantiles keeps from a float32 rounding boundary.

Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics
37 (1988) 477-484.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from agnostic_init.draws.elementary import cos_sin_turns, log, polynomial, square_root
from agnostic_init.draws.record import Central, Draw, Tail

__all__ = ["CENTER", "FAR_TAIL", "NEAR_TAIL", "evaluate", "far_quantile", "quantile_of"]

# Coefficients of Wichura's rational approximations, lowest power first: numerator, denominator.
CENTER = (
    (
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
NEAR_TAIL = (
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
FAR_TAIL = (
    (
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)
CENTRAL_LIMIT = 0.425
CENTRAL_SQUARE = 0.180625
NEAR_LIMIT, NEAR_SHIFT = 5.0, 1.6
MILLS_TERMS, MILLS_ITERATIONS = 8, 4
LOW_24 = 0xFFFFFF
LOW_21 = 0x1FFFFF
TWO_32 = 4294967296.0


def evaluate(
    draw: Draw,
    xp: Any,
    float32: Any,
    float64: Any,
    words: list[Any],
    quantile: Callable[[Draw, Any, Any], Any] | None = None,
) -> Any:
    """The values of a draw, before the cast to its dtype.

    Parameters
    ----------
    draw
        Of any kind but ``bits``.
    xp, float32, float64
        The namespace and its two dtypes.
    words
        ``draw.words`` arrays of 32-bit words, in any integer dtype.
    quantile
        An engine's own way to the values of `quantile_of`.

    Returns
    -------
    array, or pair of arrays
        In the precision the draw is defined in; real and imaginary part where it is complex.
    """
    wide = draw.bits == 53
    per_real = 2 if wide else 1
    integers = [
        _mantissas(xp, float64, words[n : n + per_real]) for n in range(0, len(words), per_real)
    ]

    def finish(unit: Any, shift: float) -> Any:
        if not wide:
            unit = xp.astype(xp.astype(unit, float32), float64)
        value = unit * draw.scale + shift
        if not wide:
            value = xp.astype(value, float32)
        if draw.clips:
            value = xp.where(value < draw.low, draw.low, value)
            value = xp.where(value > draw.high, draw.high, value)
        return value

    if draw.kind == "uniform":
        return finish(integers[0] * 2.0**-draw.bits, draw.shift)
    if draw.kind == "quantile":
        parts = [(quantile or quantile_of)(draw, xp, m) for m in integers]
        if len(parts) == 1:
            return finish(parts[0], draw.shift)
        return finish(parts[0], draw.shift), finish(parts[1], draw.shift_imag)
    radius = _radius(draw, xp, integers[0] * 2.0**-draw.bits)
    cosine, sine = cos_sin_turns(xp, integers[1] * 2.0**-draw.bits)
    return finish(radius * cosine, draw.shift), finish(radius * sine, draw.shift_imag)


def _mantissas(xp: Any, float64: Any, words: list[Any]) -> Any:
    """The lowest 24 bits of a word, or the lowest 53 of two, as float64 integers."""
    if len(words) == 1:
        return xp.astype(words[0] & LOW_24, float64)
    low, high = xp.astype(words[0], float64), xp.astype(words[1] & LOW_21, float64)
    return high * TWO_32 + low


def _radius(draw: Draw, xp: Any, u: Any) -> Any:
    if draw.kind == "disk":
        inner, span = draw.radii
        return square_root(xp, u * span + inner)
    rest = 1.0 - u * draw.radii[0]
    return square_root(xp, -log(xp, rest, 1.0 - draw.radii[0] * (1.0 - 2.0**-draw.bits)))


def quantile_of(draw: Draw, xp: Any, m: Any) -> Any:
    """z of the integers `m` of a draw of kind ``quantile``, which `draw.bits` bits make."""
    limit = 2.0**draw.bits
    k = (m - limit / 2) * 2.0 + 1.0
    q = draw.quantile
    if isinstance(q, Tail):
        rest = (limit - k if q.sign > 0 else limit + k) * q.step + q.ratio
        return far_quantile(xp, q.bound, -log(xp, rest, q.smallest)) * q.sign
    assert isinstance(q, Central)
    central = k * q.step + q.middle
    square = CENTRAL_SQUARE - central * central
    middle = central * polynomial(square, CENTER[0]) / polynomial(square, CENTER[1])
    left = central < 0.0
    from_edge = xp.where(left, limit + k, limit - k)
    p = from_edge * q.step
    p = xp.where(left, p + q.left, p + q.right)
    tail = _tail_quantile(xp, -log(xp, p, q.smallest))
    in_tail = xp.abs(central) > CENTRAL_LIMIT
    return xp.where(in_tail, xp.where(left, -tail, tail), middle)


def _tail_quantile(xp: Any, y: Any) -> Any:
    """z of a tail probability exp(-y)."""
    r = square_root(xp, y)
    near, far = r - NEAR_SHIFT, r - NEAR_LIMIT
    return xp.where(
        r > NEAR_LIMIT,
        polynomial(far, FAR_TAIL[0]) / polynomial(far, FAR_TAIL[1]),
        polynomial(near, NEAR_TAIL[0]) / polynomial(near, NEAR_TAIL[1]),
    )


def far_quantile(xp: Any, bound: float, s: Any) -> Any:
    """z where the tail probability is that of `bound` times exp(-s), for `bound` >= 30.

    With the Mills ratio M, ``z^2 = bound^2 + 2 (s - log M(bound) / M(z))``; the correction shrinks
    by 1 / bound^2 in each of the iterations, and M is three terms of its continued fraction away.
    """

    def over(numerator: float, denominator: Any) -> Any:
        # torch would multiply a number with the reciprocal, and round twice
        return xp.full_like(denominator, numerator) / denominator

    inverse_mills = _inverse_mills(bound, operator.truediv)
    excess = s
    for _ in range(MILLS_ITERATIONS):
        z = _moved(xp, bound, excess)
        other = _inverse_mills(z, over)
        # log of the ratio by 2 artanh, as the ratio is within 2 % of one
        part = (other - inverse_mills) / (other + inverse_mills)
        square = part * part
        excess = s - part * (((square * (2.0 / 7.0) + 0.4) * square + 2.0 / 3.0) * square + 2.0)
    return _moved(xp, bound, excess)


def _moved(xp: Any, bound: float, excess: Any) -> Any:
    root = square_root(xp, excess * 2.0 + bound * bound) if bound < 1e150 else excess + math.inf
    return excess * 2.0 / (root + bound) + bound


def _inverse_mills(z: Any, over: Callable[[float, Any], Any]) -> Any:
    """1 / M(z) by Laplace's continued fraction; `over` divides a number by what z is."""
    value = z
    for n in range(MILLS_TERMS, 0, -1):
        value = over(float(n), value) + z
    return value
