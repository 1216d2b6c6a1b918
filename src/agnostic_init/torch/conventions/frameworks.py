"""The defaults of Keras's and of Flax's layers, for those of torch that are the same."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, zeros
from agnostic_init.initializers.orthogonal import orthogonal
from agnostic_init.initializers.random import normal, uniform
from agnostic_init.initializers.scaling import variance_scaling
from agnostic_init.initializers.side_by_side import blocks
from agnostic_init.torch.conventions.defaults import NORMALIZATIONS, by_names, with_forget_bias
from agnostic_init.torch.conventions.table import Convention, Model, Tensors

__all__ = ["FLAX", "KERAS"]

LIMIT = 0.05  # of Keras's uniform


def _glorot(fan_in: int, fan_out: int) -> Initializer:
    return variance_scaling(1.0, "fan_avg", "uniform", fan=(fan_in, fan_out))


def _lecun(fan_in: int) -> Initializer:
    return variance_scaling(1.0, "fan_in", "truncated_normal", fan=(fan_in, 1))


def _fans(module: Any) -> tuple[int, int]:
    """Of the kernel as both libraries have it, whose fans are those of its shape.

    A grouped convolution's has the inputs of one group and the outputs of all.
    """
    rows, columns, *kernel = module.weight.shape
    size = math.prod(kernel)
    if isinstance(module, nn.modules.conv._ConvTransposeNd):  # (in, out, *k)
        return rows * size, columns * size
    return columns * size, rows * size


def _of_keras(module: Any, model: Model) -> Tensors:
    return {"weight": _glorot(*_fans(module)), "bias": zeros()}


def _embedding_of_keras(module: Any, model: Model) -> Tensors:
    return {"weight": uniform(-LIMIT, LIMIT)}


def _attention_of_keras(module: Any, model: Model) -> Tensors:
    return _attention(module, _glorot)


def _attention(module: Any, of_fans: Any) -> Tensors:
    size = module.embed_dim
    found: Tensors = {"in_proj_bias": zeros()}
    for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
        weight = getattr(module, name, None)
        if weight is not None:
            found[name] = of_fans(weight.shape[1], size)
    if module.in_proj_weight is not None:
        found["in_proj_weight"] = blocks((of_fans(size, size),) * 3)
    return found


def _recurrent_of_keras(module: Any, model: Model) -> Tensors:
    """Glorot's uniform of the whole kernel, an orthogonal one, zeros; an LSTM's forget bias is one."""
    if model.options.get("forget_bias") is None:
        model = Model(model.name, model.places, {"forget_bias": 1.0})
    found: Tensors = {}
    for name, weight in module._parameters.items():
        if name.startswith("weight_ih"):
            found[name] = _glorot(weight.shape[1], weight.shape[0])
        elif name.startswith("weight_hh"):
            found[name] = orthogonal(layout="torch")
        elif name.startswith("bias"):
            found[name] = zeros()
    return with_forget_bias(module, model, found)


def _of_flax(module: Any, model: Model) -> Tensors:
    return {"weight": _lecun(_fans(module)[0]), "bias": zeros()}


def _embedding_of_flax(module: Any, model: Model) -> Tensors:
    return {"weight": normal(std=1 / math.sqrt(module.weight.shape[1]))}


def _attention_of_flax(module: Any, model: Model) -> Tensors:
    return _attention(module, lambda fan_in, fan_out: _lecun(fan_in))


def _recurrent_of_flax(module: Any, model: Model) -> Tensors:
    """A kernel for each gate: LeCun's normal of inputs, orthogonal ones of the state; zeros."""
    found: Tensors = {}
    for name, weight in module._parameters.items():
        if name.startswith("weight_ih"):
            found[name] = _lecun(weight.shape[1])
        elif name.startswith("weight_hh"):
            gates = weight.shape[0] // module.hidden_size
            found[name] = orthogonal(layout=f"({gates} o) i" if gates > 1 else "o i")
        elif name.startswith("bias"):
            found[name] = zeros()
    return with_forget_bias(module, model, found)


# keras.io/api/layers: the defaults of Dense, Conv, Conv transposed, Embedding, LSTM, GRU,
# SimpleRNN, MultiHeadAttention and PReLU, in Keras 3.
KERAS = Convention(
    "keras",
    {
        **by_names((nn.Linear, nn.modules.conv._ConvNd), _of_keras),
        **by_names((nn.Embedding, nn.EmbeddingBag), _embedding_of_keras),
        **by_names((nn.MultiheadAttention,), _attention_of_keras),
        **by_names((nn.RNNBase, nn.RNNCellBase), _recurrent_of_keras),
        **by_names((nn.PReLU,), lambda module, model: {"weight": zeros()}),
        **NORMALIZATIONS,
    },
)

# flax.readthedocs.io: the defaults of Dense, Conv, ConvTranspose, Embed, OptimizedLSTMCell,
# GRUCell, SimpleCell, MultiHeadDotProductAttention and PReLU in flax.linen.
FLAX = Convention(
    "flax",
    {
        **by_names((nn.Linear, nn.modules.conv._ConvNd), _of_flax),
        **by_names((nn.Embedding, nn.EmbeddingBag), _embedding_of_flax),
        **by_names((nn.MultiheadAttention,), _attention_of_flax),
        **by_names((nn.RNNBase, nn.RNNCellBase), _recurrent_of_flax),
        **by_names((nn.PReLU,), lambda module, model: {"weight": constant(0.01)}),
        **NORMALIZATIONS,
    },
)
