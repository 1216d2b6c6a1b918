"""What a model's own code does to its tensors, with our draws and the keys of their names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries.torch_shards import is_sharded
from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.handlers import Patched
from agnostic_init.compat.torch_init.keys import Keys
from agnostic_init.compat.torch_init.mode import drawing
from agnostic_init.compat.torch_init.watching import Watch, watching
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.parts import zero_rows
from agnostic_init.models.torch_names import Named, Place, places
from agnostic_init.models.torch_wrappers import kinds
from agnostic_init.torch.loaded import FLAG

__all__ = ["check_own", "run_own"]

PRETRAINED = "transformers.modeling_utils.PreTrainedModel"
WHOLE = ("zero_", "fill_", "copy_")  # what sets all of a tensor
Step = tuple[Place, Callable[[], Any]]


def check_own(model: Any) -> None:
    """Raise if a model has no such code."""
    if not _steps(model):
        rule = (
            "must have code of its own where that is asked for: `init_weights` or `_init_weights`"
        )
        raise must("model", rule, type(model), "conventions='torch', or rules")


def run_own(model: Any, tensors: Sequence[Named], kept: set[str], stream: Key) -> set[str]:
    """Run it, and return the names of the tensors that it has set.

    Parameters
    ----------
    model
        The module, of transformers, timm, or of anybody who has methods of these names.
    tensors
        Its parameters and buffers.
    kept
        The names of those that stay as they are.
    stream
        The key; a tensor that is drawn whole has ``stream.fold_in(name)``.
    """
    with torch.no_grad(), watching(strict=True) as watch, _unmarked(tensors):
        handler = _Own(tensors, kept, stream, watch)
        with drawing(handler):
            for place, step in _steps(model):
                handler.enter(place.name)
                step()
    handler.pad()
    return handler.written


def _steps(model: Any) -> list[Step]:
    """The calls to be made: for a model of transformers, one for each of its modules."""
    found: list[Step] = []
    claimed: set[int] = set()
    everywhere = places(model)
    for place in everywhere:
        module = place.module
        if PRETRAINED in kinds(module):
            inner = [each for each in everywhere if _owner(everywhere, each) is place]
            found += [(each, _call(module._init_weights, each.module)) for each in inner[::-1]]
        elif id(module) in claimed or _owner(everywhere, place) is not None:
            continue
        elif _takes(getattr(module, "init_weights", None)):
            found.append((place, module.init_weights))
        elif _takes(getattr(module, "_init_weights", None), module):
            found.append((place, _call(module.apply, module._init_weights)))
        else:
            continue
        claimed |= {id(each) for each in module.modules()}
    return found


def _owner(everywhere: Sequence[Place], place: Place) -> Place | None:
    """The nearest model of transformers that a module is in."""
    found = None
    for each in everywhere:
        inside = not each.name or place.name == each.name or place.name.startswith(f"{each.name}.")
        if inside and PRETRAINED in kinds(each.module):
            found = each
    return found


def _call(function: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: function(*args)


def _takes(function: Any, *args: Any) -> bool:
    """Whether something can be called with just these."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


@contextmanager
def _unmarked(tensors: Sequence[Named]) -> Iterator[None]:
    """A block in which nothing is marked as loaded, which transformers would leave alone."""
    marked = [each.tensor for each in tensors if getattr(each.tensor, FLAG, False)]
    for tensor in marked:
        setattr(tensor, FLAG, False)
    try:
        yield
    finally:
        for tensor in marked:
            setattr(tensor, FLAG, True)


class _Own(Patched):
    """Draws with the key of what is written, and keeps account of it."""

    def __init__(self, tensors: Sequence[Named], kept: set[str], stream: Key, watch: Watch) -> None:
        super().__init__(Keys(stream), watch)
        self.written: set[str] = set()
        self._stream = stream
        self._kept = kept
        self._named = {id(each.tensor): each for each in tensors}
        self._held = {_storage(each.tensor): each for each in tensors}
        self._parts: dict[str, int] = {}
        self._drawn: dict[str, Initializer] = {}

    def enter(self, place: str) -> None:
        """Note which module's code runs: what it draws beside tensors of the model is its own."""
        self._keys = Keys(self._stream.fold_in(f"{place} own code".strip()))

    def draw(self, call: Call) -> Any:
        tensor, named = call.tensor, self._of(call.tensor)
        if named is None:
            if call.random and call.initializer is not None and call.generator is None:
                call = call.replaced(generator=self._keys.take())
            return super().draw(call)
        if named.name in self._kept:
            return tensor
        self._count(named, tensor)
        if call.initializer is not None and call.generator is None:
            whole = tensor.numel() == named.tensor.numel()
            if whole:
                self._drawn[named.name] = call.initializer
            part = named.name if whole else f"{named.name}[{tensor.storage_offset()}]"
            call = call.replaced(generator=self._stream.fold_in(part))
        return super().draw(call)

    def other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        name = getattr(function, "__name__", "")
        writes = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
        named = self._of(args[0]) if writes and args else None
        if named is not None:
            if named.name in self._kept:
                return None if name == "__setitem__" else args[0]
            if name in WHOLE:
                self._count(named, args[0])
        return super().other(function, args, kwargs)

    def pad(self) -> None:
        """Make the padding rows of sharded embeddings zero, of which code writes a copy."""
        library = backend("torch")
        for name, init in self._drawn.items():
            named = next(each for each in self._named.values() if each.name == name)
            index = getattr(named.module, "padding_idx", None)
            if index is not None and is_sharded(named.tensor):
                padded, whole = zero_rows(init, index), block(tuple(named.tensor.shape))
                padded.write_parts(self._stream.fold_in(name), whole, named.tensor, library)

    def _of(self, tensor: Any) -> Named | None:
        if not isinstance(tensor, torch.Tensor):
            return None
        found = self._named.get(id(tensor))
        return found or self._held.get(_storage(tensor))

    def _count(self, named: Named, tensor: Any) -> None:
        done = self._parts.get(named.name, 0) + tensor.numel()
        self._parts[named.name] = done
        if done >= named.tensor.numel():
            self.written.add(named.name)


def _storage(tensor: Any) -> Any:
    """What a tensor, its ``.data`` and views of it have in common."""
    try:
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):  # of a kind that has none
        return id(tensor)
