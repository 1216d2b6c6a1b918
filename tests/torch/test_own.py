"""init_module with conventions="own": the model's own code, with these draws."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")

from torch import nn

from agnostic_init.models.torch_names import named_tensors

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:torch", "ignore::FutureWarning:transformers"
)


class Timmlike(nn.Module):
    """With code like timm's: of a method for each layer, after which something is scaled."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 5))
        self.emb = nn.Embedding(6, 4, padding_idx=2)
        self.fc = nn.Linear(4, 8)
        self.norm = nn.LayerNorm(8)
        self.register_buffer("slopes", torch.zeros(3))

    def init_weights(self, mode=""):
        self.apply(self._init_weights)
        self.token.data.normal_(std=0.5)
        self.slopes.copy_(torch.arange(3.0))
        self.fc.weight.mul_(2)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding):
            module.weight.data.normal_(mean=0.0, std=3.0)
            module.weight.data[module.padding_idx].zero_()


class Applied(Timmlike):
    def init_weights(self, mode):  # which nobody can call without a mode
        raise NotImplementedError

    def _init_weights(self, module):
        super()._init_weights(module)
        if module is self:
            self.token[:, :2].uniform_(1, 2)
            self.token[:, 2:].uniform_(3, 4)
            with torch.no_grad():
                self.slopes.copy_(torch.randn(3))


def values(model):
    found = named_tensors(model, buffers=True)
    return {each.name: each.tensor.detach().numpy().copy() for each in found}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_own_code_runs_with_the_keys_of_the_names():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    model = Timmlike()
    model = ai.init_module(model, 7, conventions="own")
    key = ai.key(7)
    token = ai.normal(std=0.5)((1, 5), key=key.fold_in("token"))
    np.testing.assert_array_equal(model.token.detach(), token)
    emb = ai.zero_rows(ai.normal(std=3.0), 2)((6, 4), key=key.fold_in("emb.weight"))
    np.testing.assert_array_equal(model.emb.weight.detach(), emb)
    fc = ai.truncated_normal(0, 0.02, -2, 2, bounds="absolute")
    expected = 2 * fc((8, 4), key=key.fold_in("fc.weight"))
    np.testing.assert_array_equal(model.fc.weight.detach(), expected)
    assert not model.fc.bias.any()
    assert (model.norm.weight == 1).all()
    assert model.slopes.tolist() == [0, 1, 2]
    again = Timmlike()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert_equal(values(ai.init_module(again, 7, conventions="own")), values(model))


def test_parts_and_draws_beside():
    one = values(ai.init_module(Applied(), 7, conventions="own"))
    assert ((one["token"][:, :2] >= 1) & (one["token"][:, :2] <= 2)).all()
    assert ((one["token"][:, 2:] >= 3) & (one["token"][:, 2:] <= 4)).all()
    assert one["slopes"].any()
    assert_equal(one, values(ai.init_module(Applied(), 7, conventions="own")))
    assert not np.array_equal(
        one["slopes"], values(ai.init_module(Applied(), 8, conventions="own"))["slopes"]
    )


def test_rules_go_before_own_code():
    given = {"conventions": "own", "rules": {"fc.weight": "ones", "token": "zeros"}}
    model = ai.init_module(Timmlike(), 7, **given)
    assert (model.fc.weight == 1).all()
    assert not model.token.any()


def test_what_was_loaded_stays():
    source, model = Timmlike(), Timmlike()
    with torch.no_grad():
        source.init_weights()
    state = {k: v for k, v in source.state_dict().items() if k not in ("fc.weight", "slopes")}
    model.fc.weight.data.fill_(9)
    ai.init_module(
        model, 7, conventions="own", only_missing=model.load_state_dict(state, strict=False)
    )
    found, loaded = values(model), values(source)
    for name in state:
        np.testing.assert_array_equal(found[name], loaded[name])
    assert abs(found["fc.weight"]).max() < 0.2
    assert model.slopes.tolist() == [0, 1, 2]


def test_marks_of_transformers_are_put_back():
    model = Timmlike()
    model.fc.weight._is_hf_initialized = True
    before = model.fc.weight.detach().clone()
    ai.init_module(model, 7, conventions="own")
    assert model.fc.weight._is_hf_initialized
    assert not torch.equal(model.fc.weight, before)
    before = model.fc.weight.detach().clone()
    ai.init_module(model, 8, conventions="own", only_missing=True)
    assert torch.equal(model.fc.weight, before)


class Forgetful(Timmlike):
    def init_weights(self, mode=""):
        self.apply(self._init_weights)
        self.token.data.mul_(2)


