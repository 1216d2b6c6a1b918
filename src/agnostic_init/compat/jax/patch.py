"""Other people's code with these factories in the place of ``jax.nn.initializers``'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import jax

from agnostic_init.arrays.blocks import block
from agnostic_init.compat.jax import elementwise, matrices, sampling, scaled
from agnostic_init.compat.stand_ins import StandIns

__all__ = ["patch"]

OURS: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (elementwise, matrices, scaled)
    for name in module.__all__
}
SAMPLERS: dict[str, Callable[..., Any]] = {
    name: getattr(sampling, name) for name in sampling.__all__
}
STAND_INS = StandIns("jax.nn.initializers", OURS)
# What else JAX draws is made of these too, and stays as it is.
RANDOM = StandIns("jax.random", SAMPLERS, but_for="jax._src.random")


@block
def patch() -> Iterator[None]:
    """Run a block with this package's factories and draws in the place of JAX's.

    In it ``jax.nn.initializers`` has the factories of this module. What has been made of JAX's own
    before, such as the defaults of Flax's layers, and what needs none, such as Equinox's, draws its
    numbers by ``jax.random``, whose `normal`, `uniform`, `truncated_normal` and `orthogonal` are
    this package's too: their scales, these values. It holds for the thread that entered it and ends
    with the block, also by an exception.

    Notes
    -----
    Everything that the block draws by those four functions is of this package, whatever it is for;
    other functions of ``jax.random``, such as `bernoulli` for dropout, are JAX's. A program that was
    compiled outside of the block is compiled again in it, and the other way round (by versions of
    JAX before 0.7 it is not: enter the block before it runs first).

    An initializer that JAX made draws in the dtype of the weight, and then scales: a bfloat16 weight
    is rounded twice, and a complex truncated normal has JAX's variance.

    Examples
    --------
    >>> captured = jax.nn.initializers.he_normal()
    >>> with patch():
    ...     init = jax.nn.initializers.he_normal()
    ...     theirs = captured(jax.random.key(0), (64, 32))
    >>> init.distribution
    'truncated_normal'
    >>> bool(jax.numpy.allclose(theirs, init(jax.random.key(0), (64, 32)), rtol=1e-6))
    True
    """
    with STAND_INS.using(OURS), RANDOM.using(SAMPLERS), _programs_of_its_own():
        yield


def _programs_of_its_own() -> Any:
    """A context of which the key of JAX's compiled programs is part."""
    return nullcontext() if _BLOCK is None else _BLOCK(True)


_BLOCK = jax.make_user_context(False) if hasattr(jax, "make_user_context") else None
