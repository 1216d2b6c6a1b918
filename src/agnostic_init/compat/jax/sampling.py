"""The functions of ``jax.random`` that weights are drawn by, with the values of this package.

Whatever made an initializer before a block of `patch` began, its scale is in it, and the numbers
come from these.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.compat.jax.drawing import checked, drawn, is_number, key_of, placed
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.linalg.functions import haar_matrices

__all__ = ["normal", "orthogonal", "truncated_normal", "uniform"]

# JAX's own, which refuse in their words the dtypes that are not theirs to draw.
THEIRS = {
    name: getattr(jax.random, name)
    for name in ("normal", "orthogonal", "truncated_normal", "uniform")
}


def normal(key: Any, shape: Any = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Draw standard normal numbers, as ``jax.random.normal``.

    Parameters
    ----------
    key, shape, dtype, out_sharding
        As there; a complex dtype has ``E|x|^2 = 1``.

    Examples
    --------
    >>> normal(jax.random.key(0), (2, 3)).shape
    (2, 3)
    """
    lengths, found = checked(shape, dtype)
    if not jnp.issubdtype(found, jnp.inexact):
        return THEIRS["normal"](key, shape, dtype)
    return drawn(normal_draw(0.0, 1.0, str(found.name)), key, lengths, out_sharding)


def uniform(
    key: Any,
    shape: Any = (),
    dtype: Any = None,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    *,
    out_sharding: Any = None,
) -> Any:
    """Draw numbers uniform on [minval, maxval), as ``jax.random.uniform``.

    Parameters
    ----------
    key, shape, dtype, out_sharding
        As there.
    minval, maxval
        The bounds, which may be traced, or arrays that broadcast to the shape.

    Examples
    --------
    >>> values = uniform(jax.random.key(0), (100,), minval=-0.5, maxval=0.5)
    >>> bool(abs(values).max() <= 0.5)
    True
    """
    lengths, found = checked(shape, dtype)
    if not jnp.issubdtype(found, jnp.floating):
        return THEIRS["uniform"](key, shape, dtype, minval, maxval)
    name = str(found.name)
    if is_number(minval) and is_number(maxval) and minval < maxval:
        low, high = float(minval), float(maxval)
        return drawn(uniform_draw(low, high, name), key, lengths, out_sharding)
    return placed(_between(key, lengths, name, minval, maxval).astype(found), out_sharding)


def truncated_normal(
    key: Any,
    lower: Any,
    upper: Any,
    shape: Any = None,
    dtype: Any = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Draw standard normal numbers between two bounds, as ``jax.random.truncated_normal``.

    Parameters
    ----------
    key, shape, dtype, out_sharding
        As there.
    lower, upper
        The bounds. Where they are traced, or arrays that broadcast to the shape, the quantile is
        JAX's own, and right to its rounding.

    Examples
    --------
    >>> values = truncated_normal(jax.random.key(0), -2, 2, (1000,))
    >>> bool(abs(values).max() <= 2)
    True
    """
    if shape is None:
        shape = jnp.broadcast_shapes(np.shape(lower), np.shape(upper))
    lengths, found = checked(shape, dtype)
    if not jnp.issubdtype(found, jnp.floating):
        return THEIRS["truncated_normal"](key, lower, upper, shape, dtype)
    name = str(found.name)
    if is_number(lower) and is_number(upper):
        low, high = float(lower), float(upper)
        draw = truncated_normal_draw(0.0, 1.0, low, high, "sigma", "parent", name)
        return drawn(draw, key, lengths, out_sharding)
    wide = format_of(name).compute
    below, above = (jnp.asarray(bound, wide) for bound in (lower, upper))
    root = jnp.asarray(np.sqrt(2), wide)
    ends = (jax.lax.erf(bound / root) for bound in (below, above))
    values = root * jax.lax.erf_inv(_between(key, lengths, wide, *ends))
    return placed(jnp.clip(values, below, above).astype(found), out_sharding)


def orthogonal(
    key: Any,
    n: int,
    shape: Any = (),
    dtype: Any = None,
    m: int | None = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Draw matrices of orthonormal rows or columns, as ``jax.random.orthogonal``.

    Parameters
    ----------
    key, shape, dtype, out_sharding
        As there: `shape` is that of the batch.
    n, m
        Rows and columns; as many columns as rows where `m` is None.

    Examples
    --------
    >>> q = orthogonal(jax.random.key(0), 3, (2,))
    >>> bool(jnp.allclose(q @ q.mT, jnp.eye(3, device=None), atol=1e-6))
    True
    """
    batch, found = checked(shape, dtype)
    if not jnp.issubdtype(found, jnp.inexact):
        return THEIRS["orthogonal"](key, n, shape, dtype, m)
    lengths = (*batch, n, n if m is None else m)
    made = haar_matrices(lengths, key=key_of(key), xp=jnp, dtype=str(found.name))
    return placed(made, out_sharding)


def _between(key: Any, shape: tuple[int, ...], name: str, low: Any, high: Any) -> Any:
    """Uniform numbers between bounds that are traced, arrays or equal, in what is computed in."""
    wide = format_of(name).compute
    unit = drawn(uniform_draw(0.0, 1.0, wide), key, shape, None)
    low, high = (jnp.asarray(bound, wide) for bound in (low, high))
    return jnp.maximum(low, low + unit * (high - low))
