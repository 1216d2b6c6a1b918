"""The steps as functions of arrays: what they promise of the outputs, on every library."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.calibration import (
    Moments,
    activation_step,
    lsuv_step,
    moments_of,
    weight_norm_step,
)


def arrays(xp, dtype="float32"):
    x = ai.draws.normal((200, 6), key=0, mean=2, std=3, xp=xp, dtype=dtype)
    w = ai.normal(std=2)((6, 5), key=1, xp=xp, dtype=dtype)
    b = ai.normal()(5, key=2, xp=xp, dtype=dtype)
    return x, w, b


def host(backend, array):
    return backend.to_numpy(array).astype(np.float64)


def test_moments_are_those_of_numpy(backend, xp):
    z = ai.draws.normal((7, 3, 5), key=0, mean=3, xp=xp)
    values = host(backend, z)
    for axis, others in ((-1, (0, 1)), (1, (0, 2))):
        found = moments_of(z, axis)
        assert found.count == values.size // values.shape[axis]
        assert np.allclose(host(backend, found.mean), values.mean(others), atol=1e-5)
        assert np.allclose(host(backend, found.variance), values.var(others), rtol=1e-4)
        whole = found.overall
        assert whole.count == values.size
        assert np.allclose(host(backend, whole.variance), values.var(), rtol=1e-4)


def test_moments_of_parts_add_up():
    z = ai.draws.normal((10, 3), key=0, mean=5, dtype="float64")
    for cut in (0, 1, 4, 10):
        with np.errstate(all="ignore"):
            found = moments_of(z[:cut]) + moments_of(z[cut:])
        assert found.count == 10
        assert np.allclose(found.mean, z.mean(0), rtol=1e-12)
        assert np.allclose(found.variance, z.var(0), rtol=1e-12)


def test_moments_of_other_channels_do_not_add_up():
    x = ai.draws.normal((4, 3), key=0)
    with pytest.raises(ai.ParameterError, match=r"`other` must have moments of \(3,\) channels"):
        moments_of(x) + moments_of(x[:, :1])


def test_complex_moments_have_a_real_variance():
    z = ai.draws.normal((500, 2), key=0, dtype="complex128", std=3) + (1 + 2j)
    found = moments_of(z)
    assert found.variance.dtype == np.float64
    assert np.allclose(found.variance, z.var(0))
    assert np.allclose(found.mean, z.mean(0))


def test_lsuv_gives_unit_variance_and_keeps_directions(backend, xp):
    x, w, _ = arrays(xp)
    made, bias = lsuv_step(w, None, moments_of(x @ w))
    assert bias is None
    assert host(backend, x @ made).var() == pytest.approx(1, abs=1e-5)
    ratio = host(backend, made) / host(backend, w)
    assert np.ptp(ratio) <= 1e-6 * ratio.mean()
    assert type(made) is type(w)
    assert made.dtype == w.dtype


def test_lsuv_leaves_the_bias(backend, xp):
    x, w, b = arrays(xp)
    _, bias = lsuv_step(w, b, moments_of(x @ w + b))
    assert bias is b


@pytest.mark.parametrize(("mean", "variance"), [(0, 1), (0.5, 4)])
def test_activation_scaling_whitens_every_channel(backend, xp, mean, variance):
    x, w, b = arrays(xp)
    made, bias = activation_step(w, b, moments_of(x @ w + b), axis=-1, mean=mean, variance=variance)
    z = host(backend, x @ made + bias)
    assert np.allclose(z.mean(0), mean, atol=1e-4)
    assert np.allclose(z.var(0), variance, rtol=1e-4)


def test_activation_scaling_is_the_papers():
    x, w, _ = arrays(np, "float64")
    z = x @ w
    made, bias = activation_step(w, np.zeros(5), moments_of(z), axis=1, mean=0.1)
    assert np.allclose(made, w / z.std(0))
    assert np.allclose(bias, 0.1 - z.mean(0) / z.std(0))


def test_without_a_bias_channels_are_scaled_alone():
    x, w, _ = arrays(np, "float64")
    made, bias = activation_step(w.T, None, moments_of(x @ w), axis=0)
    assert bias is None
    assert np.allclose((x @ made.T).var(0), 1)


def test_weight_norm_scales_sizes_and_is_the_papers(backend, xp):
    x, v, _ = arrays(xp)
    v = v / float(host(backend, v).std())
    sizes = xp.sqrt(xp.sum(v * v, axis=0))
    t = x @ (v / sizes)
    ones, zeros = ai.ones()(5, xp=xp), ai.zeros()(5, xp=xp)
    gain, bias = weight_norm_step(ones, zeros, moments_of(t))
    values = host(backend, t)
    assert np.allclose(host(backend, gain), 1 / values.std(0), rtol=1e-4)
    assert np.allclose(host(backend, bias), -values.mean(0) / values.std(0), atol=1e-4)


def test_sizes_may_lie_along_any_axis():
    moments = Moments(10, np.array([1.0, 2, 3]), np.array([4.0, 9, 16]))
    for shape in ((3,), (3, 1, 1), (1, 3)):
        gain, _ = weight_norm_step(np.ones(shape), None, moments)
        assert np.allclose(gain.reshape(-1), [1 / 2, 1 / 3, 1 / 4])
        assert gain.shape == shape


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_channels_without_a_variance_stay(bad):
    moments = Moments(10, np.array([1.0, 2]), np.array([bad, 9]))
    w, b = activation_step(np.ones((2, 3)), np.ones(2), moments, axis=0)
    assert np.allclose(w, [[1, 1, 1], [1 / 3, 1 / 3, 1 / 3]])
    assert np.allclose(b, [1, 1 / 3 - 2 / 3])
    w, _ = lsuv_step(np.ones((2, 3)), None, Moments(10, np.zeros(1), np.array([bad])))
    assert np.array_equal(w, np.ones((2, 3)))


def test_low_precision_is_rounded_once():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x, w, _ = arrays(np)
    low = w.astype(ml_dtypes.bfloat16)
    moments = moments_of(x @ low.astype(np.float32))
    made, _ = lsuv_step(low, None, moments)
    assert made.dtype == ml_dtypes.bfloat16
    wide, _ = lsuv_step(low.astype(np.float32), None, moments)
    assert np.array_equal(made, wide.astype(ml_dtypes.bfloat16))


def test_the_steps_can_be_traced():
    jax = pytest.importorskip("jax")

    @jax.jit
    def layer(x, w, b):
        w, b = activation_step(w, b, moments_of(x @ w + b), axis=-1)
        return x @ w + b

    z = np.asarray(layer(*arrays(jax.numpy)))
    assert np.allclose(z.mean(0), 0, atol=1e-4)
    assert np.allclose(z.var(0), 1, rtol=1e-4)
