"""What is known of the values of a piece of memory while a model is built."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.random import normal, truncated_normal, uniform
from agnostic_init.initializers.scaling import variance_scaling

__all__ = [
    "COMPUTED",
    "UNWRITTEN",
    "Captured",
    "Computed",
    "Constant",
    "Drawn",
    "Event",
    "Parts",
    "State",
    "Unwritten",
    "Value",
    "clamped",
    "drawn_in",
    "erfinv",
    "placed",
    "scaled",
]

MOST_PARTS = 64
NEGLIGIBLE = 1e-6  # of a distribution's mass


class Event(NamedTuple):
    """A draw that a factory made.

    Attributes
    ----------
    number
        In the order of the draws.
    initializer
        It; None for a distribution that this package does not have.
    """

    number: int
    initializer: Initializer | None


class Unwritten:
    """Nothing was ever written."""

    __slots__ = ()


class Constant:
    """One number everywhere."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Constant and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


class Captured:
    """A tensor that no draw is in."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor


class Value:
    """The values of a tensor that no draw is in."""

    __slots__ = ("captured",)

    def __init__(self, captured: Captured) -> None:
        self.captured = captured


class Drawn:
    """A draw, or a function of it that is a draw from another distribution."""

    __slots__ = ("event", "initializer")

    def __init__(self, event: Event, initializer: Initializer) -> None:
        self.event = event
        self.initializer = initializer


class Parts:
    """A state, over parts of which others were written."""

    __slots__ = ("base", "parts")

    def __init__(self, base: State, parts: tuple[tuple[tuple[slice, ...], State], ...]) -> None:
        self.base = base
        self.parts = parts


class Computed:
    """Anything else, for which what was done has to be done again."""

    __slots__ = ()


State = Unwritten | Constant | Value | Drawn | Parts | Computed
UNWRITTEN = Unwritten()
COMPUTED = Computed()


def drawn_in(state: State) -> Iterator[Event]:
    """The draws that a state consists of."""
    if isinstance(state, Drawn):
        yield state.event
    elif isinstance(state, Parts):
        yield from drawn_in(state.base)
        for _, part in state.parts:
            yield from drawn_in(part)


def placed(old: State, index: tuple[slice, ...], new: State, shape: tuple[int, ...]) -> State:
    """The state after a part was written."""
    if all(part == slice(0, n, 1) for part, n in zip(index, shape, strict=True)):
        return new
    if COMPUTED in (old, new):
        return COMPUTED
    base, parts = (old.base, old.parts) if isinstance(old, Parts) else (old, ())
    kept = tuple((place, state) for place, state in parts if not _covers(index, place))
    if new == base and not kept and isinstance(new, Constant):
        return base
    if len(kept) >= MOST_PARTS:
        return COMPUTED
    return Parts(base, (*kept, (index, new)))


def scaled(state: State, factor: float, shift: float) -> State:
    """The state of ``factor * x + shift``."""
    if isinstance(state, Constant):
        return Constant(state.value * factor + shift)
    if isinstance(state, Drawn):
        found = _scaled(state.initializer, factor, shift)
        return COMPUTED if found is None else Drawn(state.event, found)
    if isinstance(state, Parts):
        states = [scaled(state.base, factor, shift)]
        states += [scaled(part, factor, shift) for _, part in state.parts]
        if COMPUTED in states:
            return COMPUTED
        places = [place for place, _ in state.parts]
        return Parts(states[0], tuple(zip(places, states[1:], strict=True)))
    return COMPUTED


def erfinv(state: State) -> State:
    """The state of the inverse error function: from a uniform draw, a truncated normal one."""
    if not isinstance(state, Drawn) or not isinstance(state.initializer, uniform):
        return COMPUTED
    low, high = state.initializer.low, state.initializer.high
    if not -1 <= low < high <= 1:
        return COMPUTED
    found = truncated_normal(0.0, math.sqrt(0.5), _quantile(low), _quantile(high))
    return Drawn(state.event, found)


def clamped(state: State, low: float | None, high: float | None) -> State:
    """The state between two bounds, if these cut off next to nothing."""
    bottom = -math.inf if low is None else low
    top = math.inf if high is None else high
    if isinstance(state, Constant) and isinstance(state.value, int | float):
        return Constant(min(max(state.value, bottom), top))
    if not isinstance(state, Drawn):
        return COMPUTED
    init = state.initializer
    if isinstance(init, uniform) and bottom <= init.low and init.high <= top:
        return state
    if not isinstance(init, truncated_normal) or init.mean.imag:
        return COMPUTED
    first, last = _bounds(init)
    if _mass(init, first, bottom) + _mass(init, top, last) > NEGLIGIBLE:
        return COMPUTED
    near = 1e-4 * init.std  # by which a chain of roundings may miss the bounds that it was given
    first = bottom if bottom > first - near else first
    last = top if top < last + near else last
    return _drawn(state.event, truncated_normal, init.mean, init.std, first, last, "absolute")


def _drawn(event: Event, kind: Any, *args: Any) -> State:
    try:
        return Drawn(event, kind(*args))
    except ParameterError:
        return COMPUTED


def _scaled(init: Initializer, factor: float, shift: float) -> Initializer | None:
    size = abs(factor)
    if not size or not math.isfinite(size) or not math.isfinite(shift):
        return None
    try:
        if isinstance(init, normal):
            return normal(init.mean * factor + shift, init.std * size)
        if isinstance(init, uniform):
            ends = sorted((init.low * factor + shift, init.high * factor + shift))
            return uniform(*ends)
        if isinstance(init, truncated_normal) and init.std_of == "parent":
            low, high = sorted(end * factor + shift for end in _bounds(init))
            mean = init.mean * factor + shift
            return truncated_normal(mean, init.std * size, low, high, "absolute")
    except ParameterError:
        return None
    if shift:
        return None
    if isinstance(init, variance_scaling):
        return init.__replace__(scale=init.scale * size * size)
    from agnostic_init.initializers.orthogonal import orthogonal

    if isinstance(init, orthogonal):
        return orthogonal(init.gain * factor, init.layout)
    return None


def _bounds(init: truncated_normal) -> tuple[float, float]:
    """The bounds as values."""
    if init.bounds == "absolute":
        return init.lower, init.upper
    mean = init.mean.real
    return mean + init.lower * init.std, mean + init.upper * init.std


def _mass(init: truncated_normal, low: float, high: float) -> float:
    """The part of the normal, before it is truncated, between two values."""
    if low >= high:
        return 0.0
    root = init.std * math.sqrt(2.0)
    first, last = (low - init.mean.real) / root, (high - init.mean.real) / root
    if first > 0:
        return (math.erfc(first) - math.erfc(last)) / 2
    return (math.erfc(-last) - math.erfc(-first)) / 2


def _quantile(probability: float) -> float:
    """In sigmas, the quantile of the normal whose centred probability, from -1 to 1, this is."""
    from statistics import NormalDist

    if abs(probability) == 1:
        return math.copysign(math.inf, probability)
    return NormalDist().inv_cdf((1 + probability) / 2)


def _covers(one: tuple[slice, ...], other: tuple[slice, ...]) -> bool:
    """Whether a part has all places of another."""
    for a, b in zip(one, other, strict=True):
        run, inner = range(a.start, a.stop, a.step), range(b.start, b.stop, b.step)
        if not inner or inner[0] not in run or inner[-1] not in run:
            return False
        if len(inner) > 1 and inner.step % run.step:
            return False
    return True
