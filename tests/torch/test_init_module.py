"""init_module: a module that exists, by the types of its layers."""

from __future__ import annotations

import copy
import types

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")

from tests.models.torch_wrapping import WITH_PARAMETRIZATIONS, WRAPPERS, Net, wrapped
from torch import nn

from agnostic_init.models.torch_names import named_tensors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")


def values(model):
    found = named_tensors(model, buffers=True)
    return {each.name: each.tensor.detach().numpy().copy() for each in found}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.fixture(scope="module")
def bare():
    return ai.init_module(Net(), key=7)


def test_the_keys_are_those_of_fill_tree(bare):
    bound = 3**-0.5
    expected = ai.uniform(-bound, bound)((3, 3), key=ai.key(7).fold_in("blocks.0.module.weight"))
    np.testing.assert_allclose(bare.blocks[0].module.weight.detach(), expected, rtol=1e-6)
    assert bare.head.weight is bare.emb.weight
    expected = ai.normal()((5, 3), key=ai.key(7).fold_in("emb.weight"))
    np.testing.assert_array_equal(bare.emb.weight.detach(), expected)


class Layers(nn.Module):
    """One of each, of which torch's own building draws in no other way."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(7, 5)
        self.convolution = nn.Conv2d(4, 6, 3, groups=2)
        self.bilinear = nn.Bilinear(3, 2, 4)
        self.embedding = nn.Embedding(9, 4, padding_idx=1)
        self.attention = nn.MultiheadAttention(6, 2)
        self.recurrent = nn.LSTM(3, 5, proj_size=2)
        self.norm = nn.BatchNorm1d(3)
        self.slope = nn.PReLU()
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))


def test_the_bits_are_those_of_build():
    built = ai.torch.build(Layers, key=7)
    assert_equal(values(ai.init_module(Layers(), 7)), values(built))


def test_twice_is_the_same_and_torchs_seed_is_nothing_to_it(bare):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert_equal(values(ai.init_module(Net(), 7)), values(bare))
    torch.manual_seed(5)
    Net()
    assert not torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapped_and_bare_agree(wrapper, bare):
    found = values(ai.init_module(wrapped(wrapper), 7))
    assert found.pop("n_averaged", 0) == 0
    assert_equal(found, values(bare))


@pytest.mark.parametrize("wrapper", ["weight_norm", "old weight_norm", "spectral_norm"])
def test_computed_weights(wrapper, bare):
    model = ai.init_module(wrapped(wrapper), 7)
    one = model.blocks[0].module
    expected = bare.blocks[0].module.weight.detach().numpy()
    if wrapper == "spectral_norm":
        expected = expected / np.linalg.norm(expected, 2)
    np.testing.assert_allclose(one.eval().weight.detach(), expected, rtol=0.02)
    assert set(WITH_PARAMETRIZATIONS) > {wrapper}


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((3,), 7.0))
        self.layer = nn.Linear(3, 3)
        self.register_buffer("mask", torch.full((3,), 7.0))


def test_what_nothing_initializes_is_listed_and_nothing_is_written():
    model = Own()
    before = values(model)
    with pytest.raises(ParameterError) as caught:
        ai.init_module(model, 0)
    said = str(caught.value)
    assert "`model` must be initialized whole, got 1 parameters, of Own" in said
    assert "'scale'; try: rules={'scale': ...}" in said
    assert "1 buffers that nothing resets, and which are garbage after `to_empty`: 'mask'" in said
    assert_equal(values(model), before)
    ai.init_module(model, 0, {"scale": "ones"}, buffers="keep")
    assert (model.scale == 1).all()
    assert (model.mask == 7).all()


class Otherwise(nn.Linear):
    def reset_parameters(self):
        nn.init.zeros_(self.weight)


def test_a_layer_that_resets_itself_otherwise_is_not_torchs():
    with pytest.raises(ParameterError, match="2 parameters, of Otherwise"):
        ai.init_module(nn.Sequential(Otherwise(2, 2)), 0)
    model = ai.init_module(nn.Sequential(Otherwise(2, 2)), 0, conventions="llama")
    assert model[0].weight.std() < 0.1


RULES = {
    "a pattern": {"0.*": "ones"},
    "pairs": [("0.weight", ai.ones()), ("0.bias", "ones")],
    "a Rule": ai.Rule("0.*", "ones"),
    "a type": {nn.Linear: "ones"},
    "a type, by attribute": {nn.Linear: {"weight": "ones", "bias": {"name": "ones"}}},
    "a function": lambda name, shape, module: ai.ones() if name.startswith("0.") else None,
    "a function among pairs": [
        lambda name, shape, module: "ones" if shape == (4, 3) else None,
        ("0.bias", "ones"),
    ],
}


@pytest.mark.parametrize("rules", RULES)
def test_rules_go_before_conventions(rules):
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Conv1d(4, 2, 1))
    ai.init_module(model, 0, RULES[rules])
    assert (model[0].weight == 1).all()
    assert (model[0].bias == 1).all()
    assert not (model[2].weight == 1).any()


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (
            {"rules": {"1.wieght": "ones"}},
            ParameterError,
            "'1.wieght' (the nearest name is '1.weight')",
        ),
        ({"rules": {nn.LSTM: "ones"}}, ParameterError, "no parameter needs: 'LSTM'"),
        ({"rules": "ones"}, ParameterTypeError, "patterns or module types to initializers"),
        ({"rules": nn.Linear}, ParameterTypeError, "patterns or module types to initializers"),
        (
            {"rules": [3]},
            ParameterTypeError,
            "must have pairs (pattern or type, initializer), or functions, got 3",
        ),
        ({"rules": {"*": "one"}}, ParameterError, "must be that of an initializer"),
        ({"rules": lambda *_: 3}, ParameterTypeError, "parameter '0.weight', rule 'a function'"),
        ({"rules": ai.Rule("*", "ones", "float16")}, ParameterError, "left to the module"),
        (
            {"conventions": "pytorch"},
            ParameterError,
            "'vit', 'llama', 'keras', 'flax', 'own', got 'pyt",
        ),
        ({"conventions": 3}, ParameterTypeError, "`conventions` must be a name"),
        ({"conventions": []}, ParameterError, "4 parameters, of Linear"),
        ({"conventions": "gpt2"}, ParameterError, "the projections into the residual stream"),
        ({"buffers": "no"}, ParameterError, "`buffers` must be one of 'reset', 'keep'"),
        ({"only_missing": True}, ParameterError, "only_missing=model.load_state_dict(state, s"),
        ({"only_missing": ["0.wieght"]}, ParameterError, "got '0.wieght'; try: '0.weight'"),
        ({"only_missing": "0.weight"}, ParameterTypeError, "`only_missing` must be a truth value"),
        (
            {"rules": {"0.bias": ai.orthogonal()}},
            ParameterError,
            "parameter '0.bias': `shape` must have two axes",
        ),
    ],
)
def test_bad_input_changes_nothing(given, error, said):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = values(model)
    with pytest.raises(error) as caught:
        ai.init_module(model, 0, **given)
    assert said in str(caught.value)
    assert_equal(values(model), before)


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        (3, ParameterTypeError, "`model` must be a module of torch, got 3"),
        (nn.Linear, ParameterTypeError, "`model` must be a module of torch"),
        ({"weight": torch.zeros(2)}, ParameterTypeError, "`model` must be a module of torch"),
        (nn.Sequential(nn.LazyLinear(3)), ParameterError, "a lazy layer has after its first call"),
        (nn.Linear(2, 2, device="meta"), ParameterError, "meta"),
    ],
)
def test_bad_models(model, error, said):
    with pytest.raises(error) as caught:
        ai.init_module(model, 0)
    assert said in str(caught.value)


def test_a_module_without_tensors():
    model = nn.ReLU()
    assert ai.init_module(model, 0) is model


def test_memory_that_to_empty_left_is_all_written(bare):
    with torch.device("meta"):
        model = Net()
    model.to_empty(device="cpu")
    model.head.weight = model.emb.weight
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data.fill_(99)
    assert_equal(values(ai.init_module(model, 7)), values(bare))


def test_what_was_loaded_stays():
    source, model = Net(), Net()
    state = {name: each for name, each in source.state_dict().items() if "blocks.1" not in name}
    ai.init_module(model, 7, only_missing=model.load_state_dict(state, strict=False))
    found, loaded, fresh = values(model), values(source), values(ai.init_module(Net(), 7))
    for name, value in found.items():
        np.testing.assert_array_equal(value, (fresh if "blocks.1" in name else loaded)[name])
    one = ai.init_module(Net(), 7, only_missing=["emb.weight"])
    assert torch.equal(one.emb.weight, ai.init_module(Net(), 7).emb.weight)


def test_what_transformers_has_marked_stays():
    model = Net()
    for block in model.blocks:
        for each in block.parameters():
            each._is_hf_initialized = True
    before, fresh = values(model), values(ai.init_module(Net(), 7))
    ai.init_module(model, 7, only_missing=True)
    for name, value in values(model).items():
        np.testing.assert_array_equal(value, (before if "blocks" in name else fresh)[name])


def test_unknown_keys_of_a_state_are_what_load_state_dict_says():
    keys = types.SimpleNamespace(missing_keys=["module.emb.weight"])
    model = ai.init_module(nn.DataParallel(Net()), 7, only_missing=keys)
    expected = ai.init_module(Net(), 7).emb.weight
    assert torch.equal(model.module.emb.weight, expected)


def test_another_layer_changes_nothing_else(bare):
    class More(Net):
        def __init__(self):
            super().__init__()
            self.another = nn.LSTM(3, 3)
            self.emb, self.zero = self.zero_first(), nn.Bilinear(2, 2, 2)

        def zero_first(self):
            return self.emb

    found = values(ai.init_module(More(), 7))
    assert_equal({name: found[name] for name in values(bare)}, values(bare))


def test_requires_grad_and_hooks_stay():
    model = Net()
    model.emb.weight.requires_grad_(False)
    version = model.norm.weight._version
    ai.init_module(model, 7)
    assert not model.emb.weight.requires_grad
    assert model.norm.weight.requires_grad
    assert model.norm.weight._version > version
    assert copy.deepcopy(model).norm.weight.is_leaf


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_dtypes(dtype, bare):
    model = ai.init_module(Net().to(dtype), 7)
    assert model.emb.weight.dtype is dtype
    if dtype is torch.bfloat16:
        assert torch.equal(model.emb.weight, bare.emb.weight.to(dtype))
