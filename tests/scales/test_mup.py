"""Maximal update parametrization: one step moves every layer alike, however wide it is."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

BASE, INPUTS, OUTPUTS, RATE = 64, 16, 8, 1e-3
NAMES = ("embedding", "hidden", "deeper", "output")


def shapes(width):
    sizes = (INPUTS, width, width, width, OUTPUTS)
    return dict(zip(NAMES, zip(sizes[1:], sizes[:-1], strict=True), strict=True))


def moved(library, width, mup, steps=1):
    """How far some steps move what each layer computes, as the root of its mean square.

    A step is Adam's without its averages: the sign of the gradient.
    """
    xp, key = library, ai.key(0)
    inits = {
        name: ai.mup("kaiming_normal", base) if mup else ai.kaiming_normal()
        for name, base in shapes(BASE).items()
    }
    given = shapes(width)
    weights = {n: inits[n](given[n], key=key.fold_in(n), xp=xp) for n in NAMES}
    rates = {n: RATE * (inits[n].learning_rate(given[n]) if mup else 1.0) for n in NAMES}
    multiplier = inits["output"].multiplier(given["output"]) if mup else 1.0
    x, wanted = (ai.normal()((n, 32), key=key.fold_in(n), xp=xp) for n in (INPUTS, OUTPUTS))

    def forward():
        found = [x]
        for name in NAMES[:-1]:
            h = weights[name] @ found[-1]
            found.append(h * (h > 0))
        return [*found, multiplier * (weights["output"] @ found[-1])]

    before = forward()
    for _ in range(steps):
        found = forward()
        slope = (found[-1] - wanted) * (2 * multiplier / wanted.shape[0] / wanted.shape[1])
        for name, h in zip(NAMES[::-1], found[-2::-1], strict=True):
            own = slope @ h.T
            slope = (weights[name].T @ slope) * (h > 0)
            weights[name] = weights[name] - rates[name] * xp.sign(own)
    return [
        float(((a - b) ** 2).mean()) ** 0.5 for a, b in zip(forward()[1:], before[1:], strict=True)
    ]


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_activations_move_alike_at_every_width(name, steps):
    library = pytest.importorskip(name)
    widths = (64, 192, 576)
    narrow, middle, wide = (moved(library, width, True, steps) for width in widths)
    np.testing.assert_allclose(wide, middle, rtol=0.3)
    np.testing.assert_allclose(middle, narrow, rtol=0.3)
    if steps == 1:
        narrow, middle, wide = (moved(library, width, False) for width in widths)
        for low, high in ((narrow, middle), (middle, wide)):
            assert all(b > 2.5 * a for a, b in zip(low[1:], high[1:], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_activations_move_alike_up_to_a_width_of_4096(name):
    library = pytest.importorskip(name)
    found = [moved(library, width, True, 2) for width in (256, 1024, 4096)]
    np.testing.assert_allclose(found[2], found[1], rtol=0.2)
    np.testing.assert_allclose(found[2], found[0], rtol=0.5)
    assert moved(library, 4096, False)[-1] > 20 * moved(library, 256, False)[-1]


def test_at_the_base_shape_nothing_changes():
    for init in (ai.normal(std=0.02), ai.kaiming_normal(), ai.orthogonal()):
        one = ai.mup(init, base=(48, 64))
        assert np.array_equal(one((48, 64), key=0), init((48, 64), key=0))
        assert one.multiplier((48, 64)) == one.learning_rate((48, 64), "sgd") == 1.0


def test_table_8():
    hidden, wide = ai.mup(ai.normal(std=0.02), base=(64, 128)), (256, 512)
    assert hidden.role(wide) == "hidden"
    assert hidden.describe(wide).std == 0.01
    assert (hidden.multiplier(wide), hidden.learning_rate(wide)) == (1.0, 0.25)
    assert hidden.learning_rate(wide, "sgd") == 1.0
    assert hidden.learning_rate((256, 128 * 8), "sgd") == 0.5
    output = ai.mup(ai.normal(std=0.02), base=(10, 64))
    assert output.role((10, 256)) == "output"
    assert output.describe((10, 256)).std == 0.02
    assert (output.multiplier((10, 256)), output.learning_rate((10, 256))) == (0.25, 1.0)
    assert output.learning_rate((10, 256), "sgd") == 4.0
    table = ai.mup(ai.normal(std=0.02), base=(1000, 64), layout="i o")
    assert table.role((1000, 256)) == "embedding"
    assert table.describe((1000, 256)).std == 0.02
    assert (table.multiplier((1000, 256)), table.learning_rate((1000, 256), "sgd")) == (1.0, 4.0)
    bias = ai.mup(ai.normal(std=0.02), base=64)
    assert bias.role((256,)) == "embedding"
    assert bias.describe(256).std == 0.02
    assert bias.learning_rate(256, "sgd") == 4.0


def test_what_goes_with_the_fan_already_does_so_by_itself():
    """A hidden weight of Kaiming's is the same without; an output has what it has at the base."""
    hidden = ai.mup("kaiming_normal", base=(64, 64))
    assert hidden.describe((512, 512)).std == pytest.approx(
        ai.kaiming_normal().describe((512, 512)).std
    )
    output = ai.mup("kaiming_normal", base=(10, 64))
    assert output.describe((10, 512)).std == pytest.approx(
        ai.kaiming_normal().describe((10, 64)).std
    )


@pytest.mark.parametrize("shape", [(1, 1), (4, 4)])
def test_a_base_shape_that_the_initializer_cannot_make_is_refused(shape):
    init = ai.mup(ai.alibi_biases(), base=(4, 4))
    for call in (lambda: init(shape, key=0), lambda: init.describe(shape)):
        with pytest.raises(ai.ParameterError, match="must have 3 axes or more for alibi_biases"):
            call()
