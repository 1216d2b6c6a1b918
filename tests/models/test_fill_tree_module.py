"""fill_tree of modules of torch: the same values whatever is around a model or inside of it."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")

from tests.models.torch_wrapping import WRAPPERS, Net, old, wrapped
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from agnostic_init.models.torch_names import named_tensors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")

RULES = {"*bias": ai.uniform(-1, 1), "*": ai.normal(std=0.5)}


def values(model):
    return {each.name: each.tensor.detach().numpy().copy() for each in named_tensors(model)}


def weights(model):
    """What the blocks compute with."""
    return [
        getattr(layer, name).detach().numpy()
        for block in model.blocks
        for layer, name in [(block.module, "weight"), (block.base_layer, "weight")]
    ]


@pytest.fixture(scope="module")
def bare():
    return ai.fill_tree(Net(), RULES, key=7)


def test_a_module_is_filled_by_name(bare):
    assert bare.head.weight is bare.emb.weight
    expected = ai.normal(std=0.5)((5, 3), key=ai.key(7).fold_in("emb.weight"))
    np.testing.assert_array_equal(bare.emb.weight.detach(), expected)
    other = Net()
    ai.fill_tree(dict(other.named_parameters()), RULES, key=7)
    assert all(
        torch.equal(a, b) for a, b in zip(bare.parameters(), other.parameters(), strict=True)
    )


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapped_and_bare_agree(wrapper, bare):
    model = wrapped(wrapper)
    assert ai.fill_tree(model, RULES, key=7) is model
    expected = values(bare)
    for name, value in values(model).items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("kind", ["named_parameters", "state_dict"])
def test_so_do_dictionaries_with_their_module(wrapper, kind, bare):
    model = wrapped(wrapper)
    if kind == "state_dict":
        floats = model.state_dict().items()
        given = {name: each for name, each in floats if each.dtype.is_floating_point}
    else:
        given = dict(model.named_parameters())
    rules = {"*running_*": "ones", **RULES} if kind == "state_dict" else RULES
    assert ai.fill_tree(given, rules, key=7, module=model) is given
    expected = values(bare)
    for name, value in values(model).items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize(
    "wrapper", ["weight_norm", "old weight_norm", "weight_norm, compiled", "pruning"]
)
def test_a_computed_weight_is_what_the_bare_model_has(wrapper, bare):
    model = ai.fill_tree(wrapped(wrapper), RULES, key=7)
    for value, expected in zip(weights(model), weights(bare), strict=True):
        kept = value != 0
        assert (~kept).sum() == (3 if wrapper == "pruning" else 0)
        np.testing.assert_allclose(value[kept], expected[kept], rtol=1e-6)
    assert torch.equal(model.emb.weight, bare.emb.weight)


@pytest.mark.parametrize("wrapper", ["spectral_norm", "old spectral_norm"])
def test_spectral_normalization_keeps_the_weight_and_finds_its_norm(wrapper, bare):
    model = ai.fill_tree(wrapped(wrapper), RULES, key=7).eval()
    for value, original in zip(weights(model), weights(bare), strict=True):
        np.testing.assert_allclose(value, original / np.linalg.norm(original, 2), rtol=0.02)
    again = ai.fill_tree(wrapped(wrapper), RULES, key=7)
    for one, other in zip(model.buffers(), again.buffers(), strict=True):
        assert torch.equal(one, other)


def test_older_and_newer_spectral_norm_agree():
    one, other = (
        dict(ai.fill_tree(wrapped(name), RULES, key=7).blocks.named_buffers())
        for name in ("spectral_norm", "old spectral_norm")
    )
    newer = sorted(one.items())
    older = sorted((name.replace("weight_", "weight._"), each) for name, each in other.items())
    assert len(newer) == len(older) == 8
    for (_, a), (_, b) in zip(newer, older, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6)])
def test_an_orthogonal_parametrization(orthogonal_map, shape):
    def filled():
        layer = parametrizations.orthogonal(nn.Linear(*shape), orthogonal_map=orthogonal_map)
        return ai.fill_tree(
            layer, {"bias": "zeros", "weight": ai.orthogonal(layout="torch")}, key=7
        )

    one, other = filled(), filled()
    expected = ai.orthogonal(layout="torch")(shape[::-1], key=ai.key(7).fold_in("weight"))
    np.testing.assert_allclose(one.weight.detach(), expected, atol=1e-5)
    for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_torchs_generators_stay_where_they_are():
    layer = parametrizations.orthogonal(nn.Linear(3, 6), orthogonal_map="cayley")
    state = torch.get_rng_state()
    ai.fill_tree(layer, {"*": "ones"}, key=7)
    assert torch.equal(torch.get_rng_state(), state)


def test_parametrizations_one_after_the_other():
    layer = parametrizations.spectral_norm(parametrizations.weight_norm(nn.Linear(4, 3)))
    ai.fill_tree(layer, RULES, key=7)
    assert layer.training
    expected = ai.normal(std=0.5)((3, 4), key=ai.key(7).fold_in("weight"))
    np.testing.assert_array_equal(layer.parametrizations.weight.original1.detach(), expected)
    norm = np.linalg.norm(layer.eval().weight.detach(), 2)
    assert abs(norm - 1) < 0.02


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


class Refusing(Doubled):
    def right_inverse(self, x):
        raise NotImplementedError("no way back")


def register(layer, step):
    """Without the trial of torch's, which a step that refuses would not pass."""
    parametrize.register_parametrization(layer, "weight", Doubled())
    layer.parametrizations.weight[0] = step()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Doubled, "parameter '1.weight': .* must be parametrized by what has a `right_inverse`"),
        (Refusing, r"parameter '1.weight': .* can be inverted \(no way back\)"),
    ],
)
def test_what_cannot_be_inverted_is_refused_before_anything_is_written(step, said):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    register(model[1], step)
    before = values(model)
    with pytest.raises(ParameterError, match=said) as caught:
        ai.fill_tree(model, {"*": "ones"}, key=0)
    assert "module=model), which fills the originals" in str(caught.value)
    for name, value in values(model).items():
        np.testing.assert_array_equal(value, before[name])
    ai.fill_tree(dict(model.named_parameters()), {"*": "ones"}, key=0, module=model)
    assert (model[1].weight == 2).all()


