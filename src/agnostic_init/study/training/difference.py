"""Two initializers told apart: the test of a difference, and the seeds that it takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Record
from agnostic_init.study.training.student import (
    checked_level,
    noncentrality,
    power_of,
    probability,
    quantile,
)

__all__ = ["LEVEL", "POWER", "TESTS", "Difference", "difference", "holm", "seeds_needed"]

LEVEL, POWER = 0.05, 0.8
TESTS = ("paired", "welch")
MOST = 100_000  # seeds; who needs more cannot tell the two apart
INTERVAL = 0.95


class Difference(Record):
    """Of two samples, the first less the second.

    Attributes
    ----------
    mean, low, high
        The mean difference, with its 95 % confidence interval.
    p
        Of the test that it is zero, on both sides.
    effect
        The mean difference in standard deviations: of the differences of pairs, or, for Welch's
        test, the root of the mean variance of the two.
    seeds
        The fewest seeds of each for which the test sees an effect of this size with the power that
        was asked for; inf for more than 100,000.
    seeds_low, seeds_high
        The same at the ends of the 95 % confidence interval of the effect. What few runs say of
        the effect is rough, and this is how rough.
    """

    mean: float
    low: float
    high: float
    p: float
    effect: float
    seeds: float
    seeds_low: float
    seeds_high: float


def difference(
    first: Any, second: Any, test: str = "paired", *, level: float = LEVEL, power: float = POWER
) -> Difference:
    """Compare two samples by Student's t.

    Parameters
    ----------
    first, second
        Numbers, one for each seed.
    test
        "paired", where the two have the same seeds in the same order, or "welch", where they have
        nothing in common.
    level
        The probability of seeing a difference where there is none.
    power
        The probability of seeing one of this size where there is, for `Difference.seeds`.

    Raises
    ------
    ParameterError
        If there are fewer than two numbers, or one is not finite, or pairs are incomplete.

    References
    ----------
    Student, "The probable error of a mean", Biometrika 1908; Welch, "The generalization of
    Student's problem when several different population variances are involved", Biometrika 1947.

    Examples
    --------
    >>> found = difference([1.0, 1.2, 0.9, 1.4], [0.5, 0.9, 0.3, 0.8])
    >>> round(found.mean, 3), round(found.p, 4), found.seeds
    (0.5, 0.0058, 3)
    """
    check_choice("test", test, TESTS)
    a, b = _sample("first", first), _sample("second", second)
    level, power = checked_level("level", level), checked_level("power", power)
    paired = test == "paired"
    if paired and a.size != b.size:
        rule = f"must have as many numbers as `first`, {a.size}, to be paired"
        raise must("second", rule, b.size, "test='welch'")
    mean = float(a.mean() - b.mean())
    if paired:
        spread, freedom = float((a - b).std(ddof=1)), a.size - 1.0
        error, ratio = spread / math.sqrt(a.size), 2.0
    else:
        u, v = float(a.var(ddof=1)), float(b.var(ddof=1))
        spread = math.sqrt(0.5 * (u + v))
        error = math.sqrt(u / a.size + v / b.size)
        ratio = (u + v) ** 2 / (u * u + v * v) if u + v else 1.0
        below = (u / a.size) ** 2 / (a.size - 1) + (v / b.size) ** 2 / (b.size - 1)
        freedom = error**4 / below if below else a.size + b.size - 2.0
    if error <= 1e-14 * max(np.abs(a).max(), np.abs(b).max()):  # rounding: they do not vary
        same = abs(mean) <= 1e-13 * max(np.abs(a).max(), np.abs(b).max(), 1e-300)
        p, effect = (1.0, 0.0) if same else (0.0, math.copysign(math.inf, mean))
        seeds = math.inf if same else 2
        return Difference(mean, mean, mean, p, effect, seeds, seeds, seeds)
    t = mean / error
    reach = quantile(1.0 - INTERVAL, freedom) * error
    ends = [noncentrality(t, freedom, 0.5 * (1.0 + s * INTERVAL)) for s in (1, -1)]
    effects = [abs(center) * error / spread for center in ends]
    least = 0.0 if ends[0] * ends[1] <= 0 else min(effects)
    needed = [
        seeds_needed(effect, test, level=level, power=power, ratio=ratio)
        for effect in (mean / spread, max(effects), least)
    ]
    return Difference(
        mean, mean - reach, mean + reach, probability(t, freedom), mean / spread, *needed
    )


def seeds_needed(
    effect: float,
    test: str = "paired",
    *,
    level: float = LEVEL,
    power: float = POWER,
    ratio: float = 2.0,
) -> float:
    """The fewest seeds of each with which a test sees an effect.

    By the noncentral t of as many seeds, exactly for the paired test; Welch's degrees of freedom
    are taken at the variances themselves.

    Parameters
    ----------
    effect
        In standard deviations, as `Difference.effect`.
    test
        "paired" or "welch".
    level, power
        As of `difference`.
    ratio
        For Welch's test: ``(u + v)^2 / (u^2 + v^2)`` of the two variances, 2 where they are equal.

    Returns
    -------
    int or float
        At least 2; inf for more than 100,000.

    Examples
    --------
    >>> seeds_needed(1.0), seeds_needed(1.0, "welch"), seeds_needed(0.0)
    (10, 17, inf)
    """
    check_choice("test", test, TESTS)
    size = abs(real_number("effect", effect, infinite=True))
    level, power = checked_level("level", level), checked_level("power", power)

    def enough(seeds: int) -> bool:
        if test == "paired":
            return power_of(size * math.sqrt(seeds), seeds - 1.0, level) >= power
        return power_of(size * math.sqrt(0.5 * seeds), ratio * (seeds - 1.0), level) >= power

    if math.isinf(size) or enough(2):
        return 2
    # For a power of one half normal numbers need so many; from there it is not far.
    guess = (
        (1 if test == "paired" else 2) * (quantile(level, 1e6) / size) ** 2 if size else math.inf
    )
    low = max(2, int(min(guess, MOST)))
    while low > 2 and enough(low):
        low //= 2
    high = 2 * low
    while not enough(high):
        if high > MOST:
            return math.inf
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if high <= MOST else math.inf


def holm(probabilities: Any) -> list[float]:
    """Probabilities of several tests, by Holm's method such that one false alarm in all is as rare.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    given = [float(each) for each in probabilities]
    adjusted, least = [0.0] * len(given), 0.0
    for rank, place in enumerate(sorted(range(len(given)), key=given.__getitem__)):
        least = max(least, min(1.0, (len(given) - rank) * given[place]))
        adjusted[place] = least
    return adjusted


def _sample(name: str, given: Any) -> Any:
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise must_be_type(name, "must be numbers, one for each seed", given) from None
    if numbers.ndim != 1 or numbers.size < 2:
        raise must(name, "must have at least two numbers", given, "more seeds")
    if not np.isfinite(numbers).all():
        raise must(name, "must be finite", given, "the seeds whose runs did not diverge")
    return numbers
