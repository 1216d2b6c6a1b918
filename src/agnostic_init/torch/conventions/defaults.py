"""Torch's own defaults, as the layers' ``reset_parameters`` have them."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from agnostic_init.arrays.errors import must
from agnostic_init.compat.torch_init.elementwise import normal_of, uniform_of
from agnostic_init.compat.torch_init.scaled import kaiming_of, xavier_of
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, ones, zeros
from agnostic_init.initializers.parts import constant_rows, zero_rows
from agnostic_init.torch.conventions.table import Convention, Layer, Model, Tensors, kind_of

__all__ = ["NORMALIZATIONS", "TORCH", "by_names", "normalization", "padded", "with_forget_bias"]


def _linear(module: Any, model: Model) -> Tensors:
    """U(-1/sqrt(fan in), 1/sqrt(fan in)) for the weight and the bias; `Linear` and convolutions."""
    weight = module.weight
    fan_in = math.prod(weight.shape[1:])
    bound = 1 / math.sqrt(fan_in) if fan_in else 0
    known = None if 0 in weight.shape else kaiming_of(weight, "uniform", math.sqrt(5))
    return {"weight": known or zeros(), "bias": uniform_of(-bound, bound)}


def _bilinear(module: Any, model: Model) -> Tensors:
    """U(-1/sqrt(in1), 1/sqrt(in1)): the fan is that of the first input alone."""
    bound = 1 / math.sqrt(module.weight.shape[1])
    return dict.fromkeys(("weight", "bias"), uniform_of(-bound, bound))


def _embedding(module: Any, model: Model) -> Tensors:
    """N(0, 1), and zeros in the row of the padding."""
    return {"weight": padded(module, normal_of())}


def padded(module: Any, init: Initializer) -> Initializer:
    """An embedding's initializer, with the row of its padding zero."""
    index = getattr(module, "padding_idx", None)
    return init if index is None else zero_rows(init, index)


def _attention(module: Any, model: Model) -> Tensors:
    """Xavier's uniform for the projections, packed as they are; biases zero."""
    names = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    found: Tensors = {
        name: xavier_of(getattr(module, name), "uniform")
        for name in names
        if getattr(module, name, None) is not None
    }
    for name in ("bias_k", "bias_v"):
        if getattr(module, name, None) is not None:
            found[name] = xavier_of(getattr(module, name), "normal")
    if module.in_proj_bias is not None:
        found |= {"in_proj_bias": zeros(), "out_proj.bias": zeros()}
    return found


def _recurrent(module: Any, model: Model) -> Tensors:
    """U(-1/sqrt(hidden), 1/sqrt(hidden)) for everything, projections too."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0
    names = dict.fromkeys(module._parameters, uniform_of(-bound, bound))
    return with_forget_bias(module, model, names)


def with_forget_bias(module: Any, model: Model, tensors: Tensors) -> Tensors:
    """The initializers of an LSTM, where asked with the forget gate's biases adding up to a number."""
    bias = model.options.get("forget_bias")
    if bias is None or not isinstance(module, nn.LSTM | nn.LSTMCell):
        return tensors
    rows = range(module.hidden_size, 2 * module.hidden_size)
    values = {"bias_ih": float(bias), "bias_hh": 0.0}
    found = dict(tensors)
    for name, init in tensors.items():
        if name[:7] in values:
            found[name] = constant_rows(init, rows, values[name[:7]])
    return found


def normalization(module: Any, model: Model) -> Tensors:
    """Weights one, biases zero, and the statistics of no data."""
    return {
        "weight": ones(),
        "bias": zeros(),
        "running_mean": zeros(),
        "running_var": ones(),
        "num_batches_tracked": zeros(),
    }


def _prelu(module: Any, model: Model) -> Tensors:
    """The slope that the layer was made with."""
    return {"weight": constant(module.init)}


def _transformer(module: Any, model: Model) -> Tensors:
    """Xavier's uniform for every matrix of the encoder and the decoder."""
    from agnostic_init.models.torch_names import named_tensors

    return {
        each.name: xavier_of(each.tensor, "uniform")
        for each in named_tensors(module)
        if each.tensor.dim() > 1
    }


def by_names(kinds: tuple[type, ...], layer: Layer) -> dict[str, Layer]:
    """The rows of a table for some classes."""
    return dict.fromkeys(map(kind_of, kinds), layer)


#: What is the same in all conventions.
NORMALIZATIONS: dict[str, Layer] = {
    **by_names(
        (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), normalization
    ),
    "torch.optim.swa_utils.AveragedModel": lambda module, model: {"n_averaged": zeros()},
}


def _check(model: Model) -> None:
    bias = model.options.get("forget_bias")
    if bias is not None and not any(
        isinstance(place.module, nn.LSTM | nn.LSTMCell) for place in model.places
    ):
        raise must("forget_bias", "must be None where there is no LSTM", bias)


TORCH = Convention(
    "torch",
    {
        **by_names((nn.Linear, nn.modules.conv._ConvNd), _linear),
        **by_names((nn.Bilinear,), _bilinear),
        **by_names((nn.Embedding, nn.EmbeddingBag), _embedding),
        **by_names((nn.MultiheadAttention,), _attention),
        **by_names((nn.RNNBase, nn.RNNCellBase), _recurrent),
        **by_names((nn.PReLU,), _prelu),
        **by_names((nn.Transformer,), _transformer),
        **NORMALIZATIONS,
    },
    as_written=True,
    check=_check,
)