def test_orthogonal_without_a_base_is_refused():
    layer = parametrizations.orthogonal(
        nn.Linear(3, 3), orthogonal_map="cayley", use_trivialization=False
    )
    with pytest.raises(ParameterError, match="not possible to assign"):
        ai.fill_tree(layer, {"*": "ones"}, key=0)


def test_a_model_of_the_meta_device_is_refused():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(2, 2), parametrizations.weight_norm(nn.Linear(2, 2)))
    with pytest.raises(ParameterError, match=r"meta .*to_empty"):
        ai.fill_tree(model, {"*": "ones"}, key=0)


def test_a_deprecated_normalization_can_be_copied_afterwards():
    layer = ai.fill_tree(old(nn.utils.weight_norm, nn.Linear(3, 2)), RULES, key=0)
    assert torch.equal(copy.deepcopy(layer).weight, layer.weight)


def test_ties_of_a_state_dict_are_filled_once(bare):
    model = Net()
    ai.fill_tree(
        {name: each for name, each in model.state_dict().items() if "num_" not in name},
        {"*running*": "ones", **RULES},
        key=7,
    )
    assert torch.equal(model.emb.weight, bare.emb.weight)


def test_pairs_are_as_good_as_a_dictionary(bare):
    model = Net()
    filled = ai.fill_tree(model.named_parameters(), RULES, key=7)
    assert filled["emb.weight"] is model.emb.weight
    assert torch.equal(model.emb.weight, bare.emb.weight)


NAMES_OF_WRAPPERS = {
    "_orig_mod.": ["_orig_mod.weight", "bias"],
    "_checkpoint_wrapped_module.": ["a.weight", "a._checkpoint_wrapped_module.bias"],
    "_fsdp_wrapped_module.": ["_fsdp_wrapped_module.a.weight"],
    "_forward_module.": ["_forward_module.weight"],
    "parametrizations.": ["a.bias", "a.parametrizations.weight.original0"],
    "base_layer.": ["q.base_layer.weight", "q.lora_A.default.weight"],
    "base_model.model.": ["base_model.model.a", "base_model.model.b"],
    "module.": ["module.a", "module.b"],
}


@pytest.mark.parametrize("mark", NAMES_OF_WRAPPERS)
def test_names_that_a_wrapper_made_are_refused_without_the_module(mark):
    tensors = {name: torch.zeros(2, 2) for name in NAMES_OF_WRAPPERS[mark]}
    said = rf"`arrays` must have names without '{mark}'.*got '.*{mark}.*fill_tree\(model"
    with pytest.raises(ParameterError, match=said):
        ai.fill_tree(tensors, {"*": "ones"}, key=0)
    assert not any(each.any() for each in tensors.values())
    with pytest.raises(ParameterError, match="`specs` must have names without"):
        ai.init_tree(tensors, {"*": "ones"}, key=0)


@pytest.mark.parametrize(
    "names",
    [
        ["module.weight", "head.weight"],
        ["a.module.weight"],
        ["base_layer.0.weight", "level0.weight"],
        ["base_model.weight", "base_model.bias"],
        ["base_model.model.weight", "head.weight"],
        ["my_orig_mod.weight", "_orig_model.bias"],
        ["parametrizations.weight", "original"],
    ],
)
def test_names_that_only_look_like_it_are_not(names):
    ai.fill_tree({name: torch.zeros(2) for name in names}, {"*": "ones"}, key=0)


def test_a_dictionary_of_other_arrays_may_have_a_module():
    ai.fill_tree({"module.weight": np.zeros(2)}, {"*": "ones"}, key=0)


@pytest.mark.parametrize(
    ("arrays", "given", "error", "said"),
    [
        (3, {}, ParameterTypeError, "`arrays` must be a mapping of names to arrays, pairs"),
        ("ab", {}, ParameterTypeError, "or a module of torch, got 'ab'"),
        ([("a", 1, 2)], {}, ParameterTypeError, "`array` must be an array of a supported library"),
        ([], {}, ParameterTypeError, "must be a mapping"),
        ([("a", 1), ("a", 2)], {}, ParameterError, "must name every array once"),
        (nn.ReLU(), {}, ParameterError, "`arrays` must have parameters, got <class"),
        (nn.ReLU(), {"module": nn.ReLU()}, ParameterError, "`module` must be given with a mapping"),
        ({"a": 1}, {"module": 3}, ParameterTypeError, "`module` must be a module of torch, got 3"),
        (
            {"wieght": 1},
            {"module": nn.Linear(2, 2)},
            ParameterError,
            "parameters and buffers of `module`, got 'wieght'; try: 'weight'",
        ),
        (
            {"module.0.weight": torch.ones(2), "0.weight": torch.ones(2)},
            {"module": nn.DataParallel(nn.Sequential(nn.Linear(2, 2)))},
            ParameterError,
            "must have one array for '0.weight', which is tied",
        ),
    ],
)
def test_bad_input(arrays, given, error, said):
    with pytest.raises(error) as caught:
        ai.fill_tree(arrays, {"*": "ones"}, key=0, **given)
    assert said in str(caught.value)
