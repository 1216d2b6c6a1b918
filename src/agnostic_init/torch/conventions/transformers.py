"""What the authors of transformers initialize with: GPT-2, Llama, ViT."""

from __future__ import annotations

import functools
import math
from typing import Any

from torch import nn

from agnostic_init.arrays.errors import must
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import zeros
from agnostic_init.initializers.random import normal
from agnostic_init.initializers.scaling import variance_scaling
from agnostic_init.initializers.side_by_side import blocks
from agnostic_init.models.torch_names import Place
from agnostic_init.torch.conventions.defaults import NORMALIZATIONS, by_names, padded
from agnostic_init.torch.conventions.table import Convention, Layer, Model, Tensors

__all__ = ["GPT2", "LLAMA", "RESIDUAL", "VIT"]

STD = 0.02
BRANCHES = 2  # of a layer, which add to the residual stream: attention and feed-forward
LINEAR = (nn.Linear, nn.modules.conv._ConvNd)
CONV1D = "transformers.pytorch_utils.Conv1D"  # whose weight is (in, out)

#: What projections into the residual stream are called: by OpenAI, torch, and others since.
RESIDUAL = frozenset(("c_proj", "out_proj", "o_proj", "down_proj", "linear2", "fc2", "wo", "w2"))
CLASS_TOKENS = ("cls_token", "class_token", "cls")
POSITIONS = ("pos_embed", "pos_embedding", "position_embedding", "position_embeddings")


def _residual(name: str) -> bool:
    return name.rpartition(".")[2] in RESIDUAL


@functools.lru_cache(maxsize=8)
def _residuals(places: tuple[Any, ...]) -> int:
    """How many projections add to the residual stream."""
    return sum(
        _residual(place.name) and getattr(place.module, "weight", None) is not None
        for place in places
    )


def _count(model: Model) -> int:
    """How many there are in the whole model, of which this may be a part."""
    layers = model.options.get("layers")
    return _residuals(model.places) if layers is None else BRANCHES * int(layers)


def _check_residuals(model: Model) -> None:
    if not _residuals(model.places):
        rule = "must find the projections into the residual stream, of which none is there, by name"
        hint = f"one of the names {', '.join(sorted(RESIDUAL))}, or rules"
        raise must("conventions", rule, "gpt2", hint)
    if model.options.get("layers") is None:
        _check_numbers(model.places)


def _check_numbers(places: tuple[Place, ...]) -> None:
    """Raise where the layers are numbered as those of a part of a model, as of a stage of a pipeline."""
    lists: dict[str, set[int]] = {}
    deep = set()
    for place in places:
        parts = place.name.split(".")
        at = next((n for n, part in enumerate(parts) if part.isdecimal()), None)
        if at is not None:
            above = ".".join(parts[:at])
            lists.setdefault(above, set()).add(int(parts[at]))
            deep |= {above} if _residual(place.name) else set()
    for above in sorted(deep):
        numbers = lists[above]
        if len(numbers) != max(numbers) + 1:
            rule = (
                "must be given for 'gpt2' where a module seems to be a part of a model, as its "
                f"layers {above!r} are numbered from {min(numbers)} to {max(numbers)} and are "
                f"{len(numbers)}"
            )
            raise must("layers", rule, None, "layers=, of the whole model")


def _of_gpt2(module: Any, model: Model) -> Tensors:
    scaled = _residual(model.name)
    std = STD / math.sqrt(_count(model)) if scaled else STD
    return {"weight": normal(std=std), "bias": zeros()}


def _of_llama(module: Any, model: Model) -> Tensors:
    return {"weight": normal(std=STD), "bias": zeros()}


def _embedding(module: Any, model: Model) -> Tensors:
    return {"weight": padded(module, normal(std=STD))}


def _attention(module: Any, model: Model) -> Tensors:
    names = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    return dict.fromkeys(names, normal(std=STD)) | {"in_proj_bias": zeros()}


def _table(layer: Layer) -> dict[str, Layer]:
    return {
        **by_names(LINEAR, layer),
        CONV1D: layer,
        **by_names((nn.Embedding, nn.EmbeddingBag), _embedding),
        **by_names((nn.MultiheadAttention,), _attention),
        **NORMALIZATIONS,
    }


# Radford, Wu, Child, Luan, Amodei and Sutskever, "Language models are unsupervised multitask
# learners", 2019: the weights of residual layers are scaled by 1/sqrt(N), N the number of these;
# N(0, 0.02) and zero biases are those of their code, github.com/openai/gpt-2, src/model.py.
GPT2 = Convention("gpt2", _table(_of_gpt2), check=_check_residuals, by_depth=True)

# Touvron et al., "Llama 2", arXiv:2307.09288, do not say; N(0, 0.02) is `initializer_range` of the
# configurations that Meta published with the weights of Llama 2 and 3.
LLAMA = Convention("llama", _table(_of_llama))


def _glorot(fan_in: int, fan_out: int) -> Initializer:
    return variance_scaling(1.0, "fan_avg", "uniform", fan=(fan_in, fan_out))


def _of_vit(module: Any, model: Model) -> Tensors:
    """Glorot's uniform; the head zero; biases of the MLP N(0, 1e-6), others zero."""
    name = model.name.rpartition(".")[2]
    fan_out, fan_in = module.weight.shape
    if name in ("head", "classifier") or model.name.startswith("heads."):
        return {"weight": zeros(), "bias": zeros()}
    if name in ("qkv", "query_key_value") and fan_out % 3 == 0:
        each = _glorot(fan_in, fan_out // 3)
        return {"weight": blocks((each,) * 3), "bias": zeros()}
    mlp = name in ("fc1", "fc2", "linear1", "linear2", "linear_1", "linear_2")
    mlp = mlp or "mlp" in model.name.split(".")
    return {"weight": _glorot(fan_in, fan_out), "bias": normal(std=1e-6) if mlp else zeros()}


def _patches(module: Any, model: Model) -> Tensors:
    """LeCun's truncated normal, and zeros: the default of Flax's convolution."""
    fan = math.prod(module.weight.shape[1:]), 1
    lecun = variance_scaling(1.0, "fan_in", "truncated_normal", fan=fan)
    return {"weight": lecun, "bias": zeros()}


def _attention_of_vit(module: Any, model: Model) -> Tensors:
    size = module.embed_dim
    found: Tensors = {
        name: _glorot(getattr(module, name).shape[1], size)
        for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        if getattr(module, name, None) is not None
    }
    if module.in_proj_weight is not None:
        found["in_proj_weight"] = blocks((_glorot(size, size),) * 3)
    return found | {"in_proj_bias": zeros()}


def _tokens(module: Any, model: Model) -> Tensors:
    found: Tensors = dict.fromkeys(CLASS_TOKENS, zeros())
    return found | dict.fromkeys(POSITIONS, normal(std=STD))


# Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021, arXiv:2010.11929; the numbers are
# those of their code, github.com/google-research/vision_transformer, vit_jax/models_vit.py.
VIT = Convention(
    "vit",
    {
        **by_names((nn.Linear,), _of_vit),
        **by_names((nn.modules.conv._ConvNd,), _patches),
        **by_names((nn.MultiheadAttention,), _attention_of_vit),
        **NORMALIZATIONS,
    },
    any_layer=_tokens,
)
