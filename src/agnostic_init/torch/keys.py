"""Whose key a draw is made with: that of the first tensor which consists of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.torch.record import Item
from agnostic_init.torch.replay import Source, events_of
from agnostic_init.torch.states import COMPUTED, Drawn, Event, drawn_in

__all__ = ["sources_of"]


def sources_of(
    items: Sequence[Item], key: Key, rules: Mapping[str, Initializer]
) -> dict[tuple[Any, int], Source]:
    """What each draw is made with, by its recorder and number.

    A tensor that consists of one draw has ``key.fold_in(name)`` for it, as everywhere. Where there
    are several, draw number n of them has ``key.fold_in(name).fold_in(n)``. A copy, as of a module
    that was deep-copied, has the draw of its original.
    """
    sources: dict[tuple[Any, int], Source] = {}
    for direct in (True, False):
        for item in items:
            record = item.record
            if record is None or (record.state == COMPUTED) == direct:
                continue
            if direct:
                events = list(drawn_in(record.state))
            else:
                events = events_of(record.view, record.recorder.nodes)
            own = _new(events, record.recorder, sources)
            folded = key.fold_in(item.name)
            for number, event in enumerate(own):
                init = event.initializer
                whole = isinstance(record.state, Drawn) and record.state.initializer == init
                if item.name in rules and whole:
                    init = rules[item.name]
                each = folded if len(own) == 1 else folded.fold_in(number)
                sources[record.recorder, event.number] = Source(each, init)
    return sources


def _new(events: list[Event], recorder: Any, sources: Mapping[Any, Source]) -> list[Event]:
    """Those that draw and are nobody's yet, each once, in their order."""
    found = {event.number: event for event in events if _draws(event)}
    return [found[n] for n in sorted(found) if (recorder, n) not in sources]


def _draws(event: Event) -> bool:
    return event.initializer is None or event.initializer.needs_key
