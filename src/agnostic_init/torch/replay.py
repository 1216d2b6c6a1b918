"""Computing what a factory computed, again: with the draws of the model's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch

from agnostic_init.arrays.errors import must
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.torch.held import Held, Node, View
from agnostic_init.torch.states import Captured, Constant, Event, Unwritten, Value
from agnostic_init.torch.tensors import seeded, tensors_in

__all__ = ["Source", "computed", "events_of"]


class Source(NamedTuple):
    """What a draw is made with."""

    key: Key
    initializer: Initializer | None


def events_of(view: View, nodes: Iterable[Node]) -> list[Event]:
    """The draws that the values of a view depend on."""
    return [node.event for node in _needed(view, nodes) if node.event is not None]


def computed(view: View, nodes: Iterable[Node], sources: Mapping[int, Source]) -> Any:
    """The values of a view, on the CPU.

    Parameters
    ----------
    view
        What is wanted.
    nodes
        All that was recorded.
    sources
        By the number of the draw.
    """
    memory: dict[Held, Any] = {}

    def seen(each: View) -> Any:
        if each.held not in memory:
            memory[each.held] = _start(each.held)
        bare = torch.empty(0, dtype=each.geometry.dtype, device="cpu")
        shape, strides, offset, _ = each.geometry
        return bare.set_(memory[each.held].untyped_storage(), offset, shape, strides)

    def real(each: Any) -> Any:
        if isinstance(each, View):
            return seen(each)
        if isinstance(each, Captured):
            return each.tensor.cpu()
        if isinstance(each, torch.device):
            return torch.device("cpu")
        if type(each) in (list, tuple):
            return type(each)([real(one) for one in each])
        return each

    with torch.no_grad():
        for node in _needed(view, nodes):
            args = tuple(real(each) for each in node.args)
            kwargs = {name: real(each) for name, each in node.kwargs.items()}
            source = None if node.event is None else _source(node.event, sources)
            if node.function is None:
                assert source is not None
                assert source.initializer is not None
                source.initializer.fill(args[0], key=source.key)
                continue
            if source is None:
                made = node.function(*args, **kwargs)
            else:
                with seeded(source.key):
                    made = node.function(*args, **kwargs)
            for tensor, output in zip(tensors_in((made,)), node.outputs, strict=False):
                if output is not None:
                    memory[output.held] = _laid_out(tensor, output)
        return seen(view).clone()


def _source(event: Event, sources: Mapping[int, Source]) -> Source:
    init = event.initializer
    if init is not None and not init.needs_key:  # as of an identity, which is nobody's draw
        return Source(Key(0, 0), init)
    return sources[event.number]


def _laid_out(tensor: Any, as_was: View) -> Any:
    """What an operator made, in the memory order that it had without values."""
    shape, strides, offset, dtype = as_was.geometry
    if (tensor.stride(), tensor.storage_offset()) == (strides, offset):
        return tensor
    memory = torch.empty(as_was.held.size, dtype=dtype, device="cpu")
    memory.as_strided(shape, strides, offset).copy_(tensor)
    return memory


def _needed(view: View, nodes: Iterable[Node]) -> list[Node]:
    """The nodes that a view depends on, in their order."""
    wanted, found = {view.held}, []
    for node in reversed(list(nodes)):
        if not wanted.isdisjoint(node.writes):
            wanted.update(node.reads, node.writes)
            found.append(node)
    return found[::-1]


def _start(held: Held) -> Any:
    """Memory as it was when it began to be followed."""
    shape, strides, offset, dtype = held.geometry
    memory = torch.zeros(held.size, dtype=dtype, device="cpu")
    view = memory.as_strided(shape, strides, offset)
    if isinstance(held.start, Constant):
        view.fill_(held.start.value)
    elif isinstance(held.start, Value):
        view.copy_(held.start.captured.tensor)
    elif not isinstance(held.start, Unwritten):
        rule = "must not use tensors without memory that were made before it"
        raise must("make", rule, tuple(shape), "making them in the factory")
    return memory
