"""Draws of generators that no key governs, told of where parameters may have come of them."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

from agnostic_init.compat.torch_init.refusing import warn
from agnostic_init.compat.torch_init.watching import Watch
from agnostic_init.torch.states import Constant

if TYPE_CHECKING:
    from agnostic_init.torch.fill import Made
    from agnostic_init.torch.record import Item

__all__ = ["Generators", "warn_of_foreign"]

SHOWN = 4
FRESH = 623  # the position in NumPy's global generator before its first draw


class Generators:
    """The states of the process's own generators, as they are when this is made."""

    def __init__(self) -> None:
        self._torch = Watch()
        self._others = _states()

    def moved(self) -> tuple[str, ...]:
        """Those that have drawn since, or were seeded."""
        others = [
            name
            for name, state in _states().items()
            if (state != self._others[name] if name in self._others else state[-1] != FRESH)
        ]
        return (*(["torch"] if self._torch.moved() else []), *others)


def warn_of_foreign(made: Made) -> None:
    """Warn where values were drawn that are not those of the key, and parameters may have them."""
    records = [item.record for item in made.items if item.record is not None]
    moved = dict.fromkeys(name for each in records for name in each.recorder.foreign)
    found = [
        item.name
        for item, content in zip(made.items, made.contents, strict=True)
        if item.kind == "parameter"
        and (
            content.source in ("own code", "left alone")
            or (content.source == "recorded" and _is_odd_number(item))
        )
    ]
    if moved and found:
        rest = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        warn(
            f"while the module was built, something drew by the global generator of "
            f"{' and '.join(moved)} that no key governs; these parameters may have its numbers: "
            f"{', '.join(found[:SHOWN])}{rest}. Give them rules, or seed it before"
        )


def _is_odd_number(item: Item) -> bool:
    """Whether it is one number that code hardly writes down by itself, but a generator may draw."""
    state = None if item.record is None else item.record.state
    if not isinstance(state, Constant) or item.tensor.numel() != 1:
        return False
    return isinstance(state.value, float) and not state.value.is_integer()


def _states() -> dict[str, tuple[Any, ...]]:
    """By the name of whose they are; the last of NumPy's is the position in its words."""
    states: dict[str, tuple[Any, ...]] = {"Python's random": random.getstate()}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        state = numpy_random.get_state(legacy=False)
        states["NumPy"] = (state["state"]["key"].tobytes(), state["state"]["pos"])
    return states
