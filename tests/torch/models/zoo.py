"""Other people's models, small: factories by name, as far as their libraries are installed."""

from __future__ import annotations

import copy
import importlib.util
import math
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # models are built of configurations alone

__all__ = ["MISSING", "MODELS"]

MODELS: dict[str, Callable[[], Any]] = {}
MISSING: list[str] = []


def installed(*names: str) -> bool:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    MISSING.extend(name for name in missing if name not in MISSING)
    return not missing


def of_torch() -> None:
    make = nn.utils.parametrizations
    table = {
        "transformer": lambda: nn.Transformer(16, 2, 2, 2, 32, batch_first=True),
        "encoder": lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 3
        ),
        "lstm": lambda: nn.LSTM(8, 16, 2, proj_size=4, bidirectional=True),
        "attention": lambda: nn.MultiheadAttention(16, 4, kdim=8, vdim=8, add_bias_kv=True),
        "embeddings": lambda: nn.ModuleList(
            [nn.Embedding(50, 8, padding_idx=3), nn.EmbeddingBag(50, 8, padding_idx=3)]
        ),
        "bilinear": lambda: nn.Bilinear(5, 6, 7),
        "convolutions": lambda: nn.Sequential(
            nn.Conv2d(4, 8, 3, groups=2),
            nn.ConvTranspose2d(8, 4, 3),
            nn.BatchNorm2d(4),
            nn.GroupNorm(2, 4),
            nn.PReLU(4),
        ),
        "weight norm": lambda: make.weight_norm(nn.Linear(60, 50)),
        "spectral norm": lambda: make.spectral_norm(nn.Linear(60, 50)),
        "orthogonal": lambda: make.orthogonal(nn.Linear(20, 20)),
        "own": Own,
    }
    MODELS.update({f"torch {name}": factory for name, factory in table.items()})


