"""Canonical names of torch's modules. Keys are made of them: no expected name here may ever change."""

from __future__ import annotations

import pytest

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")

from tests.models.torch_wrapping import (
    BUFFERS,
    NAMES,
    WITH_PARAMETRIZATIONS,
    WRAPPERS,
    Block,
    Net,
    wrapped,
)
from torch import nn

from agnostic_init.models.torch_names import canonical_names, named_tensors, places

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.* is (deprecated|not supported)"),
]


def names(module, buffers=False):
    return [each.name for each in named_tensors(module, buffers=buffers)]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_the_names_are_those_of_the_bare_model(wrapper):
    model = wrapped(wrapper)
    assert names(model) == NAMES
    averaged = ["n_averaged"] if wrapper == "AveragedModel" else []
    assert names(model, buffers=True) == NAMES + averaged + BUFFERS
    for each in named_tensors(model, buffers=True):
        assert getattr(each.module, each.attribute) is each.tensor


@pytest.mark.parametrize("wrapper", WITH_PARAMETRIZATIONS)
def test_a_weight_that_is_computed_gives_its_name_to_what_it_is_computed_of(wrapper):
    expected = set()
    for name in NAMES:
        halved = "weight_norm" in wrapper and ("module.w" in name or "base_layer" in name)
        expected |= {name, f"{name}.original0"} if halved else {name}
    assert set(names(wrapped(wrapper))) == expected


def test_older_and_newer_weight_norm_number_alike():
    sizes = [
        {each.name: each.tensor.shape for each in named_tensors(wrapped(name))}
        for name in ("weight_norm", "old weight_norm")
    ]
    assert sizes[0] == sizes[1]
    assert sizes[0]["blocks.0.module.weight.original0"] == (3, 1)


@pytest.mark.parametrize("wrapper", WRAPPERS | WITH_PARAMETRIZATIONS)
def test_every_name_that_torch_has_leads_to_the_canonical_one(wrapper):
    model = wrapped(wrapper)
    found = canonical_names(model)
    canonical = {id(each.tensor): each.name for each in named_tensors(model, buffers=True)}
    named = [
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(remove_duplicate=False),
    ]
    saved = model.state_dict(keep_vars=True).items()
    for name, tensor in [*named, *saved]:
        assert found[name] == canonical[id(tensor)]
    assert all(found[name] == name for name in canonical.values())
    assert len([name for name, its in found.items() if its == "emb.weight"]) >= 2


def test_a_wrapper_is_known_by_its_class_alone():
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module
            self._orig_mod = nn.Linear(2, 2, bias=False)
            self.parametrizations = nn.ModuleDict({"weight": nn.Linear(2, 2, bias=False)})

    assert names(Wrapper(nn.Linear(2, 2))) == [
        "module.weight",
        "module.bias",
        "_orig_mod.weight",
        "parametrizations.weight.weight",
    ]


def test_a_tensor_that_only_looks_like_an_original_keeps_its_name():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.original = nn.Parameter(torch.zeros(2))
            self.weight_orig = nn.Parameter(torch.zeros(2))
            self.weight_g = nn.Parameter(torch.zeros(2))

    assert names(Layer()) == ["original", "weight_orig", "weight_g"]


def test_what_is_shared_has_the_first_name():
    block = Block()
    model = nn.Sequential(block, nn.Linear(3, 3, bias=False), block)
    model[1].weight = block.base_layer.weight
    assert names(model) == [name for name, _ in model.named_parameters()]
    assert canonical_names(model)["2.base_layer.weight"] == "0.base_layer.weight"
    assert [place.name for place in places(model)] == [name for name, _ in model.named_modules()]


def test_a_module_inside_itself():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].parent = [model]
    model.itself = model
    assert names(model) == ["0.weight", "0.bias"]


def test_a_parameter_that_is_a_buffer_too():
    layer = nn.Linear(2, 2, bias=False)
    layer.register_buffer("seen", layer.weight)
    assert names(layer, buffers=True) == ["weight"]


def test_two_tensors_of_one_name_are_refused():
    model = torch.optim.swa_utils.AveragedModel(nn.BatchNorm1d(3))
    model.module.register_buffer("n_averaged", torch.zeros(1))
    assert names(model) == ["weight", "bias"]
    with pytest.raises(ParameterError, match=r"must have one tensor of a name.*'n_averaged'"):
        names(model, buffers=True)


@pytest.mark.parametrize("given", [None, {"weight": 1}, nn.Linear, iter(())])
def test_what_is_no_module_is_refused(given):
    with pytest.raises(ParameterTypeError, match="must be a module of torch"):
        named_tensors(given)


def test_a_scripted_module():
    assert names(torch.jit.script(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))), True) == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
    ]


def test_several_wrappers_of_a_lazy_module():
    model = nn.DataParallel(nn.Sequential(nn.LazyLinear(3), Net()))
    assert names(model)[:3] == ["0.weight", "0.bias", "1.emb.weight"]
