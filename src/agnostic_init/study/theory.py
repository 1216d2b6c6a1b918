"""Mean-field theory of wide networks at initialization: fixed points, phases, the edge of chaos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Value
from agnostic_init.study.gaussian import covariance, moments
from agnostic_init.study.nonlinearity import Nonlinearity, nonlinearity

__all__ = ["Phase", "critical_line", "edge_of_chaos", "phase"]

SMALLEST, LARGEST = 1e-12, 1e6  # variances between which fixed points are looked for
STEPS = 400
MOST = 1e100  # of a standard deviation
ROUNDING = 1e-9
NEAR = 0.01  # of 1, for a network to be called critical


class Phase(Value):
    """What becomes of signals in an infinitely wide and deep network, x -> f(W x + b).

    Attributes
    ----------
    name
        "ordered", where gradients vanish and all inputs become one; "chaotic", where gradients
        explode and inputs that are close part; or "critical", between them.
    variance
        q*, the variance of preactivations after many layers: 0 or infinite where they vanish or
        explode.
    chi
        What the second moment of the gradient is multiplied with in each layer, at q*.
    similarity
        c*, the correlation of the preactivations of two inputs after many layers.
    depth_of_gradients, depth_of_similarity
        The numbers of layers in which the gradient's second moment and the distance of the
        correlation from c* fall or grow by a factor of e; infinite on the critical line.
    """

    name: str
    variance: float
    chi: float
    similarity: float
    depth_of_gradients: float
    depth_of_similarity: float

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold: infinities are strings."""
        return {
            name: value if isinstance(value, str) or math.isfinite(value) else str(value)
            for name, value in vars(self).items()
        }

    def __str__(self) -> str:
        depth = self.depth_of_gradients
        within = "keep their size" if math.isinf(depth) else f"change e-fold in {depth:.3g} layers"
        return (
            f"{self.name}: the second moment of gradients is multiplied by {self.chi:.4g} in each "
            f"layer, so that they {within}; preactivations tend to a variance of "
            f"{self.variance:.4g}, and those of two inputs to a correlation of {self.similarity:.4g}"
        )


def phase(activation: Any, sigma_w: float, sigma_b: float = 0.0) -> Phase:
    """The phase that a fully connected network is in.

    Parameters
    ----------
    activation
        A name that `agnostic_init.gain` knows, or a function of a float64 NumPy array.
    sigma_w
        The std of the weights times the square root of the fan-in.
    sigma_b
        The std of the biases.

    Returns
    -------
    Phase

    Raises
    ------
    ParameterError, ParameterTypeError
        If the activation is none, or a std is negative or not finite.

    Notes
    -----
    The recursions are those of [1]_ and the depths those of [2]_.

    .. [1] Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural
       networks through transient chaos", NeurIPS 2016, arXiv:1606.05340.
    .. [2] Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017,
       arXiv:1611.01232.

    Examples
    --------
    >>> phase("tanh", 1.0).name, phase("tanh", 2.0).name
    ('critical', 'chaotic')
    >>> round(phase("relu", 2**0.5).chi, 6)
    1.0
    """
    f = nonlinearity(activation)
    w2, b2 = _std("sigma_w", sigma_w) ** 2, _std("sigma_b", sigma_b) ** 2
    q = _fixed_variance(f, w2, b2)
    chi = w2 * moments(f, 0.0, min(max(q, SMALLEST), LARGEST)).slope
    name = "critical" if abs(chi - 1) <= NEAR else "ordered" if chi < 1 else "chaotic"
    c, rate = 1.0, chi
    if chi > 1 and math.isfinite(q):  # else a correlation of 1 is stable
        c, rate = _fixed_correlation(f, w2, b2, q)
    return Phase(name, q, chi, c, _depth(chi), _depth(rate))


