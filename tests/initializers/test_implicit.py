"""SIREN's pre-activations at every depth, and the kernels that random features have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

LIBRARIES = ["numpy", "torch"]


def made(library, init, shape, key):
    xp = np if library == "numpy" else pytest.importorskip("torch")
    return np.asarray(init(shape, key=key, xp=xp)).astype(float)


def depths(library, init, omega):
    """Pre-activations of hidden layers, the first left out, whose inputs are sines of few coordinates."""
    width, key = 256, ai.key(1)
    h = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    w = made(library, ai.siren("torch", first=True), (width, 2), key.fold_in("first"))
    assert 0.49 < np.abs(w).max() <= 0.5
    h = np.sin(30 * h @ w.T)
    for layer in range(8):
        w = made(library, init, (width, width), key.fold_in(layer))
        before = omega * h @ w.T
        if layer > 1:
            yield before
        h = np.sin(before)


@pytest.mark.parametrize("omega", [30.0, 5.0])
@pytest.mark.parametrize("library", LIBRARIES)
def test_pre_activations_are_the_same_normal_at_every_depth(library, omega):
    for before in depths(library, ai.siren("torch", omega=omega), omega):
        # Where variance v is 1 - exp(-2 v), twice that of the sine of a normal: near the paper's 1.
        assert abs(before.std() - 0.8926) < 0.05
        assert abs(stats.kurtosis(before.ravel())) < 0.25
        assert abs((np.abs(before) < before.std()).mean() - 0.6827) < 0.01


@pytest.mark.parametrize("library", LIBRARIES)
def test_pre_activations_are_standard_normal_with_the_gain_of_the_sine(library):
    init = ai.variance_scaling(ai.gain("sin") ** 2 / 30**2, "fan_in", "uniform", layout="torch")
    for before in depths(library, init, 30.0):
        assert abs(before.std() - 1) < 0.05
        assert abs(stats.kurtosis(before.ravel())) < 0.25


def test_the_bounds_of_siren():
    keras = ai.siren("keras", omega=10)
    assert keras.describe((24, 7)).high == pytest.approx(0.05)
    assert keras.describe((24, 7)).fan_in == 24
    assert ai.siren(first=True, fan=(3, 8)).describe((8, 3)).high == pytest.approx(1 / 3)
    wide = ai.siren("torch").describe((9, 24, 3))  # 72 inputs
    assert wide.high == pytest.approx(np.sqrt(6 / 72) / 30)
    disk = ai.siren("torch").describe((9, 24), "complex64")
    assert disk.std == pytest.approx(ai.siren("torch").describe((9, 24)).std)


X = np.array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.6]])


def distances():
    return ((X[:, None] - X[None]) ** 2).sum(-1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_fourier_features_have_a_gaussian_kernel_of_their_bandwidth(library):
    b = made(library, ai.fourier_features(0.4), (40_000, 2), 3)
    angles = 2 * np.pi * X @ b.T
    features = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(len(b))
    # E cos(2 pi b d), b normal.
    expected = np.exp(-2 * np.pi**2 * 0.4**2 * distances())
    np.testing.assert_allclose(features @ features.T, expected, atol=0.02)


@pytest.mark.parametrize("library", LIBRARIES)
def test_random_features_approximate_the_kernel(library):
    w = made(library, ai.random_features(0.5), (40_000, 2), 3)
    b = made(library, ai.random_phases(), 40_000, 4)
    assert 0 <= b.min() < 0.001
    assert 2 * np.pi - 0.001 < b.max() < 2 * np.pi
    features = np.cos(X @ w.T + b) * np.sqrt(2 / len(b))
    np.testing.assert_allclose(features @ features.T, np.exp(-2 * distances()), atol=0.03)


@pytest.mark.parametrize("library", LIBRARIES)
def test_orthogonal_features_have_less_variance_and_the_same_kernel(library):
    coordinates, scale = 16, 2.0
    orthogonal = ai.orthogonal_random_features(scale, layout="torch")
    d = np.random.default_rng(0).normal(size=coordinates) / 2
    expected = np.exp(-(d @ d) / (2 * scale**2))
    errors = {}
    for init in (orthogonal, ai.random_features(scale)):
        w = made(library, init, (200 * coordinates, coordinates), 5)
        each = np.cos(w @ d).reshape(200, coordinates).mean(axis=1)
        errors[type(init)] = each.var()
        assert abs(each.mean() - expected) < 4.5 * each.std() / np.sqrt(200)
    assert errors[type(orthogonal)] < 0.7 * errors[ai.normal]


@pytest.mark.parametrize("shape", [(5, 3), (3, 3), (2, 3), (7, 1)])
def test_orthogonal_features_are_orthogonal_and_as_long_as_normals(shape):
    init = ai.orthogonal_random_features(layout="torch")
    w = init(shape, key=0)
    features, coordinates = shape
    for first in range(0, features, coordinates):
        some = w[first : first + coordinates]
        products = some @ some.T
        np.testing.assert_allclose(products - np.diag(np.diag(products)), 0, atol=1e-5)
    turned = ai.orthogonal_random_features(layout="keras")(shape[::-1], key=0)
    np.testing.assert_array_equal(turned, w.T)


def test_lengths_of_orthogonal_features_are_chi_distributed():
    w = ai.orthogonal_random_features(0.5, layout="torch")((3000, 4), key=0)
    lengths = np.linalg.norm(w, axis=1) * 0.5
    assert stats.kstest(lengths, stats.chi(4).cdf).pvalue > 1e-4
    assert stats.kstest(w[::4, 0] * 0.5, stats.norm.cdf).pvalue > 1e-4
