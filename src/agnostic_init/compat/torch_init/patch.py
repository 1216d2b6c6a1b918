"""Other people's model code with these functions in the place of ``torch.nn.init``'s."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.compat.stand_ins import StandIns
from agnostic_init.compat.torch_init import deprecated, elementwise, scaled, structured
from agnostic_init.compat.torch_init.writing import KEYS

__all__ = ["patch", "skip_init"]

OURS: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (elementwise, scaled, structured, deprecated)
    for name in module.__all__
    if name != "calculate_gain"
}
STAND_INS = StandIns("torch.nn.init", OURS)


@contextmanager
def patch(key: Any = None) -> Iterator[None]:
    """Run a block with the functions of this package in the place of ``torch.nn.init``'s.

    Layers of torch, and of anybody who calls ``torch.nn.init`` or imported its functions by name,
    initialize their parameters with them. It holds for the thread (or the task of asyncio) that
    entered it and ends with the block, also by an exception. It may decorate a function.

    Parameters
    ----------
    key
        Anything that `agnostic_init.key` takes: call number `n` of the block that has no generator
        of its own draws from ``key.fold_in(n)``, on every device. None: from torch's default
        generator, so that `torch.manual_seed` governs.

    Notes
    -----
    Not seen: functions that were stored before the block elsewhere than under a module's name,
    as in ``functools.partial(nn.init.normal_, std=0.02)``, and values that are drawn without
    ``torch.nn.init``, as by ``tensor.normal_()``.
    """
    with STAND_INS.using(OURS):
        token = KEYS.set(None if key is None else _numbered(make_key(key)))
        try:
            yield
        finally:
            KEYS.reset(token)


@contextmanager
def skip_init() -> Iterator[None]:
    """Run a block in which ``torch.nn.init``'s functions leave their tensors as they are.

    For code that builds a model and then loads all of its weights: until they are loaded, they are
    whatever memory held. It holds where `patch` does.
    """
    with STAND_INS.using(dict.fromkeys(OURS, _untouched)):
        yield


def _untouched(tensor: Any, *_: Any, **__: Any) -> Any:
    return tensor


def _numbered(key: Key) -> Callable[[], Key]:
    """Keys one after the other."""
    numbers = itertools.count()
    return lambda: key.fold_in(next(numbers))
