"""``torch.nn.init``, one call a parameter."""

from __future__ import annotations

from typing import Any

import torch

from bench.plans import Model

__all__ = ["initialize", "numbers", "tensors", "wait"]


def tensors(model: Model, dtype: str) -> dict[str, torch.Tensor]:
    kind = getattr(torch, dtype)
    return {n: torch.full(s, float("nan"), dtype=kind) for n, s in model.shapes.items()}


def initialize(tensors: dict[str, torch.Tensor], model: Model, dtype: str) -> list[torch.Tensor]:
    init = torch.nn.init
    for name, _, law in model.tensors():
        weight = tensors[name]
        match law.kind:
            case "constant":
                init.constant_(weight, law.scale)
            case "normal":
                init.normal_(weight, std=law.scale)
            case "truncated_normal":
                init.trunc_normal_(weight, std=law.scale, a=-2 * law.scale, b=2 * law.scale)
            case "kaiming_normal":
                init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
            case "orthogonal":
                init.orthogonal_(weight)
    return list(tensors.values())


def wait(made: Any) -> None:
    """It is there."""


def numbers(array: torch.Tensor, count: int) -> Any:
    return array.reshape(-1)[:count].to(torch.float64).numpy()
