"""The parameters that fans are made of, and every mistake in them that has words."""

from __future__ import annotations

__all__ = [
    "MODES",
    "SIDES",
    "Fans",
    "check_fan_parameters",
    "check_layout_or_fan",
    "check_side",
]

import math
from typing import NamedTuple

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer
from agnostic_init.initializers.groups import check_groups, with_groups
from agnostic_init.initializers.layout import Layout, as_layout

#: What a scale may be divided by.
MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")

#: The modes that look at one side of a weight, and the role of the axes of that side.
SIDES = {"fan_in": "i", "fan_out": "o"}


class Fans(NamedTuple):
    """The two fans of a weight."""

    fan_in: int
    fan_out: int

    def by_mode(self, mode: str) -> float:
        """Return the fan, or the mean of both, that a mode of `MODES` names."""
        if mode == "fan_in":
            return float(self.fan_in)
        if mode == "fan_out":
            return float(self.fan_out)
        if mode == "fan_avg":
            return (self.fan_in + self.fan_out) / 2
        return math.sqrt(self.fan_in * self.fan_out)


def check_fan_parameters(
    mode: str,
    layout: str | Layout | None = None,
    groups: int = 1,
    fan: tuple[int, int] | None = None,
) -> tuple[int, Fans | None]:
    """Raise for every mistake in these parameters that shows before a shape is known.

    Returns
    -------
    tuple
        `groups` and `fan`, checked and of plain types.
    """
    if mode not in MODES:
        names = ", ".join(map(repr, MODES))
        raise must("mode", f"must be one of {names}", mode)
    checked = check_layout_or_fan(layout, groups, fan)
    if layout is not None:
        for side in [mode] if mode in SIDES else SIDES:
            check_side(as_layout(layout), side)
    return checked


def check_layout_or_fan(
    layout: str | Layout | None, groups: int, fan: tuple[int, int] | None
) -> tuple[int, Fans | None]:
    """Check the parameters that fans are made of, without the mode; see `check_fan_parameters`."""
    groups = check_groups(groups)
    if fan is None:
        if layout is not None:
            with_groups(as_layout(layout), groups)
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
