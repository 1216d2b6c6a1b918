"""Code of authors that gives parameters other data, or changes many at once."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")
from torch import nn

BEFORE = torch.arange(16.0).view(4, 4)


def layer(change):
    made = nn.Linear(4, 4)
    with torch.no_grad():
        change(made)
    return made


def built(change):
    """By both routes, which agree."""
    model = ai.torch.build(lambda: layer(change), key=0)
    with ai.torch.empty_parameters():
        other = layer(change)
    ai.torch.materialize(other, key=0)
    assert torch.equal(model.weight, other.weight)
    assert torch.equal(model.bias, other.bias)
    return model


def set_weight(value):
    def change(made):
        made.weight.data = value() if callable(value) else value

    return change


def test_data_that_was_drawn_is_drawn_by_the_name():
    model = built(set_weight(lambda: torch.randn(4, 4)))
    expected = ai.normal()((4, 4), key=ai.key(0).fold_in("weight"), like=torch.empty(0))
    assert torch.equal(model.weight, expected)
    assert isinstance(model.weight, nn.Parameter)
    assert model.weight.requires_grad
    scaled = built(set_weight(lambda: torch.randn(4, 4) * 0.5))
    assert torch.equal(scaled.weight, expected / 2)


def test_constants_and_tensors_from_before_are_as_they_were():
    assert torch.equal(built(set_weight(lambda: torch.eye(4))).weight, torch.eye(4))
    model = built(set_weight(BEFORE))
    assert torch.equal(model.weight, BEFORE)
    assert model.weight.data_ptr() == BEFORE.data_ptr()
    assert isinstance(model.weight, nn.Parameter)
    assert torch.equal(BEFORE, torch.arange(16.0).view(4, 4))


def test_data_in_another_dtype_or_shape():
    model = built(set_weight(lambda: torch.zeros(2, 4, dtype=torch.float64)))
    assert model.weight.dtype == torch.float64
    assert model.weight.shape == (2, 4)


def test_data_that_is_written_later():
    def change(made):
        data = torch.zeros(4, 4)
        made.weight.data = data
        data[1:].fill_(2)
        made.weight[0].fill_(3)

    assert built(change).weight[:, 0].tolist() == [3, 2, 2, 2]


def test_parts_of_a_vector():
    vector = built(
        lambda made: nn.utils.vector_to_parameters(torch.arange(20.0), made.parameters())
    )
    assert torch.equal(vector.weight.view(-1), torch.arange(16.0))
    assert torch.equal(vector.bias, torch.arange(16.0, 20.0))


@pytest.mark.parametrize(
    ("change", "low", "high"),
    [
        (lambda made: torch._foreach_mul_(list(made.parameters()), 0.5), -0.25, 0.25),
        (lambda made: torch._foreach_zero_(list(made.parameters())), 0, 0),
        (lambda made: torch._foreach_add_(list(made.parameters()), 2.0), 1.5, 2.5),
    ],
)
def test_several_at_once(change, low, high):
    model = built(change)
    for each in (model.weight, model.bias):
        assert low <= each.min()
        assert each.max() <= high
        assert (each.min() < each.max()) == (low < high)


@pytest.mark.parametrize("name", ["apply_", "map_", "map2_"])
def test_functions_of_single_values_are_refused(name):
    """Torch calls them for no element of a tensor without memory, and says nothing."""
    others = {"apply_": 0, "map_": 1, "map2_": 2}[name]

    def change(made):
        getattr(made.weight.data, name)(*[torch.ones(4, 4)] * others, lambda *_: 1.0)

    with pytest.raises(ParameterError, match=rf"must not call `{name}` of parameters.*add_"):
        ai.torch.build(lambda: layer(change), key=0)
    with pytest.raises(ParameterError, match=name), ai.torch.empty_parameters():
        layer(change)


@pytest.mark.parametrize("part", [torch.view_as_real, lambda made: made.imag])
def test_a_parameter_that_is_a_real_view_of_complex_numbers(part):
    def make():
        model = nn.Module()
        model.w = nn.Parameter(part(torch.randn(10, dtype=torch.complex64)))
        return model

    drawn = ai.torch.build(make, key=0).w
    assert (drawn != 0).all()
    assert drawn.stride() == make().w.stride()
