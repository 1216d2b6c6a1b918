"""Steps of the optimizers: by hand here, and against torch's own in test_optimizers_torch.py."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training.averages import exponentially_weighted_averages
from agnostic_init.study.training.optimizer_names import OPTIMIZERS, optimizer_of
from agnostic_init.study.training.optimizers import SGD, AdaGrad, Adam, Momentum, RMSProp


def descent(optimizer, gradients):
    """Where a parameter of zero is after every step."""
    parameter, found = np.zeros_like(gradients[0]), []
    state = optimizer.start(parameter)
    for count, gradient in enumerate(gradients, start=1):
        parameter, state = optimizer.step(parameter, gradient, state, count)
        found.append(parameter)
    return np.array(found)


GRADIENTS = np.random.default_rng(0).normal(size=(9, 4))


@pytest.mark.parametrize("corrected", [False, True])
def test_momentum_goes_along_the_average_of_the_gradients(corrected):
    averages = exponentially_weighted_averages(GRADIENTS, 0.7, corrected=corrected)
    made = descent(Momentum(rate=0.1, beta=0.7, corrected=corrected), GRADIENTS)
    np.testing.assert_allclose(made, -0.1 * averages.cumsum(axis=0), rtol=1e-12)


def test_adam_is_one_average_over_the_root_of_another():
    means = exponentially_weighted_averages(GRADIENTS, 0.9)
    squares = exponentially_weighted_averages(GRADIENTS**2, 0.999)
    steps = -0.01 * means / (np.sqrt(squares) + 1e-8)
    made = descent(Adam(rate=0.01), GRADIENTS)
    np.testing.assert_allclose(made, steps.cumsum(axis=0), rtol=1e-12)


def test_adagrad_and_rmsprop_by_hand():
    sums = np.cumsum(GRADIENTS**2, axis=0)
    steps = -0.1 * GRADIENTS / (np.sqrt(sums) + 1e-10)
    np.testing.assert_allclose(descent(AdaGrad(rate=0.1), GRADIENTS), steps.cumsum(axis=0))
    squares = exponentially_weighted_averages(GRADIENTS**2, 0.9, corrected=False)
    steps = -0.1 * GRADIENTS / (np.sqrt(squares) + 1e-8)
    made = descent(RMSProp(rate=0.1, beta=0.9), GRADIENTS)
    np.testing.assert_allclose(made, steps.cumsum(axis=0))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_leave_their_arguments_alone_and_are_the_same_everywhere(name, xp, backend):
    if backend.name in ("dask", "jax"):
        pytest.skip("nothing is trained there")
    optimizer = optimizer_of(name)
    first, second = xp.asarray([1.0, -2.0]), xp.asarray([0.5, 3.0])
    state = optimizer.start(first)
    made, state = optimizer.step(first, second, state, 1)
    again, _ = optimizer.step(made, second, state, 2)
    assert backend.to_numpy(first).tolist() == [1.0, -2.0]
    assert backend.to_numpy(second).tolist() == [0.5, 3.0]
    wanted = descent(optimizer, np.array([[0.5, 3.0], [0.5, 3.0]])) + np.array([1.0, -2.0])
    np.testing.assert_allclose(backend.to_numpy(made), wanted[0], rtol=5e-7)
    np.testing.assert_allclose(backend.to_numpy(again), wanted[1], rtol=5e-7)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SGD(rate=0), ai.ParameterError, "`rate` must be positive, got 0; try: 0.01"),
        (lambda: Adam(beta1=1), ai.ParameterError, r"`beta1` must be in \[0, 1\)"),
        (lambda: Adam(beta2=-1), ai.ParameterError, r"`beta2` must be in \[0, 1\)"),
        (lambda: RMSProp(epsilon=0), ai.ParameterError, "`epsilon` must be positive"),
        (lambda: Momentum(corrected=1), ai.ParameterTypeError, "`corrected` must be True or False"),
        (
            lambda: optimizer_of("adamw"),
            ai.ParameterError,
            "`optimizer` must be one of 'sgd', 'mom",
        ),
        (lambda: optimizer_of(Adam), ai.ParameterTypeError, r"not its class.*try: Adam\(\)"),
        (lambda: optimizer_of(Adam(), 0.1), ai.ParameterError, r"try: Adam\(rate=0.1\)"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
