"""Whole models: the shapes of their parameters, and the rules by which people initialize them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["MODELS", "Law", "Model", "Tensor", "model"]


class Law(NamedTuple):
    """How parameters begin.

    `kind` is normal or truncated_normal (at two sigmas), whose standard deviation, before it is
    truncated, is `scale`; constant, whose value, zero or one, is `scale`; kaiming_normal (by
    fan_out, for ReLU) or orthogonal.
    """

    kind: str
    scale: float = 1.0


class Tensor(NamedTuple):
    """A parameter, and the law that it begins by."""

    name: str
    shape: tuple[int, ...]
    law: Law

    @property
    def std(self) -> float:
        """Of a normal law: what PyTorch's layout makes of fan_out, or the law's own."""
        if self.law.kind != "kaiming_normal":
            return self.law.scale
        return math.sqrt(2 / (self.shape[0] * math.prod(self.shape[2:])))


class Model(NamedTuple):
    """Shapes by name, and pairs of a pattern and a law, of which the first that matches is used.

    A pattern is ``*``, or has one star, at its start or its end or both.
    """

    shapes: dict[str, tuple[int, ...]]
    rules: tuple[tuple[str, Law], ...]

    def tensors(self) -> tuple[Tensor, ...]:
        """The parameters with their laws."""
        return tuple(
            Tensor(name, shape, next(law for pattern, law in self.rules if _matches(pattern, name)))
            for name, shape in self.shapes.items()
        )

    @property
    def elements(self) -> int:
        return sum(map(math.prod, self.shapes.values()))


def _matches(pattern: str, name: str) -> bool:
    middle = pattern.strip("*")
    if pattern.startswith("*"):
        return middle in name if pattern.endswith("*") else name.endswith(middle)
    return name.startswith(middle) if pattern.endswith("*") else name == middle


def gpt2(layers: int, width: int, vocabulary: int, positions: int) -> dict[str, tuple[int, ...]]:
    """The shapes of GPT-2, as in ``examples/gpt2-small.toml``."""
    found = {"wte.weight": (vocabulary, width), "wpe.weight": (positions, width)}

    def norm(name: str) -> None:
        found[f"{name}.weight"] = found[f"{name}.bias"] = (width,)

    for layer in range(layers):
        h = f"h.{layer}"
        norm(f"{h}.ln_1")
        found |= _linear(f"{h}.attn.c_attn", width, 3 * width)
        found |= _linear(f"{h}.attn.c_proj", width, width)
        norm(f"{h}.ln_2")
        found |= _linear(f"{h}.mlp.c_fc", width, 4 * width)
        found |= _linear(f"{h}.mlp.c_proj", 4 * width, width)
    norm("ln_f")
    return found


def _linear(name: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (columns,)}


def gpt2_rules(layers: int, kind: str = "normal") -> tuple[tuple[str, Law], ...]:
    """GPT-2's own: std 0.02, and less into the residual stream."""
    return (
        ("*.bias", Law("constant", 0.0)),
        ("*ln_*", Law("constant", 1.0)),
        ("*.c_proj.weight", Law(kind, 0.02 / math.sqrt(2 * layers))),
        ("*", Law(kind, 0.02)),
    )


def llama(
    layers: int, width: int, keys: int, hidden: int, vocabulary: int
) -> dict[str, tuple[int, ...]]:
    """The shapes of a Llama, as in transformers."""
    found: dict[str, tuple[int, ...]] = {"embed_tokens.weight": (vocabulary, width)}
    for layer in range(layers):
        for name, shape in {
            "self_attn.q_proj": (width, width),
            "self_attn.k_proj": (keys, width),
            "self_attn.v_proj": (keys, width),
            "self_attn.o_proj": (width, width),
            "mlp.gate_proj": (hidden, width),
            "mlp.up_proj": (hidden, width),
            "mlp.down_proj": (width, hidden),
            "input_layernorm": (width,),
            "post_attention_layernorm": (width,),
        }.items():
            found[f"layers.{layer}.{name}.weight"] = shape
    found["norm.weight"] = (width,)
    return found | {"lm_head.weight": (vocabulary, width)}


LLAMA_RULES = (("*norm.weight", Law("constant", 1.0)), ("*", Law("normal", 0.02)))


