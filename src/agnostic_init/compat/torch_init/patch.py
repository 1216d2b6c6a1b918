"""Other people's model code with these functions in the place of ``torch.nn.init``'s."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agnostic_init.bits.key import key as make_key
from agnostic_init.compat.torch_init.writing import KEYS, Numbers

__all__ = ["patch", "skip_init"]


@contextmanager
def patch(key: Any = None) -> Iterator[None]:
    """Run a block in which whatever torch draws is drawn by this package.

    Parameters
    ----------
    key
        Anything that `agnostic_init.key` takes: draw number `n` of the block that has no generator
        of its own is from ``key.fold_in(n)``, on every device. None: from torch's default
        generator, so that `torch.manual_seed` governs.
    """
    from agnostic_init.compat.torch_init.handlers import Patched
    from agnostic_init.compat.torch_init.mode import drawing

    numbers = None if key is None else Numbers(make_key(key))
    token = KEYS.set(numbers)
    try:
        with drawing(Patched(numbers)):
            yield
    finally:
        with contextlib.suppress(ValueError):  # ended in another context than it was entered in
            KEYS.reset(token)


@contextmanager
def skip_init() -> Iterator[None]:
    """Run a block in which ``torch.nn.init``'s functions leave their tensors as they are.

    For code that builds a model and then loads all of its weights: until they are loaded, they are
    whatever memory held. It holds where `patch` does.
    """
    from agnostic_init.compat.torch_init.handlers import Skipped
    from agnostic_init.compat.torch_init.mode import drawing

    with drawing(Skipped()):
        yield
