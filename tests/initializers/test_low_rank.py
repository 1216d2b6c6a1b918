"""Low-rank pairs: they begin as nothing, and learn at once."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

SHAPES = {"q.lora_A": (4, 32), "q.lora_B": (16, 4)}


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_the_product_is_zero_and_the_first_gradient_is_not(name, distribution):
    xp = pytest.importorskip(name)
    rules = {"*.lora_A": ai.lora_a(distribution), "*.lora_B": "zeros"}
    a, b = ai.init_tree(SHAPES, rules, key=0, xp=xp).values()
    assert bool((b @ a == 0).all())
    x, slope = ai.normal()((32, 8), key=1, xp=xp), ai.normal()((16, 8), key=2, xp=xp)
    of_a, of_b = b.T @ slope @ x.T, slope @ (a @ x).T  # of the sum of slope * (b @ a @ x)
    assert bool((of_a == 0).all())
    assert float(abs(of_b).min()) > 0
    # After one step of gradient descent on B, that of A is none either.
    assert float(abs((b - of_b).T @ slope @ x.T).max()) > 0
    if name == "torch":
        a.requires_grad_()
        b.requires_grad_()
        (slope * (b @ a @ x)).sum().backward()
        xp.testing.assert_close(b.grad, of_b)
        assert bool((a.grad == 0).all())


def test_the_std_is_that_of_peft():
    assert ai.lora_a().describe((4, 32)).high == 32**-0.5
    assert ai.lora_a("normal").describe((4, 32)).std == 0.25
    assert ai.lora_a("normal", "keras").describe((32, 4)).std == 0.25
    assert ai.lora_a("uniform", "keras").describe((32, 4)).high == 32**-0.5
    assert ai.get("lora_a") == ai.torch_default()


@pytest.mark.parametrize("prior", [0.01, 0.5, [0.2, 0.9, 0.001]])
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_detector_begins_with_its_prior(name, prior):
    xp = pytest.importorskip(name)
    bias = ai.class_prior(prior)(3, xp=xp, dtype="float64")
    np.testing.assert_allclose(1 / (1 + np.exp(-np.asarray(bias))), prior, rtol=1e-12)


def test_a_classifier_begins_at_the_entropy_of_its_classes():
    p = np.array([0.7, 0.2, 0.06, 0.04])
    bias = ai.class_prior(p, "softmax")(4, dtype="float64")
    logits = bias - np.log(np.exp(bias).sum())
    np.testing.assert_allclose(np.exp(logits), p)
    entropy = -(p * np.log(p)).sum()
    assert -(p * logits).sum() == pytest.approx(entropy)
    assert entropy < np.log(4)  # where zeros begin
    assert ai.class_prior(p.tolist(), "softmax").describe((5, 4)).distribution == "constant"
