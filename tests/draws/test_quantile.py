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


@pytest.mark.parametrize("lower", [1e7, 5e8, 7.4e8, 7.6e8, 1e9, 1e10, 1e38, 1e150, 1e200, 1e300])
def test_moments_far_out_are_those_of_an_exponential(lower):
    for low, high, sign in [(lower, INF, 1), (lower, 2 * lower, 1), (-INF, -lower, -1)]:
        mean, std = truncated_moments(low, high)
        assert math.isclose(mean, sign * lower, rel_tol=2e-14)
        assert math.isclose(std, 1 / lower, rel_tol=1e-12)


def test_moments_of_narrow_bands_are_those_of_a_uniform():
    for lower, width in [(0.0, 1e-160), (0.0, 1e-300), (-1e-200, 2e-200), (1e8, 1e-7 / 2**10)]:
        upper = lower + width
        mean, std = truncated_moments(lower, upper)
        assert lower <= mean <= upper
        if upper > lower and width < 1e-100:
            assert math.isclose(std, width / math.sqrt(12), rel_tol=1e-9)
    assert truncated_moments(1e10, 1e10) == (1e10, 0.0)


EXTREMES = [
    {"lower": 1e10, "upper": INF},
    {"lower": -INF, "upper": -1e10},
    {"lower": 1e200, "upper": INF},
    {"lower": 0, "upper": 5e-324},
    {"lower": -5e-324, "upper": 5e-324},
    {"lower": 1e10, "upper": math.nextafter(1e10, INF)},
    {"lower": 1e38, "upper": 2e38, "bounds": "absolute"},
    {"lower": -2e38, "upper": -1e38, "bounds": "absolute"},
    {"mean": -1e20, "lower": 1, "upper": 2, "bounds": "absolute"},
    {"std": 1e-300, "lower": 1e10, "upper": 2e10, "bounds": "absolute"},
    {"std": 1e-300, "lower": -2e10, "upper": -1e10, "bounds": "absolute"},
    {"lower": 1e10, "upper": INF, "std_of": "result"},
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("parameters", EXTREMES, ids=repr)
def test_a_description_of_any_bounds(parameters):
    init = ai.truncated_normal(**parameters)
    about = init.describe((64,), "float64")
    assert about.low <= about.mean <= about.high
    assert 0 <= about.std < INF
    assert "std" in str(about)
    values = init((64,), key=0, dtype="float64")
    assert (values >= about.low).all()
    assert (values <= about.high).all()
    assert math.isclose(values.mean(), about.mean, rel_tol=1e-9)
    assert str(ai.init_tree({"w": (64,)}, {"*": init}, xp=np, dtype="float64", key=0, dry_run=True))


def test_bounds_that_leave_no_std():
    with pytest.raises(ValueError, match="`upper` must leave `std` something to be the std of"):
        ai.truncated_normal(lower=0, upper=5e-324, std_of="result").describe((3,))


@pytest.mark.parametrize("bound", [1e-4, 0.5, 2.0, 3.0, 1e200, INF])
@pytest.mark.parametrize("std_of", ["parent", "result"])
def test_the_std_within_a_modulus(bound, std_of):
    init = ai.truncated_normal(0.5, 2.0, -bound, bound, std_of=std_of)
    about = init.describe((3,), "complex128")
    if std_of == "result":
        assert about.std == 2.0
    if bound >= 0.5:  # the square of a modulus is of a spread below its bound's and 1
        values = init((200_000,), key=3, dtype="complex128") - 0.5
        assert math.isclose(np.mean(np.abs(values) ** 2), about.std**2, rel_tol=0.015)
    elif std_of == "parent":
        assert math.isclose(about.std, 2.0 * bound / math.sqrt(2), rel_tol=1e-6)
    absolute = ai.truncated_normal(0.5, 2.0, -2 * bound, 2 * bound, "absolute")
    if std_of == "parent":
        assert absolute.describe((3,), "complex128").std == about.std
