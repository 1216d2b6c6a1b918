"""Factors by depth: the property that each of them exists for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import agnostic_init as ai

scales = ai.scales
DEPTHS = [1, 2, 12, 96, 1000]
WIDTH = 48


@pytest.fixture(params=["numpy", "torch"])
def library(request):
    return pytest.importorskip(request.param)


def stream(library, layers, factor):
    """The variance of a residual stream of `layers` linear branches, which begins at 1."""
    shape, key = (128, 128), ai.key(3)
    x = ai.normal()((128, 32), key=key.fold_in("x"), xp=library)
    for layer in range(layers):
        x = (
            x
            + ai.lecun_normal("torch").times(factor(layer))(
                shape, key=key.fold_in(layer), xp=library
            )
            @ x
        )
    return float((x * x).mean())


def test_branches_of_gpt2_add_up_to_one_whatever_the_depth(library):
    found = [stream(library, 2 * n, lambda _, n=n: scales.gpt2_residual(n)) for n in (1, 4, 16)]
    # (1 + 1 / N)^N, between 2 and e
    assert all(1.9 < each < 2.9 for each in found)
    assert stream(library, 16, lambda _: 1.0) > 1e4


@pytest.mark.parametrize("layers", DEPTHS)
def test_by_depth_ends_at_gpt2(layers):
    assert scales.by_depth(layers - 1) == scales.gpt2_residual(layers)
    assert scales.by_depth(layers - 1, branches=1) == 1 / math.sqrt(layers)
    assert scales.by_depth(0, branches=1) == 1.0


@pytest.mark.parametrize("layers", DEPTHS)
def test_the_bound_of_deepnorm_does_not_depend_on_the_depth(layers):
    """The paper's bound of the update, for branches whose two weights have the factor beta."""
    for part, given in (("encoder", {"encoder": layers}), ("decoder", {"decoder": layers})):
        alpha, beta = (each(part, **given) for each in (scales.deepnorm_residual, scales.deepnorm))
        assert 2 * layers * 2 * beta**2 / alpha**2 == pytest.approx(1.0)
    for other in DEPTHS:
        both = {"encoder": other, "decoder": layers}
        alpha, beta = (
            each("decoder", **both) for each in (scales.deepnorm_residual, scales.deepnorm)
        )
        assert 3 * layers * 2 * beta**2 / alpha**2 == pytest.approx(1.0)
        # What the encoder's update does by way of the decoder's attention to it.
        into = layers * beta**2 / alpha
        alpha, beta = (
            each("encoder", **both) for each in (scales.deepnorm_residual, scales.deepnorm)
        )
        assert into * 2 * other * 2 * beta**2 / alpha**2 == pytest.approx(1.0, rel=0.02)


def update(layers, deep):
    """How far one step of gradient descent moves the output of a post-norm network."""
    torch = pytest.importorskip("torch")
    alpha = scales.deepnorm_residual(encoder=layers) if deep else 1.0
    init = ai.xavier_normal().times(scales.deepnorm(encoder=layers) if deep else 1.0)
    shapes = {f"{n}.{part}": (WIDTH, WIDTH) for n in range(2 * layers) for part in "vw"}
    weights = ai.init_tree(shapes, {"*": init}, key=0, xp=torch, dtype="float64")
    pairs = [(weights[f"{n}.v"], weights[f"{n}.w"]) for n in range(2 * layers)]

    def output(x):
        for v, w in pairs:
            x = torch.nn.functional.layer_norm(alpha * x + torch.relu(x @ v.T) @ w.T, (WIDTH,))
        return x

    x, slope = (ai.normal()((16, WIDTH), key=n, xp=torch, dtype="float64") for n in (1, 2))
    for each in weights.values():
        each.requires_grad_()
    before = output(x)
    (before * slope / 16).sum().backward()
    with torch.no_grad():
        for each in weights.values():
            each.sub_(each.grad, alpha=1e-3)
        return float((output(x) - before).square().mean().sqrt())


