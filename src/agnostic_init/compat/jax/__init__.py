"""The names of ``jax.nn.initializers``: change the import and keep the code.

>>> from agnostic_init.compat import jax as initializers

Every factory has JAX's signature and defaults and returns an initializer that is called with
``(key, shape, dtype, out_sharding)``, eagerly or under jit, vmap and pjit, where the key may be
traced. Of a key 64 bits are drawn, and the values are those of `agnostic_init` for the key that
`agnostic_init.key` makes of it: the same on every device and for every sharding.

What is better than JAX's own: small dtypes are the float32 values rounded once, not draws of a few
bits; a complex truncated normal has the variance that was asked for; orthogonal matrices of
bfloat16 and float16 exist; a shape with a zero in it is no error.

Examples
--------
>>> import jax
>>> init = initializers.he_normal(in_axis=0, out_axis=(1, 2))
>>> jax.jit(init, static_argnums=1)(jax.random.key(0), (64, 4, 16)).shape
(64, 4, 16)
"""

from __future__ import annotations

from jax.nn.initializers import Initializer

from agnostic_init.compat.jax.elementwise import (
    constant,
    normal,
    ones,
    ones_init,
    truncated_normal,
    uniform,
    zeros,
    zeros_init,
)
from agnostic_init.compat.jax.matrices import delta_orthogonal, orthogonal
from agnostic_init.compat.jax.patch import patch
from agnostic_init.compat.jax.scaled import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    kaiming_normal,
    kaiming_uniform,
    lecun_normal,
    lecun_uniform,
    variance_scaling,
    xavier_normal,
    xavier_uniform,
)

__all__ = [
    "Initializer",
    "constant",
    "delta_orthogonal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "ones_init",
    "orthogonal",
    "patch",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
    "zeros_init",
]