def critical_line(
    activation: Any, variances: Sequence[float] | None = None
) -> tuple[tuple[float, float], ...]:
    """Points (sigma_w, sigma_b) of the line between order and chaos.

    Parameters
    ----------
    activation
        A name that `agnostic_init.gain` knows, or a function of a float64 NumPy array.
    variances
        The variances of preactivations q* of the points; 60 between 0.001 and 10 where None.

    Returns
    -------
    tuple of pairs
        Of the variances to which a point belongs. For the ReLU all of them are one: (sqrt(2), 0).

    Examples
    --------
    >>> [(round(w, 4), round(b, 4)) for w, b in critical_line("tanh", [0.1, 1.0])]
    [(1.0852, 0.0288), (1.4674, 0.3885)]
    """
    f = nonlinearity(activation)
    if variances is None:
        variances = [10 ** (-3 + 4 * i / 59) for i in range(60)]
    found = []
    for each in variances:
        q = real_number("variances", each)
        if q <= 0:
            raise must("variances", "must be positive", each)
        weights, bias = _critical(f, q)
        if bias >= -ROUNDING * q:
            found.append((math.sqrt(weights), math.sqrt(bias) if bias > ROUNDING * q else 0.0))
    return tuple(found)


def edge_of_chaos(activation: Any, sigma_b: float = 0.0) -> tuple[float, float]:
    """The sigma_w at which a network with that sigma_b is critical, and its variance q*.

    Parameters
    ----------
    activation
        A name that `agnostic_init.gain` knows, or a function of a float64 NumPy array.
    sigma_b
        The std of the biases.

    Returns
    -------
    tuple
        ``(sigma_w, q)``.

    Raises
    ------
    ParameterError
        If there is none: the ReLU, for one, is critical without biases alone.

    Examples
    --------
    >>> sigma_w, q = edge_of_chaos("tanh", 0.05)
    >>> round(sigma_w, 4), round(q, 4)
    (1.1225, 0.1537)
    """
    f = nonlinearity(activation)
    b2 = _std("sigma_b", sigma_b) ** 2
    # sigma_b^2 along the line, as a function of q; its first change of sign against b2.
    grid = [SMALLEST * (LARGEST / SMALLEST) ** (i / STEPS) for i in range(STEPS + 1)]
    before = None
    for q in grid:
        beyond = _critical(f, q)[1] - b2
        if b2 == 0 and abs(beyond) <= ROUNDING * q:
            return math.sqrt(_critical(f, q)[0]), q if q > SMALLEST else 0.0
        if before is not None and before[1] < 0 <= beyond:
            return _between(f, b2, before[0], q)
        before = q, beyond
    rule = f"must be that of a point on the critical line of {f.name}"
    raise must("sigma_b", rule, sigma_b, "critical_line(activation), which has its points")


def _between(f: Nonlinearity, b2: float, low: float, high: float) -> tuple[float, float]:
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _critical(f, middle)[1] < b2 else (low, middle)
    return math.sqrt(_critical(f, low)[0]), low


def _critical(f: Nonlinearity, q: float) -> tuple[float, float]:
    """The squares of sigma_w and sigma_b at which q is a fixed point and chi is 1."""
    found = moments(f, 0.0, q)
    if not found.slope > 0:
        return math.inf, -math.inf
    return 1 / found.slope, q - found.square / found.slope


def _fixed_variance(f: Nonlinearity, w2: float, b2: float) -> float:
    q = 1.0
    for _ in range(STEPS):
        found = w2 * moments(f, 0.0, q).square + b2
        if not SMALLEST < found < LARGEST:
            return 0.0 if found <= SMALLEST else math.inf
        if abs(found - q) <= 1e-10 * q:
            return found
        q = found
    return q


def _fixed_correlation(f: Nonlinearity, w2: float, b2: float, q: float) -> tuple[float, float]:
    """The correlation after many layers, and by what its distance from that is multiplied in each."""

    def step(c: float) -> float:
        return min((w2 * covariance(f, 0.0, q, c) + b2) / q, 1.0)

    c = 0.5
    for _ in range(STEPS):
        found = step(c)
        if abs(found - c) <= 1e-9:
            break
        c = found
    if c > 1 - 1e-4:
        return 1.0, w2 * moments(f, 0.0, q).slope
    c = 0.0 if abs(c) < 1e-6 else c
    return c, (step(c + 1e-4) - step(c - 1e-4)) / 2e-4


def _depth(rate: float) -> float:
    if not 0 < rate < math.inf:
        return 0.0
    return math.inf if abs(rate - 1) <= 1e-9 else abs(1 / math.log(rate))


def _std(name: str, given: Any) -> float:
    number = real_number(name, given)
    if number < 0:
        raise must(name, "must be a standard deviation, which is not negative", given)
    if number > MOST:
        raise must(name, f"must be at most {MOST:g}, whose square is a number", given)
    return number