def test_updates_of_deepnorm_are_bounded_where_those_of_post_norm_grow():
    deep = [update(layers, deep=True) for layers in (2, 6, 18)]
    assert max(deep) < 1.5 * min(deep)
    plain = [update(layers, deep=False) for layers in (2, 6, 18)]
    assert plain[1] > 2 * plain[0]
    assert plain[2] > 2 * plain[1]


@pytest.mark.parametrize("layers", DEPTHS)
def test_the_terms_of_t_fixup_add_up_to_one(layers):
    """Of every sublayer v^2 w^2, v^2 x^2 and w^2 x^2, where x is an embedding: what one step moves."""
    embedding = scales.t_fixup("embedding", layers) ** 2
    for part, sublayers in (("encoder", 2), ("decoder", 3)):
        square = scales.t_fixup(part, layers) ** 2
        terms = square * square + 2 * square * embedding
        assert sublayers * layers * terms == pytest.approx(1.0, rel=0.002)


def slopes_of_fixup(library, branches, layers, factor):
    """The squares of the gradients of one output by the zero weights, summed over all branches."""
    key, total = ai.key(5), 0.0
    x = ai.normal()((WIDTH, 1), key=key.fold_in("x"), xp=library)
    for branch in range(branches):
        h = x  # every branch is zero
        for layer in range(layers - 1):
            init = ai.kaiming_normal(nonlinearity="relu").times(factor)
            w = init((WIDTH, WIDTH), key=key.fold_in(branch).fold_in(layer), xp=library)
            h = w @ h
            h = h * (h > 0)
        total += float((h * h).mean())
    return total


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_one_step_of_fixup_moves_the_output_alike_at_any_depth(library, layers):
    found = [slopes_of_fixup(library, n, layers, scales.fixup(n, layers)) for n in (8, 64)]
    assert found[1] == pytest.approx(found[0], rel=0.4)
    assert slopes_of_fixup(library, 64, layers, 1.0) > 5 * slopes_of_fixup(library, 8, layers, 1.0)
    for branches in DEPTHS:
        assert branches * scales.fixup(branches, layers) ** (2 * layers - 2) == pytest.approx(1.0)


def test_zero_gamma_and_layer_scale_begin_at_the_identity(library):
    x, branch = (ai.normal()((8, WIDTH), key=n, xp=library) for n in (0, 1))
    gamma = ai.zeros()(WIDTH, xp=library)
    assert bool((x + gamma * branch == x).all())
    small = ai.scaled("ones", {"name": "layer_scale", "depth": 24})(WIDTH, xp=library)
    assert float(abs(x + small * branch - x).max()) < 1e-4
    assert [scales.layer_scale(n) for n in (12, 18, 19, 24, 25, 36)] == [
        *(0.1, 0.1, 1e-5, 1e-5, 1e-6, 1e-6)
    ]


@pytest.mark.parametrize("width", [64, 768, 6144])
def test_std_by_width(width):
    assert scales.small_init(width) == pytest.approx(
        ai.xavier_normal().describe((4 * width, width)).std
    )
    lecun = ai.lecun_normal("torch").describe((width, width)).std
    # Its 2 L branches add up to 8 / L.
    assert 2 * 44 * (scales.wang(width, 44) / lecun) ** 2 == pytest.approx(8 / 44)


@pytest.mark.parametrize("shape", [(128, 128), (32, 256), (256, 32), (8, 512)], ids=str)
def test_the_norm_of_a_weight_is_what_features_ask_for(library, shape):
    m, n = shape
    target = math.sqrt(m / n)
    w = ai.scaled("normal", "spectral", layout="torch")(shape, key=0, xp=library)
    assert 1.0 < np.linalg.norm(np.asarray(w), 2) / target < 2.1
    q = ai.scaled("orthogonal", "spectral_norm", layout="torch")(shape, key=0, xp=library)
    np.testing.assert_allclose(np.linalg.svd(np.asarray(q), compute_uv=False), target, rtol=1e-5)
