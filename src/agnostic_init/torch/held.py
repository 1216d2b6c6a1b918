"""Pieces of memory, and what was done to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from agnostic_init.torch import geometry
from agnostic_init.torch.geometry import Geometry, region
from agnostic_init.torch.states import Event, State

__all__ = ["Held", "Node", "View"]


class Held:
    """A piece of memory of which something is known.

    Attributes
    ----------
    geometry
        Of the tensor that it was made for, which the state is about.
    size
        How many elements of that dtype there is room for.
    state
        What is in it; None for values without a draw in them, which the memory itself has.
    start
        What was in it when it began to be followed; None where a node makes it.
    followed
        Whether its values depend on draws, or it has none.
    bare
        The storage without memory that stands for it, if it was taken from a parameter.
    device
        Where its values are wanted.
    captures
        Arguments of nodes that lie in it, and must be copied before it is written.
    """

    def __init__(self, tensor: Any, state: State | None, *, followed: bool) -> None:
        self.geometry = geometry.of(tensor)
        self.size = tensor.untyped_storage().nbytes() // max(1, tensor.element_size())
        self.state = state
        self.start: State | None = state if followed else None
        self.followed = followed
        self.bare: Any = None
        self.device = tensor.device
        self.captures: list[Any] = []

    def region(self, view: Geometry) -> tuple[slice, ...] | None:
        """Which part a view is."""
        return region(self.geometry, view)

    def all_of(self, view: Geometry) -> bool:
        """Whether a view is everything, in the same order."""
        if view == self.geometry:
            return True
        return view.size == self.geometry.size and self.region(view) is not None


class View(NamedTuple):
    """A tensor in a piece of memory."""

    held: Held
    geometry: Geometry


class Node(NamedTuple):
    """Something that was done to memory whose values depend on draws, or that has none.

    Attributes
    ----------
    function
        An operator; None for a draw of this package.
    args, kwargs
        Of the operator, with a `View` or a `Captured` in place of each tensor.
    reads, writes
        The memory that it needs, and that it changes or makes.
    outputs
        The memory that it makes, and how what it returns lies there; None for everything else.
    event
        The draw, if it is one.
    """

    function: Any
    args: Any
    kwargs: Any
    reads: tuple[Held, ...]
    writes: tuple[Held, ...]
    outputs: tuple[View | None, ...] = ()
    event: Event | None = None
