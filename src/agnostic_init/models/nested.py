"""Trees: what is nested, by names joined with dots, and the same tree of other leaves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any

from agnostic_init.arrays.errors import must

__all__ = ["Tree", "is_nested", "tree_of"]

Rebuild = Callable[[Mapping[str, Any]], Any]


class Tree:
    """A tree, taken apart.

    Attributes
    ----------
    leaves
        Its shapes, specs or arrays, by their paths.
    """

    def __init__(self, tree: Any) -> None:
        self.leaves: dict[str, Any] = {}
        self._rebuild = self._taken(tree, "")

    def rebuilt(self, leaves: Mapping[str, Any]) -> Any:
        """The same tree of other leaves; what is no array stays what it is."""
        return self._rebuild(leaves)

    def _taken(self, node: Any, path: str, *, of_jax: bool = False) -> Rebuild:
        """Note the leaves below a node; what is inside of one of JAX's may be no array."""
        if type(node) is dict:
            return self._children(list(node.items()), path, dict, of_jax)
        if isinstance(node, list | tuple) and not _is_shape(node):
            kind: Any = type(node)
            names = getattr(kind, "_fields", range(len(node)))
            make = (lambda made: kind(*made)) if hasattr(kind, "_fields") else kind
            pairs = list(zip(names, node, strict=True))
            return self._children(pairs, path, lambda made: make(list(made.values())), of_jax)
        if not _is_leaf(node) and _is_of_jax(node):
            pairs, remake = _of_jax().taken(node)
            return self._children(pairs, path, lambda made: remake(list(made.values())), True)
        if isinstance(node, Mapping):
            return self._children(list(node.items()), path, dict, of_jax)
        if node is None or (of_jax and not (hasattr(node, "shape") and hasattr(node, "dtype"))):
            return lambda leaves: node
        if path in self.leaves:
            raise must("specs", "must have paths that differ", path)
        self.leaves[path] = node
        return lambda leaves: leaves[path]

    def _children(
        self,
        pairs: Sequence[tuple[Any, Any]],
        path: str,
        make: Callable[[dict[Any, Any]], Any],
        of_jax: bool,
    ) -> Rebuild:
        made = {}
        for key, child in pairs:
            below = ".".join(part for part in (path, str(key)) if part)
            made[key] = self._taken(child, below, of_jax=of_jax)
        return lambda leaves: make({key: rebuild(leaves) for key, rebuild in made.items()})


def tree_of(given: Any) -> Tree | None:
    """The tree, or None of a mapping that has no other inside, and of pairs."""
    return Tree(given) if is_nested(given) else None


def is_nested(given: Any) -> bool:
    """Whether something is a tree, and no mapping of names to shapes or arrays, nor pairs of them."""
    if isinstance(given, Mapping):
        known = type(given) is dict or not _is_of_jax(given)
        return not known or any(map(_is_container, given.values()))
    if isinstance(given, list | tuple):
        pairs = all(
            isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str)
            for each in given
        )
        return bool(given) and not pairs and not _is_shape(given)
    return _is_of_jax(given)


def _is_container(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    if isinstance(value, list | tuple):
        return not _is_shape(value)
    return not _is_leaf(value) and _is_of_jax(value)


def _is_of_jax(value: Any) -> bool:
    of_jax = _of_jax()
    return of_jax is not None and bool(of_jax.is_node(value))


def _is_leaf(value: Any) -> bool:
    """Whether this is a spec or an array, and no node: a tuple that comes here is a shape."""
    return isinstance(value, Integral | str | list | tuple) or type(value).__module__ == "numpy"


def _is_shape(value: Any) -> bool:
    """Whether a sequence is no node: a shape, a pair of a shape and a dtype, or nothing of use."""
    return not value or not all(map(_is_below, value))


def _is_below(value: Any) -> bool:
    """Whether something may be below a node of a tree."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return True
    array = hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type)
    return array or (not _is_leaf(value) and _is_of_jax(value))


def _of_jax() -> Any:
    """What knows JAX's nodes, where anybody has imported it."""
    if "jax" not in sys.modules:
        return None
    from agnostic_init.models import jax_nodes

    return jax_nodes
