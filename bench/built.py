"""A module of somebody else's code, made once in the process that imports this: ``main(PROGRAM, LIBRARY, MODEL, DTYPE, THREADS)``.

The libraries of the module are imported before the clock starts; what is counted is the factory,
and with ours also the import of agnostic_init. Memory is the highest in use meanwhile, above what
was in use before.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["main"]


def main(program: str, library: str, model: str, dtype: str, threads: str) -> None:
    """Make it, and print what was seen as JSON."""
    out = os.dup(1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # of configurations alone
    try:
        if importlib.util.find_spec("torchvision"):  # which transformers imports too
            _define_operators_of_torchvision()
        importlib.import_module(library)
        make = FACTORIES[library](model, dtype)
    except ImportError as error:
        _say(out, missing=str(error))
        return
    from bench import memory

    before = memory.settle()
    start = time.perf_counter()
    made = _built(make) if program == "ours" else make()
    seconds = time.perf_counter() - start
    peak = memory.peak() - before
    _say(out, seconds=seconds, peak_bytes=peak, **_about(program, library, made))


def _built(make: Callable[[], Any]) -> Any:
    import agnostic_init as ai

    return ai.torch.build(make, key=0)


def _of_transformers(model: str, dtype: str) -> Callable[[], Any]:
    import torch
    import transformers

    sizes: dict[str, Any] = SIZES[model]
    # Their code is imported when a class of theirs is first asked for.
    if "GPT-2" in model:
        of, config = transformers.GPT2LMHeadModel, transformers.GPT2Config(**sizes)
    else:
        of, config = transformers.LlamaForCausalLM, transformers.LlamaConfig(**sizes)
    form = getattr(torch, dtype)
    return lambda: of._from_config(config, dtype=form)


def _of_torchvision(model: str, dtype: str) -> Callable[[], Any]:
    from torchvision import models

    made: Callable[[], Any] = models.resnet50
    return made


def _of_torch(model: str, dtype: str) -> Callable[[], Any]:
    from torch import nn

    return lambda: nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(20)])


SIZES = {
    "GPT-2 medium": {"n_embd": 1024, "n_layer": 24, "n_head": 16},
    "toy GPT-2": {"n_embd": 64, "n_layer": 1, "n_head": 4, "vocab_size": 512, "n_positions": 64},
    "Llama of 1.1e9": {
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "vocab_size": 32000,
    },
}
FACTORIES = {
    "torch": _of_torch,
    "torchvision": _of_torchvision,
    "transformers": _of_transformers,
}


def _about(program: str, library: str, made: Any) -> dict[str, Any]:
    from bench.fresh.torch import numbers
    from bench.seen import seen

    first = next(iter(made.parameters())).detach()
    versions = {each: sys.modules[each].__version__ for each in dict.fromkeys(("torch", library))}
    found = {"seen": seen(numbers, first, tuple(first.shape), orthogonal=False)}
    if program != "ours":
        return {**found, "versions": versions}
    import agnostic_init
    from bench.engine import engine

    versions["agnostic-init"] = agnostic_init.__version__
    return {**found, "versions": versions, "engine": engine()}


def _define_operators_of_torchvision() -> None:
    """PyPI's torchvision is compiled for torch with CUDA, and asks for two operators of its own."""
    import torch

    if torch.version.cuda is None:
        operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        KEPT.append(operators)


KEPT: list[Any] = []


def _say(out: int, **what: object) -> None:
    os.write(out, json.dumps(what).encode() + b"\n")
