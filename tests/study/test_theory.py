"""Fixed points, phases and the edge of chaos, against what is published or known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.gains.gain import gain
from agnostic_init.study import critical_line, edge_of_chaos, phase
from agnostic_init.study.gaussian import covariance, moments
from agnostic_init.study.nonlinearity import nonlinearity


@pytest.mark.parametrize("name", ["relu", "tanh", "elu", "silu", "hardtanh", "leaky_relu"])
def test_moments_are_those_of_the_gains(name):
    found = moments(nonlinearity(name), 0.0, 1.0)
    assert found.square == pytest.approx(gain(name, rule="forward") ** -2, rel=1e-5)
    assert found.slope == pytest.approx(gain(name, rule="backward") ** -2, rel=1e-3)


@pytest.mark.parametrize("c", [-0.9, -0.3, 0.0, 0.5, 0.99])
def test_the_covariance_of_the_relu_is_the_arc_cosine_kernel(c):
    known = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / (2 * math.pi)
    assert covariance(nonlinearity("relu"), 0.0, 1.0, c) == pytest.approx(known, abs=1e-3)


def test_the_critical_line_of_tanh_is_the_published_one():
    # Schoenholz et al. 2017, figure 5: sigma_b^2 = 0.05 is critical at sigma_w^2 = 1.76.
    sigma_w, q = edge_of_chaos("tanh", math.sqrt(0.05))
    assert sigma_w**2 == pytest.approx(1.76, abs=0.005)
    assert phase("tanh", sigma_w, math.sqrt(0.05)).variance == pytest.approx(q, rel=1e-3)
    assert edge_of_chaos("tanh")[0] == pytest.approx(1.0)
    ((weights, bias),) = critical_line("tanh", [q])
    assert (weights, bias) == (pytest.approx(sigma_w), pytest.approx(math.sqrt(0.05)))


def test_the_line_of_the_relu_is_a_point():
    assert {(round(w, 9), b) for w, b in critical_line("relu")} == {(1.414213562, 0.0)}
    assert edge_of_chaos("relu")[0] == pytest.approx(2**0.5)
    with pytest.raises(ai.ParameterError, match=r"`sigma_b` must be .* critical line of relu"):
        edge_of_chaos("relu", 0.1)


def test_phases():
    assert phase("tanh", 0.8).name == "ordered"
    assert phase("tanh", 0.8).variance == 0.0
    chaotic = phase("tanh", 2.0)
    assert chaotic.name == "chaotic"
    assert chaotic.similarity == pytest.approx(0, abs=1e-6)
    assert phase("tanh", 2.0, 0.2).similarity > 0.01
    assert phase("relu", 2**0.5).depth_of_gradients == math.inf
    assert phase("relu", 1.0).depth_of_gradients == pytest.approx(1 / math.log(2))
    assert phase("selu", 2.0).to_dict()["variance"] == "inf"
    assert str(phase("relu", 1.0)).startswith("ordered: the second moment of gradients")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: phase("rely", 1), ai.ParameterError, r"`activation` must be .*; try: 'relu'"),
        (lambda: phase(3, 1), ai.ParameterTypeError, "must be a name or a function"),
        (lambda: phase(np.sum, 1), ai.ParameterError, "must keep the shape"),
        (lambda: phase(np.log, 1), ai.ParameterError, r"must be finite on \[-3, 3\]"),
        (lambda: phase(math.tanh, 1), ai.ParameterTypeError, "must take a float64 NumPy array"),
        (lambda: phase("relu", -1), ai.ParameterError, "`sigma_w` must be a standard deviation"),
        (lambda: phase("relu", 1e200), ai.ParameterError, "`sigma_w` must be at most 1e"),
        (lambda: phase("relu", 1, 1e200), ai.ParameterError, "`sigma_b` must be at most 1e"),
        (lambda: phase("relu", math.nan), ai.ParameterError, "`sigma_w` must be finite"),
        (lambda: critical_line("tanh", [0]), ai.ParameterError, "`variances` must be positive"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
