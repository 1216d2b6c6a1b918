"""The parameters that fans are made of, checked before a shape is known."""

from __future__ import annotations

from typing import NamedTuple

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.numbers import MOST, as_integer
from agnostic_init.layouts.layout import Layout, check_groups, parse_layout, with_groups

__all__ = [
    "MODES",
    "SIDES",
    "Fans",
    "check_fan_parameters",
    "check_layout_or_fan",
    "check_side",
]

#: What a scale may be divided by.
MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")

#: The modes that look at one side of a weight, and the role of the axes of that side.
SIDES = {"fan_in": "i", "fan_out": "o"}


class Fans(NamedTuple):
    """The two fans of a weight."""

    fan_in: int
    fan_out: int


def check_fan_parameters(
    mode: str,
    layout: str | None = None,
    groups: int = 1,
    fan: tuple[int, int] | None = None,
) -> tuple[int, Fans | None]:
    """Raise for every mistake in these parameters that shows before a shape is known.

    Returns
    -------
    tuple
        `groups` and `fan`, checked and of plain types.
    """
    check_choice("mode", mode, MODES)
    checked = check_layout_or_fan(layout, groups, fan)
    if layout is not None:
        for side in [mode] if mode in SIDES else SIDES:
            check_side(parse_layout(layout), side)
    return checked


def check_layout_or_fan(
    layout: str | None, groups: int, fan: tuple[int, int] | None
) -> tuple[int, Fans | None]:
    """Check the parameters that fans are made of, without the mode; see `check_fan_parameters`."""
    groups = check_groups(groups)
    if fan is None:
        if layout is not None:
            with_groups(parse_layout(layout), groups)
        return groups, None
    if layout is not None:
        rule = "must not be given together with `layout`"
        raise must("fan", rule, fan, "leave one of the two out")
    if groups != 1:
        rule = "must be 1 where `fan` is given"
        raise must("groups", rule, groups, "divide the fans that you pass by the groups")
    return groups, _check_fan(fan)


def _check_fan(fan: tuple[int, int]) -> Fans:
    rule = "must be a pair of integers (fan_in, fan_out)"
    # Not any iterable: a set would lose the order.
    given: object = fan
    if not isinstance(given, (tuple, list)):
        raise must_be_type("fan", rule, fan)
    pair = [number for each in given if (number := as_integer(each)) is not None]
    if len(pair) < len(given):
        raise must_be_type("fan", rule, fan)
    if len(pair) != 2:
        raise must("fan", rule, fan)
    if min(pair) < 1:
        raise must("fan", "must be a pair of positive integers", fan)
    if max(pair) > MOST:
        raise must("fan", "must be a pair of integers of at most 2^64", fan)
    return Fans(*pair)


def check_side(layout: Layout, mode: str) -> None:
    """Raise if the layout cannot tell the fan of the mode, which is one of `SIDES`."""
    role = SIDES[mode]
    if not layout.has(role):
        other = "fan_out" if mode == "fan_in" else "fan_in"
        hint = f'mode="{other}", a layout with an {role}, or fan=(fan_in, fan_out)'
        raise must("layout", f"must have an {role} axis for {mode}", layout.written, hint)
    for axis in layout.axes:
        if axis.role == role and axis.stacked:
            numbered = str(axis).replace("b", "8")
            rule = f"must have a number for the b of {axis}, which hides the {mode}"
            raise must("layout", rule, layout.written, f"{numbered} for a stack of eight")
