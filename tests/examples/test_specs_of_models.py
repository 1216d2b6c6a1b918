"""The specs of real models: their sizes are the published ones, their names and shapes those of transformers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.models.spec_file import read_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
GPT2 = {
    "small": (768, 12, 12),
    "medium": (1024, 24, 16),
    "large": (1280, 36, 20),
    "xl": (1600, 48, 25),
}
LLAMA = {"8b": (4096, 32, 32, 14336), "70b": (8192, 80, 64, 28672)}
ELEMENTS = {
    "gpt2-small": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "llama-like-8b": 8_030_261_248,
    "llama-like-70b": 70_553_706_496,
    "vit-b16": 86_567_656,
    "resnet-50": 25_610_205,
    "t5-small": 60_506_624,
    "mamba-130m": 129_135_360,
}


def plan_of(name):
    return read_spec(EXAMPLES / f"{name}.toml").plan()


def test_every_example_is_known():
    assert {each.stem for each in EXAMPLES.glob("*.toml")} == set(ELEMENTS)


@pytest.mark.parametrize("name", ELEMENTS)
def test_the_size_is_the_published_one(name):
    plan = plan_of(name)
    assert plan.elements == ELEMENTS[name]
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    assert f"{len(plan):,} tensors, {plan.elements:,} " in text


@pytest.mark.parametrize("size", GPT2)
def test_gpt2_is_scaled_by_its_depth(size):
    width, layers, _ = GPT2[size]
    plan = plan_of(f"gpt2-{size}")
    assert len(plan) == 12 * layers + 4
    assert plan["wte.weight"].shape == (50257, width)
    residual = ai.normal(std=0.02 / math.sqrt(2 * layers))
    for entry in plan:
        *_, module, kind = entry.name.split(".")
        expected = ai.normal(std=0.02)
        if kind == "bias":
            expected = ai.zeros()
        elif module.startswith("ln_"):
            expected = ai.ones()
        elif module == "c_proj":
            expected = residual
        assert entry.initializer == expected, entry.name


def shapes(model):
    return {name: tuple(each.shape) for name, each in model.named_parameters()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in ELEMENTS if name.startswith(("gpt2", "llama"))])
def test_names_and_shapes_are_those_of_transformers(name):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    kind, _, size = name.rpartition("-")
    with torch.device("meta"):
        if kind == "gpt2":
            width, layers, heads = GPT2[size]
            config = transformers.GPT2Config(n_embd=width, n_layer=layers, n_head=heads)
            model = transformers.GPT2Model(config)
        else:
            width, layers, heads, inner = LLAMA[size]
            config = transformers.LlamaConfig(
                vocab_size=128256,
                hidden_size=width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                num_key_value_heads=8,
                intermediate_size=inner,
                tie_word_embeddings=False,
            )
            model = transformers.LlamaForCausalLM(config)
    assert config.initializer_range == 0.02
    assert {entry.name: entry.shape for entry in plan_of(name)} == shapes(model)


def vit_b16():
    timm = pytest.importorskip("timm")
    return timm.create_model("vit_base_patch16_224")


def resnet_50():
    return pytest.importorskip("torchvision").models.resnet50()


def t5_small():
    transformers = pytest.importorskip("transformers")
    return transformers.T5ForConditionalGeneration(transformers.T5Config())


def mamba_130m():
    transformers = pytest.importorskip("transformers")
    config = transformers.MambaConfig(vocab_size=50280, num_hidden_layers=24)
    return transformers.MambaForCausalLM(config)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make", [vit_b16, resnet_50, t5_small, mamba_130m], ids=lambda make: make.__name__
)
def test_names_and_shapes_are_those_of_the_library(make):
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        model = make()
    tied = {"lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}
    expected = {
        name: tuple(each.shape) for name, each in model.state_dict().items() if name not in tied
    }
    plan = plan_of(make.__name__.replace("_", "-"))
    assert {entry.name: entry.shape for entry in plan} == expected


@pytest.mark.filterwarnings("ignore")
def test_t5_is_what_transformers_makes_of_the_authors_code():
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    spec = {entry.name: entry.description.std for entry in plan_of("t5-small")}
    for name, each in t5_small().named_parameters():
        std = each.std().item()
        assert std == pytest.approx(spec[name], rel=0.2 if each.numel() < 1000 else 0.02), name


def test_the_initializations_are_the_papers():
    vit = plan_of("vit-b16")
    bound = math.sqrt(6 / (768 + 768))  # of q, k and v each
    assert vit["blocks.3.attn.qkv.weight"].description.high == pytest.approx(bound)
    assert vit["blocks.0.mlp.fc2.weight"].description.high == pytest.approx(math.sqrt(6 / 3840))
    assert vit["blocks.0.mlp.fc2.bias"].description.std == 1e-6
    assert vit["patch_embed.proj.weight"].description.std == pytest.approx((3 * 256) ** -0.5)
    assert vit["head.weight"].initializer == vit["cls_token"].initializer == ai.zeros()
    resnet = plan_of("resnet-50")
    conv = resnet["layer2.1.conv2.weight"].description
    assert (conv.distribution, conv.std) == ("normal", pytest.approx((2 / (9 * 128)) ** 0.5))
    assert resnet["layer2.1.bn3.running_var"].initializer == ai.ones()
    assert resnet["bn1.num_batches_tracked"].dtype == "int64"
    mamba = plan_of("mamba-130m")
    assert mamba["backbone.layers.3.mixer.A_log"].initializer == ai.mamba_a_log()
    assert mamba["backbone.layers.3.mixer.dt_proj.bias"].initializer == ai.dt_bias()
    scale = mamba["backbone.layers.3.mixer.out_proj.weight"].description.high
    assert scale == pytest.approx(1536**-0.5 / 24**0.5)
    assert mamba["backbone.layers.3.mixer.x_proj.weight"].description.high == pytest.approx(
        1536**-0.5
    )
