"""State space models: eigenvalues, what a state remembers, rings, and steps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

ALARM = 1e-4  # of a Kolmogorov-Smirnov test, for one seed in so many
LIBRARIES = ["numpy", "torch"]


def made(library, init, shape, key=None, dtype="float64"):
    xp = np if library == "numpy" else pytest.importorskip("torch")
    return np.asarray(init(shape, key=key, xp=xp, dtype=dtype))


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_eigenvalues_of_legs(library):
    states = 24
    a = made(library, ai.hippo("legs"), (states, states))
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(a[:8, :8]).real), np.arange(-8, 0))
    np.testing.assert_array_equal(np.diag(a), -np.arange(1, states + 1))
    assert not np.triu(a, 1).any()
    # S4's decomposition: normal but for one vector, and -1/2 in the real part.
    p = np.sqrt(np.arange(states) + 0.5)
    normal = a + np.outer(p, p)
    np.testing.assert_allclose(normal + normal.T, -np.eye(states), atol=1e-9)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_state_of_legs_is_the_polynomial_of_the_past(library):
    """The coefficients of u(t) = t^m over [0, t] scale as t^m, so that m c = A c + B."""
    a = made(library, ai.hippo("legs"), (6, 6))
    b = made(library, ai.hippo_input("legs"), 6)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    basis = [
        np.sqrt(2 * n + 1) * np.polynomial.Legendre.basis(n)(nodes) for n in range(6)
    ]  # orthonormal on [0, 1] in (nodes + 1) / 2
    for power in range(5):
        values = ((nodes + 1) / 2) ** power
        c = np.array([(weights * values * each).sum() / 2 for each in basis])
        np.testing.assert_allclose(power * c, a @ c + b, atol=1e-12)


@pytest.mark.parametrize("window", [1.0, 2.5])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_state_of_legt_holds_a_window(library, window):
    """What it says of the window's far end is the input, a window ago: exp(-s window)."""
    states = 12
    a = made(library, ai.hippo("legt", window), (states, states))
    b = made(library, ai.hippo_input("legt", window), (states, 1))
    assert (np.linalg.eigvals(a).real < 0).all()
    far_end = np.sqrt(2 * np.arange(states) + 1) * (-1.0) ** np.arange(states)
    for s in 1j * np.array([0.0, 1.0, 5.0]) / window:
        response = far_end @ np.linalg.solve(s * np.eye(states) - a, b)
        np.testing.assert_allclose(response, np.exp(-s * window), atol=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
def test_s4d_is_near_the_diagonal_of_legs(library):
    states = 64
    a = made("numpy", ai.hippo("legs"), (states, states))
    p = np.sqrt(np.arange(states) + 0.5)
    known = np.sort(np.linalg.eigvals(a + np.outer(p, p)).imag)[::-1]
    inverse = made(library, ai.s4d("inv"), states // 2, dtype="complex128")
    np.testing.assert_array_equal(inverse.real, -0.5)
    # Of a law for many states: its largest, where most of them are far apart.
    np.testing.assert_allclose(inverse.imag[:3], known[:3], rtol=0.1)
    linear = made(library, ai.s4d("lin"), (2, 5), dtype="complex128")
    np.testing.assert_allclose(linear, np.tile(-0.5 + 1j * np.pi * np.arange(5), (2, 1)))
    real = made(library, ai.s4d("real"), 5)
    np.testing.assert_array_equal(np.sort(real), np.sort(np.linalg.eigvals(a[:5, :5]).real.round()))


@pytest.mark.parametrize("kind", ["lin", "inv"])
def test_the_parts_of_s4d_are_those_of_the_whole(kind):
    whole = ai.s4d(kind)((3, 8), dtype="complex128")
    log_real = ai.s4d(kind, "log_real")((3, 8), dtype="float64")
    imag = ai.s4d(kind, "imag")((3, 8), dtype="float64")
    np.testing.assert_allclose(-np.exp(log_real) + 1j * imag, whole, rtol=1e-14)
    alone = ai.s4d(kind, paired=False)(16, dtype="complex128")[:8]
    np.testing.assert_allclose(alone, whole[0])


@pytest.mark.parametrize("library", LIBRARIES)
def test_mamba(library):
    a_log = made(library, ai.mamba_a_log(), (4, 1000))
    np.testing.assert_allclose(np.exp(a_log), np.tile(np.arange(1, 1001), (4, 1)), rtol=1e-13)
    dt = np.logaddexp(0, made(library, ai.dt_bias(), 20_000, key=0))
    law = stats.uniform(np.log(1e-3), np.log(100)).cdf
    assert stats.kstest(np.log(dt), law).pvalue > ALARM
    floored = np.logaddexp(0, made(library, ai.dt_bias(floor=0.01), 20_000, key=0))
    np.testing.assert_allclose(floored, np.maximum(dt, 0.01), rtol=1e-12)
    logarithms = made(library, ai.dt_bias(activation="exp"), 20_000, key=0)
    np.testing.assert_allclose(np.exp(logarithms), dt, rtol=1e-12)


def test_steps_are_right_where_a_formula_in_float32_is_not():
    bias = ai.dt_bias(1e-12, 1e-11, 0)(1000, key=0).astype(float)
    assert np.isfinite(bias).all()
    dt = np.exp(bias) * (1 - np.exp(bias) / 2)
    assert 0.999e-12 < dt.min() < dt.max() < 1.001e-11
    large = ai.dt_bias(50, 400, 0)(1000, key=0).astype(float)  # where softplus changes nothing
    assert 49.9 < large.min() < large.max() < 400.1


@pytest.mark.parametrize(("inner", "outer"), [(0.0, 1.0), (0.4, 0.9), (0.99, 0.999)])
@pytest.mark.parametrize("library", LIBRARIES)
def test_eigenvalues_of_the_lru_are_uniform_on_the_ring(library, inner, outer):
    nu = made(library, ai.lru_nu_log(inner, outer), 20_000, key=0)
    theta = made(library, ai.lru_theta_log(0.5), 20_000, key=1)
    modulus = np.exp(-np.exp(nu))
    # By area: the square of the modulus is uniform.
    law = stats.uniform(inner**2, outer**2 - inner**2).cdf
    assert stats.kstest(modulus**2, law).pvalue > ALARM
    assert stats.kstest(np.exp(theta), stats.uniform(0, 0.5).cdf).pvalue > ALARM
    # The normalization that the docstring gives, by which a state has the input's variance.
    gamma = np.exp(np.log(-np.expm1(-2 * np.exp(nu))) / 2)
    np.testing.assert_allclose(gamma**2, 1 - modulus**2, atol=1e-12)


def test_the_ring_is_that_of_a_complex_uniform():
    ring = ai.uniform(0.4, 0.9)(20_000, key=2, dtype="complex128")
    modulus = np.exp(-np.exp(ai.lru_nu_log(0.4, 0.9)(20_000, key=0, dtype="float64")))
    assert stats.ks_2samp(np.abs(ring), modulus).pvalue > ALARM
