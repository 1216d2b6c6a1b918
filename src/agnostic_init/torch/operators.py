"""What the operators of torch do to what is known of their operands."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from agnostic_init.torch.states import COMPUTED, Constant, State, clamped, erfinv, scaled
from agnostic_init.torch.tensors import tensors_in

__all__ = [
    "EMPTY",
    "FILLED",
    "IN_PLACE",
    "Operator",
    "operator",
    "state_after",
    "statistics_written_by",
]


class Operator(NamedTuple):
    """What the schema of an operator says.

    Attributes
    ----------
    name
        Without the namespace and the overload.
    written
        Positions and names of the arguments that it writes.
    view
        Whether what it returns lies in the memory of an argument that it does not write.
    random
        Whether it draws.
    reads
        Whether what it returns, or the shape of that, depends on values.
    """

    name: str
    written: tuple[tuple[int, str], ...]
    view: bool
    random: bool
    reads: bool

    def written_by(self, args: Any, kwargs: Any) -> list[Any]:
        """The tensors that a call writes."""
        found = [
            args[place] if place < len(args) else kwargs.get(name) for place, name in self.written
        ]
        return list(tensors_in(found))


@functools.cache
def operator(function: Any) -> Operator:
    """That of an overload."""
    schema = function._schema
    written = [
        (place, argument.name)
        for place, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    view = not written and any(each.alias_info is not None for each in schema.returns)
    random = torch.Tag.nondeterministic_seeded in function.tags
    reads = not READING.isdisjoint(function.tags)
    return Operator(schema.name.partition("::")[2], tuple(written), view, random, reads)


#: What writes the statistics that it is given when it is told that it trains, and does not say so.
STATISTICS = frozenset(("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm"))


def statistics_written_by(what: Operator, args: Any) -> list[Any]:
    """The tensors that a call of such an operator writes."""
    if what.name not in STATISTICS or len(args) < 6 or not args[5]:
        return []
    return list(tensors_in(args[3:5]))


READING = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


#: What makes tensors without values, and what fills them with one number.
EMPTY = frozenset(
    ["empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"]
)
FILLED: dict[str, Callable[..., Any]] = {
    "zeros": lambda *_, **__: 0.0,
    "zeros_like": lambda *_, **__: 0.0,
    "new_zeros": lambda *_, **__: 0.0,
    "ones": lambda *_, **__: 1.0,
    "ones_like": lambda *_, **__: 1.0,
    "new_ones": lambda *_, **__: 1.0,
    "full": lambda _, value, **__: value,
    "full_like": lambda _, value, **__: value,
    "new_full": lambda _, __, value, **___: value,
}
#: What takes its operand's values over.
COPIES = frozenset(("_to_copy", "clone", "lift_fresh_copy", "alias_copy", "detach_copy"))


def _number(given: Any) -> Any:
    if isinstance(given, torch.Tensor):
        if given.ndim or given.is_meta:
            return None
        given = given.item()
    return given if isinstance(given, int | float) else None


def _fill(_: State, value: Any, **__: Any) -> State:
    number = _number(value)
    return COMPUTED if number is None else Constant(number)


def _mul(state: State, other: Any, **_: Any) -> State:
    number = _number(other)
    return COMPUTED if number is None else scaled(state, number, 0.0)


def _div(state: State, other: Any, *, rounding_mode: Any = None) -> State:
    number = _number(other)
    if not number or rounding_mode is not None:
        return COMPUTED
    return scaled(state, 1 / number, 0.0)


def _add(state: State, other: Any, alpha: Any = 1) -> State:
    number = _number(other)
    return COMPUTED if number is None else scaled(state, 1.0, number * alpha)


def _sub(state: State, other: Any, alpha: Any = 1) -> State:
    return _add(state, other, -alpha)


def _clamp(state: State, low: Any = None, high: Any = None, **named: Any) -> State:
    low, high = named.get("min", low), named.get("max", high)
    ends = [None if end is None else _number(end) for end in (low, high)]
    if any(end is None and given is not None for end, given in zip(ends, (low, high), strict=True)):
        return COMPUTED
    return clamped(state, *ends)


#: What an operator makes of the state of its first operand, given its other arguments.
IN_PLACE: dict[str, Callable[..., State]] = {
    "zero_": lambda _: Constant(0.0),
    "fill_": _fill,
    "mul_": _mul,
    "div_": _div,
    "add_": _add,
    "sub_": _sub,
    "neg_": lambda state: scaled(state, -1.0, 0.0),
    "erfinv_": erfinv,
    "clamp_": _clamp,
    "clamp_min_": lambda state, low: _clamp(state, low, None),
    "clamp_max_": lambda state, high: _clamp(state, None, high),
}


def state_after(what: Operator, state: State, args: Any, kwargs: Any) -> State:
    """What is known of what a call writes or makes, from what was known of its first operand."""
    if what.name in COPIES:
        return state
    if what.written and what.written[0][0] != 0:
        return COMPUTED
    step = IN_PLACE.get(what.name if what.written else f"{what.name}_")
    try:
        return COMPUTED if step is None else step(state, *args[1:], **kwargs)
    except TypeError:  # an overload that takes other arguments
        return COMPUTED