def test_what_own_code_leaves_is_listed():
    with pytest.raises(ParameterError) as caught:
        ai.init_module(Forgetful(), 7, conventions="own")
    assert "1 parameters, of Forgetful" in str(caught.value)
    assert "'token'" in str(caught.value)
    assert "1 buffers that nothing resets" in str(caught.value)
    ai.init_module(Forgetful(), 7, {"token": "ones"}, conventions="own", buffers="keep")


def test_a_model_without_code_of_its_own():
    with pytest.raises(ParameterError, match="`model` must have code of its own"):
        ai.init_module(nn.Linear(2, 2), 0, conventions="own")


def test_a_part_of_a_larger_model():
    model = nn.Sequential(nn.Linear(2, 2), Timmlike())
    ai.init_module(model, 7, conventions="own")
    expected = ai.normal(std=0.5)((1, 5), key=ai.key(7).fold_in("1.token"))
    np.testing.assert_array_equal(model[1].token.detach(), expected)
    assert model[0].weight.abs().max() <= 2**-0.5


HUGGING_FACE = {
    "GPT2LMHeadModel": ("GPT2Config", {"n_layer": 2, "n_embd": 64, "n_head": 2, "vocab_size": 200}),
    "LlamaForCausalLM": (
        "LlamaConfig",
        {
            "num_hidden_layers": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": 200,
        },
    ),
    "BertForSequenceClassification": (
        "BertConfig",
        {
            "num_hidden_layers": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_attention_heads": 2,
            "vocab_size": 200,
        },
    ),
    "T5ForConditionalGeneration": (
        "T5Config",
        {
            "num_layers": 2,
            "d_model": 64,
            "d_kv": 32,
            "d_ff": 128,
            "num_heads": 2,
            "vocab_size": 200,
        },
    ),
    "ViTForImageClassification": (
        "ViTConfig",
        {
            "num_hidden_layers": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
    ),
}


def assert_as_built(model, built):
    """Of the distributions that the library has built the model with."""
    theirs = {name: each.detach() for name, each in built.named_parameters()}
    for name, each in model.named_parameters():
        own, expected = each.detach(), theirs[name]
        if expected.std() == 0 or expected.numel() == 1:
            assert torch.equal(own, expected), name
        elif expected.numel() > 64:
            error = 6 / math.sqrt(expected.numel())
            assert abs(own.std() / expected.std() - 1) < error, name


@pytest.mark.parametrize("kind", HUGGING_FACE)
def test_transformers(kind):
    transformers = pytest.importorskip("transformers")
    name, options = HUGGING_FACE[kind]
    config = getattr(transformers, name)(**options)
    built = getattr(transformers, kind)(config)
    model = copy.deepcopy(built)
    for each in model.parameters():
        each.data.fill_(9)
    ai.init_module(model, 3, conventions="own", buffers="keep")
    assert_as_built(model, built)
    other = ai.init_module(
        getattr(transformers, kind)(config), 3, conventions="own", buffers="keep"
    )
    assert_equal(values(model), values(other))
    assert_equal(
        values(ai.init_module(torch.compile(other), 3, conventions="own", buffers="keep")),
        values(model),
    )


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "beit_base_patch16_224", "resnet18"])
def test_timm(name):
    timm = pytest.importorskip("timm")
    options = {"depth": 2} if name != "resnet18" else {}
    built = timm.create_model(name, **options)
    model = copy.deepcopy(built)
    for each in model.parameters():
        if each.dim() > 1 and each.numel() > 5000:
            each.data.fill_(9)
    given = {"conventions": "own", "buffers": "keep"}
    if name == "beit_base_patch16_224":
        given["rules"] = {"*.gamma_?": ai.constant(0.1), "*.?_bias": "zeros"}
    ai.init_module(model, 3, **given)
    theirs = dict(built.named_parameters())
    for parameter, each in model.named_parameters():
        if each.numel() > 5000 and theirs[parameter].std():
            assert abs(each.std() / theirs[parameter].std() - 1) < 0.1, parameter


def test_adapters_of_peft_are_left_to_rules():
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    name, options = HUGGING_FACE["GPT2LMHeadModel"]
    config = getattr(transformers, name)(**options)
    bare = ai.init_module(
        transformers.GPT2LMHeadModel(config), 3, conventions="own", buffers="keep"
    )
    lora = peft.LoraConfig(r=4, target_modules=["c_attn"], fan_in_fan_out=True)
    model = peft.get_peft_model(transformers.GPT2LMHeadModel(config), lora)
    with pytest.raises(ParameterError, match=r"4 parameters, of Linear.*lora_A"):
        ai.init_module(model, 3, conventions="own", buffers="keep")
    rules = {"*.lora_A.*": ai.normal(), "*.lora_B.*": "zeros"}
    ai.init_module(model, 3, rules, conventions="own", buffers="keep")
    found = values(model)
    for name, value in values(bare).items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert not found["transformer.h.0.attn.c_attn.lora_B.default.weight"].any()
