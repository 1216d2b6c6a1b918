"""Whole models of others, built twice under one key with other seeds of torch: equal in every bit.

Small ones, made from configurations; nothing is downloaded.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import time
import warnings
from pathlib import Path

import pytest

from agnostic_init.compat.torch_init import patch

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
IMAGES = {"image_size": 32, "patch_size": 8}
UNET = {
    "sample_size": 16,
    "block_out_channels": (32, 32),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 100, "n_positions": 32}


OPERATORS = (
    "nms qnms roi_align roi_pool ps_roi_align ps_roi_pool deform_conv _deform_conv "
    "_roi_align_backward _roi_pool_backward _ps_roi_align_backward _ps_roi_pool_backward "
    "_deform_conv_backward box_iou_rotated qroi_align"
)


@functools.cache
def operators():
    """Name the operators of a torchvision whose compiled part does not fit torch; models call none."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None:
        return None
    try:
        torch.ops.load_library(Path(spec.origin).parent / "_C.so")
    except OSError:
        names = torch.library.Library("torchvision", "DEF")
        for name in OPERATORS.split():
            names.define(f"{name}(Tensor x) -> Tensor")
        return names  # which are there as long as this is
    return None


def library(name):
    operators()
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:  # also where one of its own does not fit torch
        pytest.skip(f"{name} cannot be imported: {error}")


def hugging_face(model, config, **options):
    transformers = library("transformers")
    try:
        return getattr(transformers, model)(getattr(transformers, config)(**options))
    except ModuleNotFoundError as error:
        pytest.skip(f"transformers cannot import {model}: {error}")


def timm(name, **options):
    return library("timm").create_model(name, **options)


def gpt2():
    return hugging_face("GPT2LMHeadModel", "GPT2Config", **GPT2)


def adapted(**options):
    base, peft = gpt2(), library("peft")
    return peft.get_peft_model(base, peft.LoraConfig(target_modules=["c_attn"], **options))


MODELS = {
    "GPT-2": gpt2,
    "Llama": lambda: hugging_face("LlamaForCausalLM", "LlamaConfig", vocab_size=100, **SIZES),
    "BERT": lambda: hugging_face("BertForMaskedLM", "BertConfig", vocab_size=100, **SIZES),
    "ViT": lambda: hugging_face("ViTForImageClassification", "ViTConfig", **SIZES, **IMAGES),
    "Mamba": lambda: hugging_face(
        "MambaForCausalLM", "MambaConfig", hidden_size=32, num_hidden_layers=2, vocab_size=100
    ),
    "timm's ViT": lambda: timm("vit_tiny_patch16_224", depth=2),
    "timm's Swin": lambda: timm("swin_tiny_patch4_window7_224", depths=(1,) * 4, embed_dim=32),
    "timm's ConvNeXt": lambda: timm("convnext_atto", depths=(1,) * 4),
    "LoRA": adapted,
    "LoRA, orthogonal": lambda: adapted(init_lora_weights="orthogonal"),
    "DoRA": lambda: adapted(use_dora=True),
    "U-Net": lambda: library("diffusers").UNet2DModel(**UNET),
}


@pytest.fixture(autouse=True)
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def tensors(model):
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_key_makes_the_same_model(make):
    built = []
    for seed, key in ((1, 0), (2, 0), (1, 1)):
        torch.manual_seed(seed)
        with patch(key=key):
            built.append(tensors(make()))
    one, two, other = built
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert value.isfinite().all(), name
        assert torch.equal(value, two[name]), name
    changed = sum(not torch.equal(value, other[name]) for name, value in one.items())
    assert changed >= 5


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_distributions_are_the_authors(make):
    stats = pytest.importorskip("scipy.stats")
    torch.manual_seed(0)
    theirs = tensors(make())
    with patch(key=0):
        ours = tensors(make())
    for name, value in theirs.items():
        one, two = ours[name].detach().float().flatten(), value.detach().float().flatten()
        if torch.equal(one, two) or two.numel() < 30:
            continue
        assert stats.ks_2samp(one.numpy(), two.numpy())[1] > 1e-6, name  # one false alarm in 10^6
        assert abs(one.std() / two.std() - 1) < 6 / math.sqrt(two.numel()), name


def test_no_weight_of_timms_is_a_hundred_sigmas():
    layers = library("timm.layers")
    weight = torch.empty(1 << 24)
    torch.manual_seed(0)
    theirs = max(layers.trunc_normal_(weight, std=0.02).abs().max().item() for _ in range(4))
    with patch(key=0):
        ours = max(layers.trunc_normal_(weight, std=0.02).abs().max().item() for _ in range(4))
        assert layers.trunc_normal_tf_(weight, std=0.02).abs().max() <= 0.04
    assert theirs > 1.9
    assert ours < 0.14  # of 2^26 normals, 7 sigmas: one false alarm in 6,000 keys


def test_entering_is_quick_with_what_transformers_loads():
    gpt2()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        with patch(key=0):
            pass
        times.append(time.perf_counter() - start)
    assert min(times) < 0.001


def test_lightnings_empty_init_is_let_through():
    fabric = library("lightning.fabric").Fabric(accelerator="cpu", devices=1)
    torch.manual_seed(0)
    with warnings.catch_warnings(), patch(key=0):
        warnings.simplefilter("ignore")
        with fabric.init_module(empty_init=True):
            torch.nn.init.normal_(weight := torch.full((4,), 7.0))
        torch.nn.init.normal_(other := torch.empty(4))
    assert weight.tolist() == [7] * 4
    assert other.isfinite().all()
