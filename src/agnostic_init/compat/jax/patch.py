"""Other people's code with these factories in the place of ``jax.nn.initializers``'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agnostic_init.compat.jax import elementwise, matrices, scaled
from agnostic_init.compat.stand_ins import StandIns

__all__ = ["patch"]

OURS: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (elementwise, matrices, scaled)
    for name in module.__all__
}
STAND_INS = StandIns("jax.nn.initializers", OURS)


@contextmanager
def patch() -> Iterator[None]:
    """Run a block with the factories of this package in the place of ``jax.nn.initializers``'s.

    It holds for the thread that entered it and ends with the block, also by an exception.

    Notes
    -----
    Initializers that were made before the block stay as they are. The defaults of Flax's layers are
    such: pass those layers an initializer.

    Examples
    --------
    >>> import jax
    >>> with patch():
    ...     init = jax.nn.initializers.he_normal()
    >>> init.distribution
    'truncated_normal'
    """
    with STAND_INS.using(OURS):
        yield
