"""Calls of an initializer with a key of JAX first, which is how libraries on JAX call theirs."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import Wording, must_be_type

__all__ = ["of_jax_call"]

MOST = 4  # key, shape, dtype, out_sharding


def of_jax_call(first: Any, others: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name of ``init(key, shape, dtype, out_sharding)``.

    A call of an initializer has no more than one argument without a name, so that more of them, of
    which the first is JAX's, have this meaning alone.

    Parameters
    ----------
    first, others
        The arguments without a name.
    named
        Those with one that are not None.
    """
    found = dict(zip(("key", "shape", "dtype", "device"), (first, *others), strict=False))
    of_jax = type(first).__module__.partition(".")[0] in ("jax", "jaxlib")
    if not of_jax or len(others) >= MOST or found.keys() & named.keys():
        given = Wording(f"{1 + len(others)} arguments without a name")
        rule = "must be the only argument without a name, unless a key of JAX comes before it"
        raise must_be_type("shape", rule, given, "init(shape, key=..., dtype=...)")
    return {"xp": "jax", **found, **named}