class Own(nn.Module):
    """What users write."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(5, 70) * 0.1)
        self.b = nn.Parameter(torch.rand(30) * 2 - 1)
        self.q = nn.Parameter(torch.linalg.qr(torch.randn(16, 16))[0])
        self.e = nn.Parameter(torch.empty(400).exponential_())
        self.layer = nn.Linear(40, 40)
        self.tied = nn.Linear(40, 40)
        self.tied.weight = self.layer.weight
        self.teacher = copy.deepcopy(self.layer)
        self.norm = nn.Parameter(self.layer.weight.detach().norm(dim=1))
        self.register_buffer("features", torch.randn(40))
        with torch.no_grad():
            self.layer.bias.normal_().mul_(3).add_(1)
            self.a[0].zero_()
            self.layer.weight.div_(math.sqrt(8))


TEXT = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 500,
}
IMAGE = {name: value for name, value in TEXT.items() if name != "vocab_size"} | {
    "image_size": 32,
    "patch_size": 8,
}
SPEECH = TEXT | {
    "conv_dim": (32, 32),
    "conv_stride": (5, 2),
    "conv_kernel": (10, 3),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
PAIRS = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "vocab_size": 500,
}
HEADS = {"num_key_value_heads": 2}
STAGES = {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 2, 1]}
WINDOWS = {
    "image_size": 32,
    "patch_size": 2,
    "embed_dim": 16,
    "depths": [2, 2],
    "num_heads": [2, 4],
    "window_size": 4,
}
HUGGING_FACE: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 500, "n_positions": 64},
    "gptj": {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 500, "rotary_dim": 8},
    "gpt_neo": {
        "hidden_size": 64,
        "num_layers": 2,
        "num_heads": 4,
        "vocab_size": 500,
        "attention_types": [[["global", "local"], 1]],
        "max_position_embeddings": 64,
    },
    "gpt_neox": TEXT,
    "llama": TEXT | HEADS,
    "mistral": TEXT | HEADS,
    "mixtral": TEXT | HEADS,
    "qwen2": TEXT | HEADS,
    "qwen3": TEXT | HEADS | {"head_dim": 16},
    "gemma2": TEXT | HEADS | {"head_dim": 16},
    "phi": TEXT,
    "bloom": {"hidden_size": 64, "n_layer": 2, "n_head": 4, "vocab_size": 500},
    "falcon": {key: TEXT[key] for key in TEXT if key != "intermediate_size"},
    "opt": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 128,
        "vocab_size": 500,
        "word_embed_proj_dim": 64,
        "max_position_embeddings": 64,
    },
    "olmoe": TEXT | {"num_experts": 4, "num_experts_per_tok": 2},
    "rwkv": {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 500},
    "longformer": TEXT | {"attention_window": 8},
    "hubert": TEXT
    | {
        "conv_dim": (32, 32),
        "conv_stride": (5, 2),
        "conv_kernel": (10, 3),
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
    },
    "patchtst": {
        "d_model": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 64,
        "context_length": 32,
        "num_input_channels": 2,
    },
    "mamba": {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 500, "state_size": 8},
    "bert": TEXT,
    "roberta": TEXT,
    "electra": TEXT,
    "albert": TEXT | {"embedding_size": 32},
    "deberta-v2": TEXT,
    "distilbert": {"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128, "vocab_size": 500},
    "t5": {
        "d_model": 64,
        "d_kv": 16,
        "d_ff": 128,
        "num_layers": 2,
        "num_heads": 4,
        "vocab_size": 500,
    },
    "bart": PAIRS | {"max_position_embeddings": 64},
    "whisper": PAIRS | {"max_source_positions": 64, "max_target_positions": 32, "pad_token_id": 0},
    "wav2vec2": SPEECH,
    "vit": IMAGE,
    "deit": IMAGE,
    "dinov2": IMAGE,
    "clip": {"text_config": TEXT, "vision_config": IMAGE, "projection_dim": 32},
    "swin": WINDOWS,
    "convnext": STAGES,
    "resnet": STAGES | {"embedding_size": 16},
}


def of_transformers() -> None:
    import transformers

    transformers.logging.set_verbosity_error()

    def factory(kind: str, options: dict[str, Any]) -> Callable[[], Any]:
        auto = transformers.AutoModel
        return lambda: auto.from_config(transformers.AutoConfig.for_model(kind, **options))

    for kind, options in HUGGING_FACE.items():
        MODELS[f"transformers {kind}"] = factory(kind, options)
    small = transformers.LlamaConfig(**TEXT, **HEADS)
    MODELS["transformers llama, bfloat16"] = lambda: transformers.AutoModelForCausalLM.from_config(
        small, dtype=torch.bfloat16
    )
    MODELS["transformers gpt2, tied"] = lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(**HUGGING_FACE["gpt2"])
    )


TIMM: dict[str, dict[str, Any]] = {
    "vit_tiny_patch16_224": {"depth": 2},
    "deit_tiny_patch16_224": {"depth": 2},
    "swin_tiny_patch4_window7_224": {"embed_dim": 24, "depths": (1, 1, 2, 1)},
    "convnext_atto": {"depths": (1, 1, 2, 1)},
    "eva02_tiny_patch14_224": {"depth": 2},
    "mixer_s32_224": {},
    "cait_xxs24_224": {"depth": 2},
    "densenet121": {},
    "nf_resnet26": {},
    "xcit_nano_12_p16_224": {"depth": 2},
    "resnet18": {},
    "mobilenetv3_small_050": {},
    "efficientnet_cc_b0_4e": {},
    "regnetx_002": {},
    "levit_128s": {},
    "beit_base_patch16_224": {"embed_dim": 96, "depth": 2, "num_heads": 4},
}


def of_timm() -> None:
    import timm

    def factory(name: str, options: dict[str, Any]) -> Callable[[], Any]:
        return lambda: timm.create_model(name, pretrained=False, **options)

    for name, options in TIMM.items():
        MODELS[f"timm {name}"] = factory(name, options)


def of_torchvision() -> None:
    from torchvision import models

    MODELS["torchvision resnet18"] = models.resnet18
    MODELS["torchvision vit"] = lambda: models.VisionTransformer(32, 8, 2, 4, 64, 128)
    MODELS["torchvision mobilenet_v3_small"] = models.mobilenet_v3_small


def of_diffusers() -> None:
    import diffusers

    diffusers.logging.set_verbosity_error()
    attention = {"num_layers": 2, "attention_head_dim": 8, "num_attention_heads": 4}
    MODELS["diffusers unet"] = lambda: diffusers.UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        layers_per_block=1,
        attention_head_dim=8,
    )
    MODELS["diffusers vae"] = lambda: diffusers.AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    MODELS["diffusers dit"] = lambda: diffusers.DiTTransformer2DModel(**attention, sample_size=8)
    MODELS["diffusers vq"] = lambda: diffusers.VQModel(
        block_out_channels=(32,), num_vq_embeddings=16, norm_num_groups=8
    )
    MODELS["diffusers flux"] = lambda: diffusers.FluxTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=4,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
    )


def of_peft() -> None:
    import peft
    import transformers

    def adapted(config: Any) -> Callable[[], Any]:
        def make() -> Any:
            base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT, **HEADS))
            return peft.get_peft_model(base, config())

        return make

    layers = {"target_modules": ["q_proj", "v_proj"], "r": 4}
    MODELS["peft lora"] = adapted(lambda: peft.LoraConfig(**layers))
    MODELS["peft dora"] = adapted(lambda: peft.LoraConfig(**layers, use_dora=True))
    MODELS["peft pissa"] = adapted(lambda: peft.LoraConfig(**layers, init_lora_weights="pissa"))
    MODELS["peft loha"] = adapted(lambda: peft.LoHaConfig(**layers))


def of_lightning() -> None:
    import lightning

    class Lit(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 64), nn.BatchNorm1d(64), nn.Linear(64, 64))
            nn.init.orthogonal_(self.net[2].weight)

    MODELS["lightning module"] = Lit


of_torch()
if installed("transformers"):
    of_transformers()
if installed("timm", "torchvision"):
    of_timm()
if installed("torchvision"):
    of_torchvision()
if installed("diffusers"):
    of_diffusers()
if installed("peft", "transformers"):
    of_peft()
if installed("lightning"):
    of_lightning()
