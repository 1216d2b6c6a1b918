"""Every optimizer against torch's own, step by step; and torch's two momenta against ours."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.study.training.averages import averaged
from agnostic_init.study.training.optimizers import SGD, AdaGrad, Adam, Momentum, RMSProp

torch = pytest.importorskip("torch")

STEPS, SIZE = 40, 6


def loss(parameter):
    scales = torch.logspace(-2, 1, SIZE, dtype=parameter.dtype)
    return (scales * (parameter - 1.0) ** 2 + torch.cos(3 * parameter)).sum()


def by_torch(make, dtype):
    """A parameter of this loss after every step of an optimizer of torch's."""
    parameter = torch.linspace(-2.0, 3.0, SIZE, dtype=dtype).requires_grad_()
    optimizer, found = make([parameter]), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(parameter).backward()
        optimizer.step()
        found.append(parameter.detach().numpy().copy())
    return np.array(found)


def by_ours(optimizer, dtype):
    """The same of ours; the gradients are autograd's, at where ours is."""
    parameter, found = torch.linspace(-2.0, 3.0, SIZE, dtype=dtype), []
    state = optimizer.start(parameter)
    for count in range(1, STEPS + 1):
        at = parameter.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(at), at)
        parameter, state = optimizer.step(parameter, gradient, state, count)
        found.append(parameter.numpy().copy())
    return np.array(found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(rate=0.02), lambda p: torch.optim.SGD(p, lr=0.02)),
        (Momentum(rate=0.05, beta=0.9), lambda p: torch.optim.SGD(p, lr=0.005, momentum=0.9)),
        (AdaGrad(rate=0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
        (RMSProp(rate=0.01), lambda p: torch.optim.RMSprop(p, lr=0.01)),
        (
            RMSProp(rate=0.01, beta=0.9, epsilon=1e-4),
            lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-4),
        ),
        (Adam(rate=0.05), lambda p: torch.optim.Adam(p, lr=0.05)),
        (
            Adam(rate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3),
            lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3),
        ),
    ],
    ids=lambda each: "" if callable(each) else repr(each),
)
def test_every_step_is_torchs(ours, theirs, dtype):
    wanted = by_torch(theirs, dtype)
    assert np.abs(wanted[-1] - wanted[0]).max() > 0.1, "it did not go anywhere"
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5  # after 40 steps
    np.testing.assert_allclose(by_ours(ours, dtype), wanted, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(by_ours(ours, dtype)[0], wanted[0], rtol=1e-6, atol=1e-6)


def test_torchs_dampened_momentum_is_the_average_that_begins_at_the_first_gradient():
    wanted = by_torch(
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.9), torch.float64
    )
    parameter, average = torch.linspace(-2.0, 3.0, SIZE, dtype=torch.float64), None
    for step in range(STEPS):
        at = parameter.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(at), at)
        average = gradient if average is None else averaged(average, gradient, 0.9)
        parameter = parameter - 0.05 * average
        np.testing.assert_allclose(parameter.numpy(), wanted[step], rtol=1e-10)
    ours = by_ours(Momentum(rate=0.05, beta=0.9), torch.float64)
    assert np.abs(ours - wanted).max() > 0.01, "the two averages should differ"
