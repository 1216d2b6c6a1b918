"""A mode of torch in which parameters have no memory, and what is done to them is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from agnostic_init.arrays.errors import ParameterError, must
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.random import normal, uniform
from agnostic_init.torch import geometry
from agnostic_init.torch.held import Node, View
from agnostic_init.torch.memory import Memory
from agnostic_init.torch.operators import (
    EMPTY,
    FILLED,
    IN_PLACE,
    Operator,
    operator,
    state_after,
    statistics_written_by,
)
from agnostic_init.torch.replay import Source, computed
from agnostic_init.torch.states import COMPUTED, UNWRITTEN, Constant, Drawn, Event, State, Value
from agnostic_init.torch.tensors import alone, on_meta, plain, seeded, tensors_in, unwatched

__all__ = ["ReadError", "Recorder"]

CONSTANT = frozenset(("fill_", "zero_"))
FILL = torch.ops.aten.fill_.Scalar
OF_SIZES = frozenset(("empty", "empty_strided", "empty_permuted", "zeros", "ones", "full"))
META = torch.device("meta")
UNASKED = Key(0, 0)  # of values that nobody sees


class ReadError(RuntimeError):
    """Somebody asked for a value that a tensor has not got while it is recorded."""


class Recorder(TorchDispatchMode):
    """What is done to parameters, and to whatever depends on draws, while it is entered.

    Parameters
    ----------
    key
        Of the values that draws have for the time being, outside of parameters; None to refuse
        whoever asks for values.
    sources
        What draws are made with, by their number, where that is known from a recording before.

    Attributes
    ----------
    memory, nodes
        What is known of memory, and what was done to that which is followed.
    asked
        Whether somebody asked for values.
    foreign
        The generators without a key that drew meanwhile.
    """

    def __init__(self, key: Key | None, sources: Mapping[int, Source] | None = None) -> None:
        super().__init__()
        self.key = key
        self.sources = dict(sources or {})
        self.asked = False
        self.foreign: tuple[str, ...] = ()
        self.memory = Memory()
        self.nodes: list[Node] = []
        self.events = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would import its compiler otherwise, which takes longer than most models."""
        return False

    def adopt(self, parameter: Any) -> None:
        """Take the memory of a parameter away."""
        with unwatched():
            if not torch.nn.parameter.is_lazy(parameter) and plain(parameter):
                self.memory.take(parameter)

    def bare(self, tensor: Any) -> Any:
        """The same tensor without memory; with it, where it was made before."""
        with unwatched():
            same = tensor.detach()
        self.adopt(same)
        return same

    def draw(self, tensor: Any, initializer: Initializer) -> None:
        """Record that a tensor was drawn; one with memory gets values for the time being."""
        with unwatched():
            view = geometry.of(tensor)
            held = self.memory.held(tensor)
            self.memory.follow(tensor, overwritten=held.all_of(view))
            event = self._event(initializer)
            self.nodes.append(Node(None, (View(held, view),), {}, (), (held,), event=event))
            # What is not drawn element by element needs the very shape it was drawn in.
            known = initializer.elementwise or view == held.geometry
            if not known:
                place = held.region(view) or ()
                known = view.shape == tuple(len(range(p.start, p.stop, p.step)) for p in place)
            self.memory.written(held, view, Drawn(event, initializer) if known else COMPUTED)
        if not tensor.is_meta and held.bare is None:
            with alone():
                initializer.fill(tensor.detach(), key=self._source(event).key)

    def fill(self, tensor: Any, value: float) -> bool:
        """Record that a tensor without memory is one number, or say that it is another kind."""
        if not isinstance(tensor, torch.Tensor) or not tensor.is_meta or not plain(tensor):
            return False
        with unwatched():
            held, view = self.memory.of(tensor), geometry.of(tensor)
            if held is None or not held.followed:
                return False
            place = View(held, view)
            node = Node(FILL, (place, value), {}, (held,), (held,))
            self.nodes.append(node)
            self.memory.written(held, view, Constant(value))
        return True

    def values(self, tensor: Any) -> Any:
        """What a tensor without values would have in it."""
        if self.key is None:
            raise ReadError
        self.asked = True
        return self._values(tensor)

    def _values(self, tensor: Any) -> Any:
        with alone():
            events = (node.event for node in self.nodes if node.event is not None)
            sources = {event.number: self._source(event) for event in events}
            return computed(
                View(self.memory.held(tensor), geometry.of(tensor)), self.nodes, sources
            )

    def check_known(self, tensor: Any) -> None:
        """Raise if the values of a tensor depend on a key that is not given yet."""
        known = self.key is not None or not isinstance(tensor, torch.Tensor) or not plain(tensor)
        if not known and self._followed(tensor):
            raise ReadError

    def has_none(self, tensor: Any) -> bool:
        """Whether a tensor has no values."""
        if not isinstance(tensor, torch.Tensor) or not plain(tensor):
            return False
        held = self.memory.of(tensor)
        return tensor.is_meta or (held is not None and held.bare is not None)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        what = operator(func)
        if what.name in OF_SIZES:
            return self._made(func, what, args, kwargs)
        bare = followed = False
        for each in tensors_in((*args, *kwargs.values()) if kwargs else args):
            if not plain(each):
                return func(*args, **kwargs)
            held = self.memory.of(each)
            bare = bare or each.is_meta or (held is not None and held.bare is not None)
            followed = followed or (held is not None and held.followed)
        if what.random and kwargs.get("generator") is None:
            return self._drawing(func, what, args, kwargs, bare=bare)
        if what.name not in EMPTY and what.name not in FILLED:
            bare = bare or kwargs.get("device") == META
            if bare or followed:
                return self._following(func, what, args, kwargs, bare=bare)
        return self._plainly(func, what, args, kwargs)

    def _plainly(self, func: Any, what: Operator, args: Any, kwargs: Any) -> Any:
        """Do it, with values."""
        written = what.written_by(args, kwargs)
        for each in written:
            held = self.memory.of(each)
            if held is not None:
                self.memory.before_writing(held)
        if not written:
            return self._made(func, what, args, kwargs)
        made = func(*args, **kwargs)
        for each in written:
            held = self.memory.of(each)
            if held is not None:
                whole = what.name in CONSTANT and held.all_of(geometry.of(each))
                after = IN_PLACE[what.name](UNWRITTEN, *args[1:]) if whole else None
                held.state = after if isinstance(after, Constant) else None
        return made

    def _made(self, func: Any, what: Operator, args: Any, kwargs: Any) -> Any:
        """Do what writes nothing, and know the memory of what it makes."""
        made = func(*args, **kwargs)
        # What `torch.tensor` makes is seen when it is called fresh, and not before.
        if not what.view or what.name == "lift_fresh":
            state: State | None = UNWRITTEN if what.name in EMPTY else None
            if what.name in FILLED:
                state = Constant(FILLED[what.name](*args, **kwargs))
            for each in tensors_in((made,)):
                if plain(each) and self.memory.of(each) is None:
                    self.memory.know(each, state, followed=each.is_meta)
        return made

    def _following(self, func: Any, what: Operator, args: Any, kwargs: Any, *, bare: bool) -> Any:
        """Record it; and do it, as far as there are values."""
        if what.name == "set_":
            return self._set(func, args, kwargs)
        if what.view:
            return func(*args, **kwargs)
        if what.reads:
            self.check_known(args[0])
        if what.reads and bare:
            real = [self.values(each) if self.has_none(each) else each for each in args]
            return func(*real, **kwargs)
        written = what.written_by(args, kwargs)
        states = self._states_after(what, args, kwargs)
        states += [COMPUTED] * (len(written) - len(states))  # of all in a list
        for each in written:
            self.memory.follow(each)
        also = statistics_written_by(what, args)
        for each in also:
            self.memory.follow(each)
        node = self._node(func, args, kwargs, [*written, *also])
        if bare and what.name in CONSTANT:
            made = args[0]  # of whatever shape
        elif bare:
            made = self._shaped(func, args, kwargs)
            if written:
                made = written[0] if len(written) == 1 else tuple(written)
                made = made if func._schema.returns else None  # of lists there is nothing returned
        else:
            made = func(*args, **kwargs)
        self._record(node, made, written, states)
        for each in also:
            self.memory.written(self.memory.held(each), geometry.of(each), COMPUTED)
        return made

    def _set(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Let a tensor lie in other memory, of which that of a parameter is taken away."""
        source = args[1] if len(args) > 1 else None
        if args[0].is_meta and isinstance(source, torch.Tensor) and not source.is_meta:
            source = self.bare(source)
        elsewhere = META if source is None else torch.device(source.device)
        if args[0].is_meta and elsewhere != META:
            rule = "must not lay parameters into memory that was there before, as `set_` does"
            raise must("make", rule, type(source), "parameter.data = tensor, or copy_")
        rest = (source, *args[2:]) if len(args) > 1 else ()
        return func(args[0], *rest, **kwargs)

    def _drawing(self, func: Any, what: Operator, args: Any, kwargs: Any, *, bare: bool) -> Any:
        """An operator that draws: ours if it is in place and of a distribution that we have."""
        written = what.written_by(args, kwargs)
        init = _initializer(what.name, args, kwargs)
        if init is not None:
            self.draw(args[0], init)
            return args[0]
        event = self._event(None)
        for each in written:
            self.memory.follow(each)
        node = self._node(func, args, kwargs, written)._replace(event=event)
        if bare:
            made = self._shaped(func, args, kwargs)
            made = written[0] if written else made
        else:
            with seeded(self._source(event).key):
                made = func(*args, **kwargs)
        return self._record(node, made, written, [COMPUTED] * len(written))

    def _shaped(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What an operator returns, without values."""
        given, named = on_meta((args, kwargs))
        try:
            return func(*given, **named)
        except NotImplementedError:  # it does not know what shape that has, but by doing it

            def real(each: Any) -> Any:
                if isinstance(each, list | tuple):
                    return type(each)([real(one) for one in each])
                if isinstance(each, torch.device):
                    return torch.device("cpu")
                return self._values(each) if self.has_none(each) else each

            with alone():
                return on_meta(
                    func(*real(args), **{name: real(each) for name, each in kwargs.items()})
                )

    def _record(self, node: Node, made: Any, written: list[Any], states: list[State]) -> Any:
        """Write a node down, and know what is in what it wrote and made."""
        for each, state in zip(written, states, strict=False):
            self.memory.written(self.memory.held(each), geometry.of(each), state)
        outputs: list[View | None] = []
        for each in () if written else tensors_in((made,)):
            if not plain(each) or self.memory.of(each) is not None:
                outputs.append(None)
                continue
            held = self.memory.know(each, None, followed=True)
            held.state = states[0] if states and not outputs else COMPUTED
            outputs.append(View(held, geometry.of(each)))
        news = tuple(each.held for each in outputs if each is not None)
        self.nodes.append(node._replace(outputs=tuple(outputs), writes=(*node.writes, *news)))
        return made

    def _states_after(self, what: Operator, args: Any, kwargs: Any) -> list[State]:
        """What is then known of each tensor that it writes, or of the one that it makes."""
        if len(what.written) > 1 or not args or not isinstance(args[0], torch.Tensor):
            return [COMPUTED] * max(1, len(what.written))
        if what.name == "copy_":
            return [self._copied(args[1], args[0])]
        others = tensors_in((*args[1:], *kwargs.values()))
        if any(plain(each) and self._followed(each) for each in others):
            return [COMPUTED]  # such as a norm, which is of other draws than it will be
        return [
            state_after(
                what, self.memory.state_of(args[0], inside=bool(what.written)), args, kwargs
            )
        ]

    def _copied(self, source: Any, out: Any) -> State:
        if source.shape != out.shape:
            if source.numel() != 1 or self.has_none(source) or self._followed(source):
                return COMPUTED
            return Constant(source.item())
        held = self.memory.of(source)
        if held is None or not held.followed:
            known = held is not None and held.all_of(geometry.of(source))
            if held is not None and known and isinstance(held.state, Constant):
                return held.state
            return COMPUTED if source.is_meta else Value(self.memory.captured(source))
        return self.memory.state_of(source)

    def _node(self, func: Any, args: Any, kwargs: Any, written: list[Any]) -> Node:
        reads = []

        def noted(each: Any) -> Any:
            if isinstance(each, torch.Tensor):
                held = self.memory.of(each)
                if held is None or not held.followed:
                    if not each.is_meta:
                        return self.memory.captured(each)
                    held = self.memory.held(each)
                reads.append(held)
                return View(held, geometry.of(each))
            if isinstance(each, list | tuple):
                return type(each)([noted(one) for one in each])
            return each

        given = tuple(noted(each) for each in args)
        named = {name: noted(each) for name, each in kwargs.items()}
        writes = tuple(self.memory.held(each) for each in written)
        return Node(func, given, named, tuple(reads), writes)

    def _source(self, event: Event) -> Source:
        found = self.sources.get(event.number)
        if found is not None:
            return found
        return Source((self.key or UNASKED).fold_in(event.number), event.initializer)

    def _followed(self, tensor: Any) -> bool:
        held = self.memory.of(tensor)
        return held is not None and held.followed

    def _event(self, initializer: Initializer | None) -> Event:
        self.events += 1
        return Event(self.events - 1, initializer)


def _initializer(name: str, args: Any, kwargs: Any) -> Initializer | None:
    """Of a method that draws in place."""
    if name not in ("normal_", "uniform_") or not args[0].is_floating_point():
        return None
    try:
        if name == "normal_":
            return normal(*args[1:], **{n: v for n, v in kwargs.items() if n != "generator"})
        named = {"low": kwargs.get("from", 0.0), "high": kwargs.get("to", 1.0)}
        return uniform(**named | dict(zip(("low", "high"), args[1:], strict=False)))
    except ParameterError:
        return None
