"""agnostic_init: one call for the whole model, by rules."""

from __future__ import annotations

from typing import Any

from bench.plans import Law, Model

__all__ = ["initialize", "rules_of"]


def initialize(tensors: dict[str, Any] | None, model: Model, dtype: str, key: int = 0) -> list[Any]:
    import agnostic_init as ai

    rules = rules_of(model)
    if tensors is not None:
        return list(ai.fill_tree(tensors, rules, key=key).values())
    import jax.numpy as jnp

    return list(ai.init_tree(model.shapes, rules, key=key, xp=jnp, dtype=dtype).values())


def rules_of(model: Model) -> list[tuple[str, Any]]:
    """The rules of a model as agnostic_init takes them."""
    return [(pattern, _initializer(law)) for pattern, law in model.rules]


def _initializer(law: Law) -> Any:
    import agnostic_init as ai

    match law.kind:
        case "constant":
            return ai.ones() if law.scale else ai.zeros()
        case "normal":
            return ai.normal(std=law.scale)
        case "truncated_normal":
            return ai.truncated_normal(std=law.scale)
        case "kaiming_normal":
            return ai.kaiming_normal(mode="fan_out", nonlinearity="relu", layout="torch")
        case _:
            return ai.orthogonal()
