"""The convention of GPT-2, whose weights depend on the depth, for a part of a model."""

from __future__ import annotations

import math

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")
nn = torch.nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(32, 96), nn.Linear(32, 32)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(32, 128), "c_proj": nn.Linear(128, 32)})


def stage(*numbers):
    """Layers with the numbers that they have in the whole model."""
    return nn.ModuleDict({"h": nn.ModuleDict({str(n): Block() for n in numbers})})


def values(model):
    return {name: each.detach().clone() for name, each in model.named_parameters()}


def test_a_stage_alone_has_the_weights_of_the_whole():
    whole = values(ai.init_module(stage(*range(6)), key=7, conventions="gpt2"))
    assert whole["h.0.mlp.c_proj.weight"].std() == pytest.approx(0.02 / math.sqrt(12), rel=0.05)
    for numbers in (range(3), range(3, 6)):
        part = values(ai.init_module(stage(*numbers), key=7, conventions="gpt2", layers=6))
        assert all(torch.equal(each, whole[name]) for name, each in part.items())


def test_a_part_by_its_numbers_is_not_taken_for_the_whole():
    for numbers in ((3, 4, 5), (0, 1, 5), (1,)):
        model = stage(*numbers)
        before = values(model)
        with pytest.raises(ParameterError, match=r"`layers` must be given for 'gpt2' where .*'h'"):
            ai.init_module(model, key=7, conventions="gpt2")
        assert all(torch.equal(each, before[name]) for name, each in values(model).items())
    behind = nn.Sequential(nn.Embedding(5, 32), Block(), Block())  # whose first is no layer
    ai.init_module(behind, key=7, conventions="gpt2")


@pytest.mark.parametrize(
    ("layers", "conventions", "error", "said"),
    [
        (0, "gpt2", ParameterError, "`layers` must be"),
        (2.5, "gpt2", (ParameterError, ParameterTypeError), "`layers` must be"),
        (6, "torch", ParameterError, "must be None where no convention depends on the depth"),
    ],
)
def test_bad_layers(layers, conventions, error, said):
    with pytest.raises(error) as caught:
        ai.init_module(stage(0), key=7, conventions=conventions, layers=layers)
    assert said in str(caught.value)
