"""The steps of a stack, forward and backward, against torch's own and its autograd."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agnostic_init.arrays.target import resolve
from agnostic_init.bits.key import key
from agnostic_init.gains.activations import activation_names
from agnostic_init.study import Stack, signal
from agnostic_init.study.network import block_of

F = torch.nn.functional
KERNEL = 3


def same_in_torch(stack, blocks, x):
    """What a stack does, in torch's functions; weights and channels as torch has them."""
    for block in blocks:
        around, weights = x, iter(block.steps)
        for kind, step in zip(stack.block, weights, strict=True):
            if kind == "dense":
                x = F.linear(x, step.weight, step.bias)
            elif kind == "convolution":
                padded = F.pad(x.movedim(-1, 1), (1, 1, 1, 1), mode="circular")
                x = F.conv2d(padded, step.weight, step.bias).movedim(1, -1)
            elif kind == "batch_norm":
                x = F.batch_norm(x.movedim(-1, 1), None, None, training=True).movedim(1, -1)
            elif kind == "layer_norm":
                x = F.layer_norm(x, x.shape[1:])
            elif kind == "rms_norm":
                x = F.rms_norm(x, x.shape[1:], eps=1e-5)
            else:
                x = getattr(F, step.function.name, torch.tanh)(x)
        x = x if stack.residual is None else around + stack.residual * x
    return x


@pytest.mark.parametrize(
    ("block", "residual", "activation"),
    [
        (("dense", "activation"), None, "relu"),
        (("dense", "activation"), None, "gelu"),
        (("dense", "batch_norm", "activation"), None, "tanh"),
        (("layer_norm", "dense", "activation", "dense"), 0.7, "silu"),
        (("dense", "rms_norm", "activation"), 1.0, "elu"),
        (("convolution", "activation"), None, "relu"),
        (("convolution", "batch_norm", "activation"), 1.0, "softplus"),
        (("layer_norm", "convolution", "activation"), None, "tanh"),
    ],
)
def test_values_gradients_and_jacobians_are_those_of_autograd(block, residual, activation):
    stack = Stack(
        depth=3,
        width=5,
        block=block,
        residual=residual,
        activation=activation,
        bias="normal",
        grid=(4, 3),
    )
    target = resolve(xp=torch, dtype="float64")
    xp = target.library.xp
    blocks = [block_of(stack, i, key(5), target) for i in range(3)]
    shape = (4, 4, 3, 5) if stack.is_spatial else (4, 5)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, generator=generator)
    ours, traces = x, []
    for each in blocks:
        ours, trace = each.forward(xp, ours)
        traces.append(trace)

    weights = [weight.requires_grad_() for each in blocks for weight in each.weights]
    leaf = x.clone().requires_grad_()
    theirs = same_in_torch(stack, blocks, leaf)
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-10, atol=1e-10)

    g = torch.randn(shape, dtype=torch.float64, generator=generator)
    expected = torch.autograd.grad(theirs, [leaf, *weights], g)
    found, made = g, []
    with torch.no_grad():
        for each, trace in zip(reversed(blocks), reversed(traces), strict=True):
            found = each.back(xp, found, trace, made)
    torch.testing.assert_close(found, expected[0], rtol=1e-9, atol=1e-9)
    for ours, theirs in zip(reversed(made), expected[1:], strict=True):
        # Taps stand first in those of convolutions.
        same = ours.movedim(0, -1).reshape(theirs.shape) if ours.ndim == 3 else ours
        torch.testing.assert_close(same, theirs, rtol=1e-9, atol=1e-9)


def test_singular_values_are_those_of_the_jacobian_of_autograd():
    stack = Stack(depth=2, width=6, block=("dense", "layer_norm", "activation"), activation="tanh")
    found = signal(stack, key=2, xp=torch, dtype="float64", examples=3)
    target = resolve(xp=torch, dtype="float64")
    blocks = [block_of(stack, i, key(2).fold_in("weights"), target) for i in range(2)]
    from agnostic_init.draws import normal

    x = normal((3, 6), key=key(2).fold_in("input"), xp=torch, dtype="float64")[:1]
    jacobian = torch.autograd.functional.jacobian(lambda x: same_in_torch(stack, blocks, x), x)
    expected = torch.linalg.svdvals(jacobian.reshape(6, 6))
    np.testing.assert_allclose(found.singular_values, expected.numpy(), rtol=1e-8, atol=1e-10)


def test_every_activation_has_the_slope_that_its_values_have():
    assert {"relu", "gelu"} <= set(activation_names())
    z = torch.linspace(-5, 5.01, 23, dtype=torch.float64)
    for name in (
        "relu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "elu",
        "selu",
        "hardswish",
        "softsign",
    ):
        from agnostic_init.study.nonlinearity import nonlinearity

        ours, leaf = nonlinearity(name), z.clone().requires_grad_()
        values = getattr(F, name)(leaf)
        torch.testing.assert_close(ours.value(z), values.detach(), rtol=1e-9, atol=1e-9)
        (slopes,) = torch.autograd.grad(values.sum(), leaf)
        torch.testing.assert_close(ours.slope(z), slopes, rtol=1e-8, atol=1e-9)
