"""Orthogonal convolutions: their response to every frequency is orthogonal."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

KERNELS = [(1,), (2,), (3,), (5,), (3, 3), (2, 4), (4, 4), (1, 3), (3, 1, 2), (2, 2, 2)]


def responses(w, size=7):
    """The matrices (o, i) by which a circular convolution acts on each frequency."""
    axes = tuple(range(2, w.ndim))
    spectrum = np.fft.fftn(w, s=(size,) * len(axes), axes=axes)
    return np.moveaxis(spectrum, (0, 1), (-2, -1))


def assert_orthonormal_columns(matrices, gain=1.0):
    gram = matrices.conj().swapaxes(-1, -2) @ matrices
    expected = np.broadcast_to(gain**2 * np.eye(gram.shape[-1]), gram.shape)
    np.testing.assert_allclose(gram, expected, atol=2e-5 * gain**2)


@pytest.mark.parametrize("kind", [ai.conv_orthogonal, ai.delta_orthogonal])
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_frequency_keeps_its_norm(kind, kernel):
    for outputs, inputs in ((6, 6), (8, 3)):
        w = kind(1.5, layout="torch")((outputs, inputs, *kernel), key=2)
        assert_orthonormal_columns(responses(w), 1.5)


@pytest.mark.parametrize("kind", [ai.conv_orthogonal, ai.delta_orthogonal])
def test_the_same_in_every_library_and_layout(backend, kind):
    w = kind(layout="torch")((6, 4, 3, 2), key=2)
    made = kind(layout="torch")((6, 4, 3, 2), key=2, xp=backend.xp)
    np.testing.assert_allclose(backend.to_numpy(made), w, atol=2e-6)
    keras = kind(layout="keras")((3, 2, 4, 6), key=2, xp=backend.xp)
    np.testing.assert_allclose(backend.to_numpy(keras).transpose(3, 2, 0, 1), w, atol=2e-6)


@pytest.mark.parametrize("kind", [ai.conv_orthogonal, ai.delta_orthogonal])
@pytest.mark.parametrize("dtype", ["float64", "complex64", "complex128", "float16"])
def test_other_dtypes(kind, dtype):
    w = kind(layout="torch")((5, 5, 3, 3), key=2, dtype=dtype)
    assert w.dtype == dtype
    error = np.abs(responses(w).conj().swapaxes(-1, -2) @ responses(w) - np.eye(5)).max()
    assert error < {"float16": 2e-2, "complex64": 1e-5}.get(dtype, 1e-13)


@pytest.mark.parametrize("kind", [ai.conv_orthogonal, ai.delta_orthogonal])
def test_groups_are_convolutions_of_their_own(kind):
    w = kind(layout="torch", groups=2)((8, 3, 3), key=2)
    assert_orthonormal_columns(responses(w[:4]))
    assert_orthonormal_columns(responses(w[4:]))
    assert np.abs(w[:4] - w[4:]).max() > 0.1
    stacked = kind(layout="b o i k")((2, 4, 3, 3), key=2)
    np.testing.assert_allclose(stacked.reshape(8, 3, 3), w, atol=1e-6)


def test_the_whole_kernel_of_a_conv_orthogonal_is_used():
    w = ai.conv_orthogonal(layout="torch")((8, 8, 3, 3), key=0)
    assert (np.abs(w).max(axis=(0, 1)) > 1e-3).all()


def test_only_the_center_of_a_delta_orthogonal_is_used():
    for center, at in (("same", 1), ("torch", 2)):
        w = ai.delta_orthogonal(layout="torch", center=center)((4, 4, 4, 3), key=0)
        rest = w.copy()
        rest[:, :, at, 1] = 0
        assert not rest.any()
        assert_orthonormal_columns(w[:, :, at, 1])


def test_a_network_of_them_keeps_the_norm():
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(ai.normal()((1, 6, 9, 9), key=1))
    y = x
    for n, kind in enumerate((ai.delta_orthogonal, ai.conv_orthogonal) * 3):
        conv = torch.nn.Conv2d(6, 6, 3, padding="same", padding_mode="circular", bias=False)
        kind(layout="torch").fill(conv.weight, key=n)
        y = conv(y)
    assert float(y.detach().norm()) == pytest.approx(float(x.norm()), rel=1e-5)


def test_tensor_float_32_does_not_reach_conv_orthogonal():
    torch = pytest.importorskip("torch")
    init = ai.conv_orthogonal(layout="torch")
    expected = init((300, 300, 3), key=0, xp=torch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = init((300, 300, 3), key=0, xp=torch)
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [ai.conv_orthogonal, ai.delta_orthogonal])
def test_values_and_figures(kind):
    init = kind(2, "keras")
    assert init == ai.get(init.to_dict())
    found = init.describe((3, 3, 4, 16))
    w = init((3, 3, 4, 16), key=0)
    assert found.std == pytest.approx(w.std(), rel=0.05)
    assert not init.elementwise
    np.testing.assert_array_equal(
        init((3, 4, 6), key=0, index=(1, 2)), init((3, 4, 6), key=0)[1, 2]
    )
    assert init((3, 0, 6), key=0).shape == (3, 0, 6)


def test_jit():
    jax = pytest.importorskip("jax")
    for kind in (ai.conv_orthogonal, ai.delta_orthogonal):
        init = kind(layout="keras")
        made = jax.jit(lambda init=init: init((3, 3, 4, 4), key=0, xp=jax.numpy))()
        np.testing.assert_allclose(made, init((3, 3, 4, 4), key=0), atol=2e-6)
