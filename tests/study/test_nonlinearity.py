"""Activation functions on arrays of every library: those of the gains, and their slopes."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.gains.activations import activation, activation_names
from agnostic_init.study.nonlinearity import nonlinearity
from agnostic_init.study.on_arrays import ON_ARRAYS

Z = np.linspace(-7.03, 7.11, 41)


def test_every_row_is_an_activation():
    assert set(ON_ARRAYS) <= set(activation_names())


def test_values_and_slopes_are_those_of_the_gains(backend):
    names = ON_ARRAYS if backend.name == "numpy" else ("relu", "gelu", "gelu_tanh", "selu")
    z = backend.xp.asarray(Z.astype(np.float32))
    for name in names:
        ours, known = nonlinearity(name), activation(name)
        for made, expected in ((ours.value(z), known.function), (ours.slope(z), known.derivative)):
            assert type(made) is type(z)
            found = backend.to_numpy(made)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected(Z), rtol=2e-5, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", activation_names())
def test_any_activation_of_the_gains_has_values_and_slopes(name):
    ours = nonlinearity(name)
    np.testing.assert_allclose(ours.value(Z), activation(name).function(Z), atol=1e-12)
    np.testing.assert_allclose(ours.slope(Z), activation(name).derivative(Z), atol=1e-12)


def test_a_function_is_differentiated():
    cube = nonlinearity(lambda z: z**3)
    np.testing.assert_allclose(cube.value(Z), Z**3)
    np.testing.assert_allclose(cube.slope(Z), 3 * Z**2, atol=1e-8)
    assert cube.name == "a function"
