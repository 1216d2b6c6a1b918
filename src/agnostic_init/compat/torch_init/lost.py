"""Draws into weights that are computed of others, which are computed anew when they are next asked for.

``module.weight`` under a parametrization is a new tensor at each access, and that of an older
normalization at each call, so that what is written there is lost, and so it is in torch. While
blocks are open, what computes such weights tells what it made.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.refusing import line, warn

__all__ = ["Lost", "losing"]

SHOWN = 4

_current: ContextVar[tuple[Lost, ...]] = ContextVar("blocks that look for lost draws", default=())
_lock = threading.Lock()
_blocks = 0


class Lost:
    """Of one block: the computed weights, and what was drawn into them and used by nobody since."""

    def __init__(self) -> None:
        # By storage; a weak reference keeps the address from being used again.
        self._computed: dict[int, StorageWeakRef] = {}
        self.drawn: dict[int, str] = {}
        self.open = True

    def note(self, owner: Any, made: Any) -> None:
        """Note what was computed for a module, but for one of its parameters itself."""
        storage = _storage(made)
        if storage is not None and storage._cdata not in map(_cdata, owner.parameters()):
            self._computed[storage._cdata] = StorageWeakRef(storage)

    def kept(self, value: Any) -> None:
        """Note that a tensor is what others will be computed of: it is not lost, and may be theirs."""
        self.drawn.pop(_cdata(value), None)
        self._computed.pop(_cdata(value), None)

    def draw(self, call: Call) -> None:
        """Note a draw into a tensor, if that was computed."""
        found = _cdata(call.tensor)
        if found in self._computed:
            self.drawn[found] = f"`{call.name}`{line()}, of {list(call.tensor.shape)}"

    def look(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
        """Forget a draw whose values a call may use."""
        name = getattr(function, "__name__", "")
        writes = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
        if name != "__get__":  # of an attribute
            for each in (*args[writes:], *kwargs.values()):
                self.drawn.pop(_cdata(each), None)

    def tell(self) -> None:
        """Warn of what was lost."""
        if self.drawn:
            places = list(dict.fromkeys(self.drawn.values()))
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            warn(
                "something wrote into weights that are computed of others, as by a parametrization, "
                "where values are lost, as they are in torch: "
                f"{'; '.join(places[:SHOWN])}{more}. What they are computed of keeps its values; "
                "to set them, assign: module.weight = values"
            )


@contextmanager
def losing() -> Iterator[Lost]:
    """Run a block, and warn at its end of draws in it that are lost."""
    lost = Lost()
    _current.set((*_still_open(), lost))
    _open(1)
    try:
        yield lost
    finally:
        lost.open = False
        _open(-1)
        _current.set(_still_open())  # which need not be the context that it began in
    lost.tell()


def _still_open() -> tuple[Lost, ...]:
    return tuple([each for each in _current.get() if each.open])


def _open(change: int) -> None:
    """Have what computes weights tell what it made, as long as there are blocks."""
    global _blocks  # noqa: PLW0603 - one for the process, as the classes are
    with _lock:
        _blocks += change
        if _blocks == 1 and change == 1:
            pruning = sys.modules.get("torch.nn.utils.prune")
            own = [] if pruning is None else [(pruning.BasePruningMethod, "apply_mask", _computing)]
            _theirs.clear()
            for kind, name, telling in (*TELLING, *own):
                _theirs[kind, name] = vars(kind).get(name)
                setattr(kind, name, telling(getattr(kind, name)))
        elif not _blocks:
            for (kind, name), before in _theirs.items():
                if before is None:
                    delattr(kind, name)
                else:
                    setattr(kind, name, before)


def _computing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, of a list of parametrizations or of an older hook, telling what it computes."""

    @functools.wraps(function)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = function(self, *args, **kwargs)
        if not torch.compiler.is_compiling():
            for lost in _still_open():
                lost.note(args[0] if args else self, made)
        return made

    return call


def _assigning(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, telling what is assigned."""

    @functools.wraps(function)
    def call(self: Any, value: Any) -> Any:
        for lost in _still_open():
            lost.kept(value)
        return function(self, value)

    return call


TELLING = (
    (ParametrizationList, "__call__", _computing),
    (ParametrizationList, "right_inverse", _assigning),
    (WeightNorm, "compute_weight", _computing),
    (SpectralNorm, "compute_weight", _computing),
)
_theirs: dict[tuple[type, str], Any] = {}


def _storage(tensor: Any) -> Any:
    if not isinstance(tensor, torch.Tensor):
        return None
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # of a kind that has none
        return None


def _cdata(tensor: Any) -> Any:
    storage = _storage(tensor)
    return None if storage is None else storage._cdata
