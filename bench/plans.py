"""Whole models, as lists of tensors: name, shape and rule."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["PLANS", "Tensor", "tensors"]


class Tensor(NamedTuple):
    """A parameter of a model; a `std` of None stands for a constant, `value`."""

    name: str
    shape: tuple[int, ...]
    std: float | None = 0.02
    value: float = 0.0


def gpt2(layers: int, width: int, vocabulary: int, positions: int) -> list[Tensor]:
    """GPT-2 with its own initialization: normal 0.02, residual projections scaled down."""
    residual = 0.02 / math.sqrt(2 * layers)
    found = [Tensor("wte.weight", (vocabulary, width)), Tensor("wpe.weight", (positions, width))]

    def norm(name: str) -> list[Tensor]:
        return [
            Tensor(f"{name}.weight", (width,), None, 1.0),
            Tensor(f"{name}.bias", (width,), None),
        ]

    def linear(name: str, rows: int, columns: int, std: float) -> list[Tensor]:
        weight = Tensor(f"{name}.weight", (rows, columns), std)
        return [weight, Tensor(f"{name}.bias", (columns,), None)]

    for layer in range(layers):
        h = f"h.{layer}"
        found += norm(f"{h}.ln_1")
        found += linear(f"{h}.attn.c_attn", width, 3 * width, 0.02)
        found += linear(f"{h}.attn.c_proj", width, width, residual)
        found += norm(f"{h}.ln_2")
        found += linear(f"{h}.mlp.c_fc", width, 4 * width, 0.02)
        found += linear(f"{h}.mlp.c_proj", 4 * width, width, residual)
    return found + norm("ln_f")


def llama(layers: int, width: int, keys: int, hidden: int, vocabulary: int) -> list[Tensor]:
    """A Llama as transformers initializes it: normal 0.02, and norms of one."""
    found = [Tensor("embed_tokens.weight", (vocabulary, width))]
    for layer in range(layers):
        h = f"layers.{layer}"
        for name, shape in {
            "self_attn.q_proj": (width, width),
            "self_attn.k_proj": (keys, width),
            "self_attn.v_proj": (keys, width),
            "self_attn.o_proj": (width, width),
            "mlp.gate_proj": (hidden, width),
            "mlp.up_proj": (hidden, width),
            "mlp.down_proj": (width, hidden),
        }.items():
            found.append(Tensor(f"{h}.{name}.weight", shape))
        found += [
            Tensor(f"{h}.{name}.weight", (width,), None, 1.0)
            for name in ("input_layernorm", "post_attention_layernorm")
        ]
    found.append(Tensor("norm.weight", (width,), None, 1.0))
    return [*found, Tensor("lm_head.weight", (vocabulary, width))]


PLANS: dict[str, Callable[[], list[Tensor]]] = {
    # 124,439,808 parameters in 148 tensors.
    "gpt2-small": functools.partial(gpt2, 12, 768, 50257, 1024),
    # The shapes of TinyLlama: 1,100,048,384 parameters in 201 tensors.
    "llama-1.1b": functools.partial(llama, 22, 2048, 256, 5632, 32000),
    "gpt2-toy": functools.partial(gpt2, 1, 64, 512, 64),
    "llama-toy": functools.partial(llama, 1, 64, 32, 176, 512),
    "1000 of 64×64": lambda: [Tensor(f"layer.{i}.weight", (64, 64)) for i in range(1000)],
    "20 of 64×64": lambda: [Tensor(f"layer.{i}.weight", (64, 64)) for i in range(20)],
}


@functools.cache
def tensors(plan: str) -> tuple[Tensor, ...]:
    """The parameters of a plan."""
    return tuple(PLANS[plan]())
