"""Backpropagation of ours against torch.autograd: losses, activations, biases, and stacks of networks."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training.dense import Dense
from agnostic_init.study.training.losses import loss_of

torch = pytest.importorskip("torch")

ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "selu": torch.selu,
    "softplus": torch.nn.functional.softplus,
}
LOSSES = {
    "cross_entropy": torch.nn.functional.cross_entropy,
    "mean_squared_error": torch.nn.functional.mse_loss,
}
KEY = ai.key(5)


def parameters_of(network, front=()):
    return {
        name: ai.draws.normal((*front, *shape), 0, 0.5, key=KEY.fold_in(name), dtype="float64")
        for name, shape in network.shapes.items()
    }


def samples(loss, count=7):
    x = ai.draws.normal((count, 5), key=KEY.fold_in("x"), dtype="float64")
    if loss == "cross_entropy":
        return x, np.eye(3)[np.arange(count) % 3]
    return x, ai.draws.normal((count, 3), key=KEY.fold_in("y"), dtype="float64")


def by_autograd(network, parameters, x, y, loss, activation):
    leaves = {name: torch.tensor(each, requires_grad=True) for name, each in parameters.items()}
    signal = torch.tensor(x)
    for layer in range(network.depth):
        bias = leaves.get(f"{layer}.bias")
        signal = torch.nn.functional.linear(signal, leaves[f"{layer}.weight"], bias)
        signal = activation(signal) if layer < network.depth - 1 else signal
    value = LOSSES[loss](signal, torch.tensor(y))
    value.backward()
    return value.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_are_autograds(name, loss, bias):
    network = Dense((5, 8, 6, 3), name, bias)
    parameters, (x, y) = parameters_of(network), samples(loss)
    value, gradients = by_autograd(network, parameters, x, y, loss, ACTIVATIONS[name])
    for to in (np.asarray, torch.asarray):
        ours = {each: to(array) for each, array in parameters.items()}
        found, made = network.gradients(ours, to(x), to(y), loss_of(loss))
        assert float(found) == pytest.approx(value, rel=1e-12)
        assert list(made) == list(parameters)
        for each, wanted in gradients.items():
            np.testing.assert_allclose(np.asarray(made[each]), wanted, rtol=1e-10, atol=1e-14)


def test_a_function_of_the_users_has_the_gradients_of_its_slope():
    network = Dense((5, 8, 3), lambda z: np.tanh(z) + 0.1 * z)
    parameters, (x, y) = parameters_of(network), samples("cross_entropy")
    _, wanted = by_autograd(
        network, parameters, x, y, "cross_entropy", lambda z: torch.tanh(z) + 0.1 * z
    )
    _, made = network.gradients(parameters, x, y, loss_of("cross_entropy"))
    np.testing.assert_allclose(made["0.weight"], wanted["0.weight"], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shared", [True, False])
def test_a_stack_has_the_gradients_of_each_network_alone(shared):
    network, loss = Dense((5, 8, 3), "tanh"), loss_of("cross_entropy")
    stack, (x, y) = parameters_of(network, (4,)), samples("cross_entropy")
    inputs, targets = (x[None], y[None]) if shared else (np.stack([x] * 4), np.stack([y] * 4))
    values, together = network.gradients(stack, inputs, targets, loss)
    for place in range(4):
        one = {name: each[place] for name, each in stack.items()}
        value, alone = network.gradients(one, x, y, loss)
        assert values[place] == value
        for name, gradient in alone.items():
            np.testing.assert_array_equal(together[name][place], gradient)
