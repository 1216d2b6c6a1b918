"""JAX: the nodes of its trees, as modules of Equinox and states of Flax are, one level at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

__all__ = ["is_node", "taken"]

VARIABLE = "flax.nnx.variablelib.Variable"  # of Flax, around an array
BOX = "flax.core.meta.AxisMetadata"


def is_node(value: Any) -> bool:
    """Whether JAX knows something as a node, and neither as a leaf nor as nothing."""
    return value is not None and not jax.tree_util.all_leaves([value])


def taken(node: Any) -> tuple[list[tuple[str, Any]], Callable[[list[Any]], Any]]:
    """The children of a node with what each is called, and the node of other children.

    What Flax puts around an array has no name of its own.
    """
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(node).__mro__}
    if VARIABLE in kinds:
        return [("", node.get_value())], lambda made: node.replace(made[0])
    if BOX in kinds:
        return [("", node.unbox())], lambda made: node.replace_boxed(made[0])
    found, definition = jax.tree_util.tree_flatten_with_path(
        node, is_leaf=lambda each: each is not node
    )
    pairs = [(_called(path[0]), child) for path, child in found]
    return pairs, lambda made: jax.tree_util.tree_unflatten(definition, made)


def _called(entry: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(entry, attribute):
            return str(getattr(entry, attribute))
    return str(entry)
