"""What a tensor of a module will be filled with, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, zeros
from agnostic_init.torch.choosing import Choice
from agnostic_init.torch.geometry import disjoint
from agnostic_init.torch.record import Item
from agnostic_init.torch.replay import Source
from agnostic_init.torch.states import COMPUTED, Constant, Drawn, Parts, State, Unwritten, Value

__all__ = ["Content", "content_of"]


class Content(NamedTuple):
    """How a tensor gets its values.

    Attributes
    ----------
    source
        "recorded", "rule", "own code", "left alone" or "never written".
    rule
        The text of the rule, if it is one.
    initializer, key
        None where the values are not made by an initializer.
    """

    source: str
    rule: str = ""
    initializer: Initializer | None = None
    key: Key | None = None
    dtype: str | None = None


def content_of(
    item: Item, choice: Choice | None, sources: Mapping[Any, Source], key: Key
) -> Content:
    """How the values of one are made."""
    if choice is not None:
        init = choice.initializer
        return Content("rule", choice.text, init, key.fold_in(item.name), choice.dtype)
    if not item.wanting:
        return Content("left alone")
    if item.record is None:
        return Content("unknown")
    state = item.record.state
    if _missing(state, item.tensor.shape):
        return Content("never written")
    found = _initializer(state, item.record.recorder, sources)
    if found is None:
        return Content("own code")
    init, keys = found
    if isinstance(state, Parts):
        from agnostic_init.torch.patchwork import patchwork

        assert isinstance(init, patchwork)
        own = (key.fold_in(item.name),)
        init = patchwork(init.base, init.parts, None if keys in ((), own) else keys)
        return Content("recorded", "", init, key.fold_in(item.name))
    return Content("recorded", "", init, keys[0] if keys else None)


def _initializer(
    state: State, recorder: Any, sources: Mapping[Any, Source]
) -> tuple[Initializer, tuple[Key, ...]] | None:
    if isinstance(state, Constant):
        return (zeros() if _is_zero(state.value) else constant(state.value)), ()
    if isinstance(state, Drawn):
        if not state.initializer.needs_key:
            return state.initializer, ()
        return state.initializer, (sources[recorder, state.event.number].key,)
    if isinstance(state, Parts):
        # Nothing is missing, so where there is no base the parts are everything.
        first = [] if isinstance(state.base, Unwritten) else [state.base]
        pairs = [_initializer(each, recorder, sources) for each in (*first, *_states(state))]
        if any(pair is None for pair in pairs):
            return None
        inits = [pair[0] for pair in pairs if pair is not None]
        keys = [each for pair in pairs if pair is not None for each in pair[1]]
        places = [
            tuple((part.start, part.stop, part.step) for part in place) for place, _ in state.parts
        ]
        base = inits.pop(0) if first else None
        from agnostic_init.torch.patchwork import patchwork

        return patchwork(base, tuple(zip(places, inits, strict=True))), tuple(keys)
    return None


def _states(state: Parts) -> list[State]:
    return [part for _, part in state.parts]


def _missing(state: State, shape: tuple[int, ...]) -> bool:
    """Whether elements were never written."""
    if 0 in shape or state == COMPUTED or isinstance(state, Value):
        return False
    if not isinstance(state, Parts):
        return isinstance(state, Unwritten)
    if any(isinstance(each, Unwritten) for each in _states(state)):
        return True
    if not isinstance(state.base, Unwritten):
        return False
    places = [place for place, _ in state.parts]
    sizes = [math.prod(len(range(s.start, s.stop, s.step)) for s in place) for place in places]
    return sum(sizes) < math.prod(shape) or not disjoint(places)


def _is_zero(value: Any) -> bool:
    """Whether it is the 0 of `zeros`, which -0.0 is not."""
    number = complex(value)
    return not number and all(math.copysign(1.0, x) > 0 for x in (number.real, number.imag))
