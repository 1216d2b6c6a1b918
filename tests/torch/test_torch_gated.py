"""Initializers for gates, given to layers that have others."""

from __future__ import annotations

import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")
nn = torch.nn
LSTM = ai.gates("orthogonal", "torch")
GRU = ai.gates("orthogonal", "torch", cell="gru")


@pytest.mark.parametrize(
    ("layer", "pattern", "init", "said"),
    [
        (nn.GRU(4, 8), "weight_hh_l0", LSTM, "must have the 3 gates of a GRU, got '4 blocks'"),
        (nn.GRUCell(4, 8), "*_ih", ai.gates("zeros", "torch"), "cell='gru'"),
        (nn.GRU(4, 8), "bias_*", ai.forget_bias("torch", biases=2), "the 3 gates of a GRU"),
        (nn.LSTM(4, 12), "weight_*", GRU, "must have the 4 gates of a LSTM, got '3 blocks'"),
        (nn.LSTM(4, 8, proj_size=4), "weight_hr*", LSTM, "must have no gates (LSTM)"),
        (nn.RNN(4, 8), "weight_*", LSTM, "must have no gates (RNN), got '4 blocks'"),
        (nn.LSTM(8, 8), "weight_*", ai.gates("orthogonal", "keras"), "axis 0, got -1"),
    ],
)
def test_gates_that_a_layer_has_not(layer, pattern, init, said):
    before = {name: each.detach().clone() for name, each in layer.named_parameters()}
    for model in (layer, nn.Sequential(layer)):
        rules = {pattern if model is layer else f"0.{pattern}": init}
        with pytest.raises(ai.arrays.errors.ParameterError) as caught:
            ai.init_module(model, key=0, rules=rules)
        assert said in str(caught.value)
    with pytest.raises(ai.arrays.errors.ParameterError):
        ai.torch.build(lambda: layer, key=0, rules={pattern: init})
    assert all(torch.equal(each, before[name]) for name, each in layer.named_parameters())


@pytest.mark.parametrize(
    ("layer", "rules"),
    [
        (nn.GRU(4, 8), {"weight_*": GRU}),
        (nn.LSTM(4, 8), {"weight_*": LSTM, "bias_*": ai.forget_bias("torch", biases=2)}),
        (nn.GRU(4, 8), {"weight_hh*": ai.blocks(["zeros", "ones"], sizes=(4, 20))}),
        (nn.RNN(4, 8), {"weight_hh*": ai.blocks(["zeros", "ones"])}),
        (nn.Linear(4, 12), {"weight": LSTM}),
    ],
)
def test_gates_that_a_layer_has(layer, rules):
    assert ai.init_module(layer, key=0, rules=rules) is layer