def resnet(blocks: tuple[int, ...], width: int, classes: int) -> dict[str, tuple[int, ...]]:
    """The shapes of a ResNet of bottlenecks, as in torchvision."""
    found: dict[str, tuple[int, ...]] = {}

    def convolution(name: str, norm: str, outputs: int, inputs: int, size: int) -> None:
        found[f"{name}.weight"] = (outputs, inputs, size, size)
        found[f"{norm}.weight"] = found[f"{norm}.bias"] = (outputs,)

    convolution("conv1", "bn1", width, 3, 7)
    inputs = width
    for stage, count in enumerate(blocks):
        narrow = width << stage
        for block in range(count):
            at = f"layer{stage + 1}.{block}"
            convolution(f"{at}.conv1", f"{at}.bn1", narrow, inputs, 1)
            convolution(f"{at}.conv2", f"{at}.bn2", narrow, narrow, 3)
            convolution(f"{at}.conv3", f"{at}.bn3", 4 * narrow, narrow, 1)
            if block == 0:
                convolution(f"{at}.downsample.0", f"{at}.downsample.1", 4 * narrow, inputs, 1)
            inputs = 4 * narrow
    return found | {"fc.weight": (classes, inputs), "fc.bias": (classes,)}


RESNET_RULES = (
    ("*.bias", Law("constant", 0.0)),
    ("*bn*", Law("constant", 1.0)),
    ("*.downsample.1.weight", Law("constant", 1.0)),
    ("*", Law("kaiming_normal")),
)


def alike(count: int, shape: tuple[int, ...], law: Law) -> Model:
    """Many weights of one shape."""
    return Model({f"layer.{i}.weight": shape for i in range(count)}, (("*", law),))


def orthogonal(*shapes: tuple[int, int]) -> Model:
    """Orthogonal weights of these shapes."""
    return Model({f"w.{i}": shape for i, shape in enumerate(shapes)}, (("*", Law("orthogonal")),))


def of_layers(layers: int, width: int) -> Model:
    """The matrices of a GPT's layers, orthogonal."""
    shapes = ((width, 3 * width), (width, width), (width, 4 * width), (4 * width, width))
    return orthogonal(*shapes * layers)


MODELS: dict[str, Callable[[], Model]] = {
    # 124,439,808 parameters in 148 tensors.
    "GPT-2 small": lambda: Model(gpt2(12, 768, 50257, 1024), gpt2_rules(12)),
    # 354,823,168 parameters in 292 tensors.
    "GPT-2 medium": lambda: Model(gpt2(24, 1024, 50257, 1024), gpt2_rules(24)),
    "GPT-2 small, ±2σ": lambda: Model(
        gpt2(12, 768, 50257, 1024), gpt2_rules(12, "truncated_normal")
    ),
    # 25,557,032 parameters in 161 tensors.
    "ResNet-50": lambda: Model(resnet((3, 4, 6, 3), 64, 1000), RESNET_RULES),
    # The shapes of TinyLlama: 1,100,048,384 parameters in 201 tensors.
    "Llama of 1.1e9": lambda: Model(llama(22, 2048, 256, 5632, 32000), LLAMA_RULES),
    "1,000 of 64²": lambda: alike(1000, (64, 64), Law("normal", 0.02)),
    "orthogonal: 16 of 256², 2 of 1024², 512 × 8192": lambda: orthogonal(
        *[(256, 256)] * 16, *[(1024, 1024)] * 2, (512, 8192)
    ),
    "orthogonal: 12 layers of GPT-2": lambda: of_layers(12, 768),
    "toy GPT-2": lambda: Model(gpt2(1, 64, 512, 64), gpt2_rules(1)),
    "toy Llama": lambda: Model(llama(1, 64, 32, 176, 512), LLAMA_RULES),
    "toy ResNet": lambda: Model(resnet((1,), 8, 10), RESNET_RULES),
    "toy GPT-2, ±2σ": lambda: Model(gpt2(1, 64, 512, 64), gpt2_rules(1, "truncated_normal")),
    "20 of 64²": lambda: alike(20, (64, 64), Law("normal", 0.02)),
    "orthogonal: 1 layer of 16": lambda: of_layers(1, 16),
}


@functools.cache
def model(name: str) -> Model:
    """A model by its name."""
    return MODELS[name]()
