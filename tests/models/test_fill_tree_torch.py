"""fill_tree on torch: modules, tied weights."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")


def test_tied_weights_of_torch_are_filled_once():
    weight = torch.zeros(3)
    ai.fill_tree({"a": weight, "b": weight.detach()}, {"*": ai.normal()}, key=0)
    np.testing.assert_array_equal(weight, ai.normal()(3, key=ai.key(0).fold_in("a")))
    with pytest.raises(ParameterError, match="must be one for 'a' and 'b', which are one array"):
        ai.fill_tree({"a": weight, "b": weight.detach()}, {"a": "ones", "*": "zeros"}, key=0)
    with pytest.raises(ParameterError, match="must not share memory"):
        ai.fill_tree({"a": weight, "b": weight[:2]}, {"*": "ones"}, key=0)


def test_autograd_sees_that_a_tied_weight_was_written():
    weight = torch.ones(3, requires_grad=True)
    loss = (weight * weight).sum()
    # Of what `.data` gives torch counts the writes on their own.
    ai.fill_tree({"a": weight.data, "b": weight}, {"*": "zeros"}, key=0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    shared = np.ones(3, np.float32)
    view = torch.from_numpy(shared)
    version = view._version
    ai.fill_tree({"a": shared, "b": view}, {"*": "zeros"}, key=0)
    assert view._version > version


def test_a_module_of_torch_is_filled_in_place():
    module = torch.nn.Linear(4, 3)
    parameters = dict(module.named_parameters())
    ai.fill_tree(parameters, {"weight": ai.normal(), "bias": "zeros"}, key=0)
    expected = ai.normal()((3, 4), key=ai.key(0).fold_in("weight"))
    np.testing.assert_array_equal(module.weight.detach().numpy(), expected)
    assert not module.bias.any()
    assert module.weight.requires_grad


def test_views_of_torch_and_of_numpy_are_one_memory():
    weight = torch.zeros(3)
    with pytest.raises(ParameterError, match="must not share memory"):
        ai.fill_tree({"a": weight, "b": weight.numpy()[1:]}, {"*": "ones"}, key=0)
    assert not weight.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_parts_of_torchs_memory(dtype):
    whole = torch.zeros(6, 4, dtype=dtype)
    with pytest.raises(ParameterError, match="as 'a' and 'b' do"):
        ai.fill_tree({"a": whole, "b": whole[1:]}, {"*": "ones"}, key=0)
    ai.fill_tree({"a": whole[:, 0], "b": whole[:, 1:]}, {"a": "ones", "b": "zeros"}, key=0)
    assert whole.sum() == 6


def test_a_model_of_the_meta_device_is_refused():
    with torch.device("meta"):
        model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    parameters = {"real": torch.zeros(3)} | dict(model.named_parameters())
    with pytest.raises(ParameterError, match=r"parameter '0.weight': .* meta .*to_empty"):
        ai.fill_tree(parameters, {"*": ai.ones()}, key=0)
    assert not parameters["real"].any()


def test_a_fake_model():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
        parameters = dict(model.named_parameters())
        ai.fill_tree(parameters, {"*": ai.uniform()}, key=0)
        tied = parameters | {"tied": model[0].weight}
        assert ai.fill_tree(tied, {"*": ai.normal()}, key=0) is tied
        with pytest.raises(ParameterError, match=r"'0.weight' and 'tied', which are one array"):
            ai.fill_tree(tied, {"tied": "ones", "*": "zeros"}, key=0)


def test_memory_in_a_transform_of_torch():
    def filled(x):
        weights = {"a": x.clone(), "b": x.clone()}
        return ai.fill_tree(weights, {"*": ai.normal()}, key=0)["b"]

    x = torch.zeros(2, 3)
    assert torch.equal(torch.func.vmap(filled)(x[None])[0], filled(x))


@pytest.mark.filterwarnings("ignore:::torch", "ignore:torch.quantize")
@pytest.mark.parametrize("kind", ["Linear", "Conv2d", "Embedding"])
def test_layers_that_have_packed_their_weights_are_refused(kind):
    quantized = pytest.importorskip("torch.ao.nn.quantized")
    layer = getattr(quantized, kind)(*(12, 12, 3)[: 3 if kind == "Conv2d" else 2])
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), layer)
    before = model[0].weight.detach().clone()
    with pytest.raises(ai.ParameterError, match="must have no packed weights"):
        ai.fill_tree(model, {"*": ai.normal()}, key=0)
    with pytest.raises(ai.ParameterError, match="must have no packed weights"):
        ai.init_module(model, key=0)
    assert torch.equal(model[0].weight, before)
