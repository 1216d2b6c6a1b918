"""Recipes of the cookbook beside the code of transformers, timm, torchvision and peft, at full size.

Their modules are recorded, and never have memory.
"""

from __future__ import annotations

import os

import pytest
from tests.examples.cookbook import compare, recipes

import agnostic_init as ai

torch = pytest.importorskip("torch")
if "transformers" not in os.environ.get("AGNOSTIC_INIT_REQUIRE", ""):
    pytest.skip("for the session `models` of nox", allow_module_level=True)

from tests.examples.cookbook import PAGE
from tests.house.test_docs import run

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytestmark = pytest.mark.filterwarnings("ignore")


def gpt2(**sizes):
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(**sizes))


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8}
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=128256, tie_word_embeddings=True, **sizes, **heads)
    )


def vit():
    import timm

    return timm.create_model("vit_base_patch16_224")


def resnet():
    import torchvision

    return torchvision.models.resnet50(zero_init_residual=True)


def mamba(**sizes):
    from transformers import MambaConfig, MambaForCausalLM

    return MambaForCausalLM(MambaConfig(**sizes))


def lora():
    import peft

    config = peft.LoraConfig(r=8, target_modules=["c_attn"], fan_in_fan_out=True)
    return peft.get_peft_model(gpt2(), config)


@pytest.mark.parametrize(
    ("recipe", "factory", "count"),
    [("gpt2", gpt2, 148), ("llama", llama, 146), ("vit", vit, 152), ("resnet", resnet, 161)],
)
def test_parameter_by_parameter(recipe, factory, count):
    assert compare(recipes()[recipe], list(ai.torch.plan(factory))) == count


def test_mamba():
    rows = list(ai.torch.plan(mamba))
    model = mamba(num_hidden_layers=1, vocab_size=8)
    values = {name: each.detach().numpy() for name, each in model.named_parameters()}
    for row in rows:
        values.setdefault(
            row.name, values.get(f"backbone.layers.0.{row.name.partition('.mixer.')[2]}")
        )
        if ".mixer." in row.name:
            values[row.name] = values[f"backbone.layers.0.mixer.{row.name.partition('.mixer.')[2]}"]
    assert compare(recipes()["mamba"], rows, values) == 258
    name = "backbone.layers.0.mixer.A_log"
    ours = ai.mamba_a_log()(values[name].shape)
    assert abs(ours - values[name]).max() < 1e-6


def test_lora():
    rows = [row for row in ai.torch.plan(lora) if ".lora_" in row.name]
    assert compare(recipes()["lora"], rows) == 24


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(PAGE.read_text(encoding="utf-8"), str(PAGE)) == 14
