"""Truncated normals at any bounds, against many digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai
from agnostic_init.draws.distributions import truncated_normal_draw
from agnostic_init.draws.quantile import truncated_moments
from agnostic_init.draws.reference import evaluate

INF = math.inf
BOUNDS = [
    (-INF, INF), (-2, 2), (-0.5, 0.5), (-1, 3), (4, 1000), (8, 1e5), (-40, -39), (5, INF),
    (-INF, -7), (29.9, 30.1), (30, INF), (35, 35.001), (1000, INF), (-1e-3, 2e-3), (-9, 9),
    (6, 6.0001), (0, INF), (1e6, 2e6),
]  # fmt: skip
INPUTS = [0, 1, 2, 77, 2**20 + 3, 2**23 - 1, 2**23, 2**23 + 5, 3 * 2**22, 2**24 - 3, 2**24 - 1]


def exact(m, lower, upper):
    """The quantile of 1/2 + k 2^-25 on the bounds, to 40 digits."""
    with mpmath.workdps(60):
        u = mpmath.mpf(2 * m + 1) / 2**25

        def tail(z):
            return mpmath.erfc(z / mpmath.sqrt(2)) / 2 if z != INF else mpmath.mpf(0)

        flip = upper <= 0 or (lower < 0 and u < mpmath.mpf("0.5"))
        low, high, v = (-upper, -lower, 1 - u) if flip else (lower, upper, u)
        above, below = tail(mpmath.mpf(high)), tail(mpmath.mpf(low))
        p = below + (above - below) * v
        z0 = mpmath.mpf(max(low, -6)) if low > 0 else mpmath.mpf(0)
        lo, hi = (z0, z0 + 40) if low > 0 else (mpmath.mpf(max(low, -50)), mpmath.mpf(50))
        for _ in range(170):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if tail(mid) > p else (lo, mid)
        return -lo if flip else lo


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_the_quantile_is_exact_to_rounding(lower, upper):
    draw = truncated_normal_draw(0, 1, lower, upper, "sigma", "parent", "float32")
    z = evaluate(draw, np, np.float64, np.float64, [np.array(INPUTS, np.uint64)])
    for value, m in zip(z.tolist(), INPUTS, strict=True):
        true = exact(m, lower, upper)
        scale = max(abs(float(true)), 0.05 * min(1.0, upper - lower))
        assert abs(float(value - true)) <= 1.2e-7 * scale, m
    single = evaluate(draw, np, np.float32, np.float64, [np.array(INPUTS, np.uint64)])
    near = [np.float32(float(exact(m, lower, upper))) for m in INPUTS]
    low, high = np.float32(draw.low), np.float32(draw.high)
    assert np.array_equal(single, np.clip(near, low, high))


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_distribution(lower, upper, dtype):
    """Kolmogorov and Smirnov at a false-alarm rate of 1e-6 each."""
    values = ai.draws.truncated_normal(20000, 0, 1, lower, upper, key=8, dtype=dtype)
    assert np.isfinite(values).all()
    assert values.min() >= lower
    assert values.max() <= upper
    mean, std = truncated_moments(lower, upper)
    if std < 1e-5 * abs(mean) and dtype == "float32":
        pytest.skip("narrower than float32 can show")
    if math.isfinite(std) and std > 0:
        assert abs(values.astype(float).mean() - mean) < 5.5 * std / math.sqrt(20000) + 1e-7 * abs(
            mean
        )
    if max(abs(lower) if lower > 0 else 0, abs(upper) if upper < 0 else 0) < 1e5:
        near, far = (lower, upper) if abs(lower) < abs(upper) or upper == INF else (-upper, -lower)
        x = values.astype(float) if (near, far) == (lower, upper) else -values.astype(float)
        ratio = stats.norm.logsf(x) - stats.norm.logsf(near)
        whole = -math.expm1(stats.norm.logsf(far) - stats.norm.logsf(near))
        u = -np.expm1(ratio) / whole
        assert stats.kstest(u, "uniform").pvalue > 1e-6


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(-1, 1, 0.5395600938), (-2, 2, 0.8796256610), (-2.5, 2.5, 0.9545974863),
     (-3, 3, 0.9865783926), (-4, 4, 0.9994645018)],
)  # fmt: skip
def test_published_corrections(lower, upper, expected):
    assert round(truncated_moments(lower, upper)[1], 10) == expected


@pytest.mark.parametrize(
    ("lower", "upper"), [(0.5, 0.6), (3, 4), (8, INF), (-40, -39), (-INF, -3), (2, 2.0001)]
)
def test_moments_in_closed_form(lower, upper):
    with mpmath.workdps(60):
        a, b = (mpmath.mpf(max(-60, min(60, bound))) for bound in (lower, upper))

        def density(z):
            return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)

        weight = (mpmath.erf(b / mpmath.sqrt(2)) - mpmath.erf(a / mpmath.sqrt(2))) / 2
        weight = mpmath.ncdf(-a) - mpmath.ncdf(-b) if a > 0 else weight
        weight = mpmath.ncdf(b) - mpmath.ncdf(a) if b < 0 else weight
        mean = (density(a) - density(b)) / weight
        std = mpmath.sqrt(1 + (a * density(a) - b * density(b)) / weight - mean**2)
    got_mean, got_std = truncated_moments(lower, upper)
    assert math.isclose(got_mean, float(mean), rel_tol=1e-12)
    assert math.isclose(got_std, float(std), rel_tol=1e-8)


@pytest.mark.parametrize(("lower", "upper"), [(-2, 2), (-1, 3), (0, INF), (-0.5, 0.1)])
def test_std_of_the_result(lower, upper):
    for bounds in ("sigma", "absolute"):
        values = ai.draws.truncated_normal(
            200_000, 0.0, 0.1, lower, upper, bounds=bounds, std_of="result", key=2, dtype="float64"
        )
        assert math.isclose(values.std(), 0.1, rel_tol=0.01)


def test_a_std_that_bounds_cannot_have():
    with pytest.raises(ValueError, match=r"`std` must be less than 1\.1547"):
        ai.draws.truncated_normal(3, 0, 1.2, -2, 2, bounds="absolute", std_of="result", key=0)


def test_no_std_is_the_mean():
    assert ai.draws.truncated_normal(3, 0.5, 0.0, key=0).tolist() == [0.5] * 3
    assert ai.draws.normal(3, 0.5, 0.0, key=0).tolist() == [0.5] * 3
