"""The axes of a weight taken apart: outputs, inputs, kernel, and what repeats independently."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import AmbiguousLayoutError, check_choice, must
from agnostic_init.layouts.layout import Axis, check_groups, parse_layout, with_groups

__all__ = [
    "Part",
    "Parts",
    "center_of",
    "check_center",
    "check_layout",
    "split_axes",
    "split_matrix_axes",
]

CENTERS = ("torch", "same")


@dataclass(frozen=True, slots=True)
class Part:
    """A factor of an axis: index ``position // stride % length`` along it.

    Attributes
    ----------
    role
        "o", "i", "k", or "b" for stacks, groups and numbers.
    axis
        The axis of the weight.
    length
        How many.
    stride
        The product of the parts after it in the same axis.
    """

    role: str
    axis: int
    length: int
    stride: int


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of a weight's axes, in order."""

    parts: tuple[Part, ...]

    def of(self, *roles: str) -> tuple[Part, ...]:
        """Those of some roles."""
        return tuple(part for part in self.parts if part.role in roles)

    def size(self, *roles: str) -> int:
        """The product of the lengths of those of some roles."""
        return math.prod(part.length for part in self.of(*roles))

    @property
    def lengths(self) -> tuple[int, ...]:
        """The shape with every axis taken apart."""
        return tuple(part.length for part in self.parts)

    def order(self, *roles: str) -> tuple[int, ...]:
        """Where the parts of some roles stand in `lengths`."""
        return tuple(n for n, part in enumerate(self.parts) if part.role in roles)


def check_layout(
    layout: str | None, groups: int, *, needed: str = "", like: str = '"torch" or "keras"'
) -> tuple[str | None, int]:
    """The layout as text and the number of groups, or raise for what shows before a shape is known.

    Parameters
    ----------
    layout, groups
        As given.
    needed
        Why a layout must be given; empty where None is allowed.
    like
        Layouts to name in that message.
    """
    groups = check_groups(groups)
    if layout is None:
        if needed:
            message = f"`layout` must be given, as {needed}, got None; try: layout={like}"
            raise AmbiguousLayoutError(message)
        if groups != 1:
            raise must("groups", "must be 1 where no `layout` is given", groups, f"layout={like}")
        return None, groups
    parsed = with_groups(parse_layout(layout), groups)
    for role, name in (("o", "output"), ("i", "input")):
        if not parsed.has(role):
            raise must("layout", f"must have an {role} axis, for the {name}s", layout)
    for axis in parsed.axes:
        if axis.stacked:
            raise must(
                "layout",
                f"must have a number for the b of {axis}",
                layout,
                f"{str(axis).replace('b', '8')} for a stack of eight",
            )
    return layout, groups


def split_axes(shape: tuple[int, ...], layout: str, groups: int = 1) -> Parts:
    """The parts of the axes of a weight."""
    known = with_groups(parse_layout(layout), groups)
    parts: list[Part] = []
    for n, axis in enumerate(known.spread(shape)):
        divisor = axis.factor * (groups if axis.grouped else 1)
        if shape[n] % divisor:
            rule = f'must have an axis {n} divisible by {divisor}, for {axis} of layout "{known.written}"'
            hint = f"check groups={groups}" if axis.grouped and groups > 1 else ""
            raise must("shape", rule, shape, hint)
        parts.extend(_parts(n, axis, shape[n], groups, shape[n] // divisor))
    return Parts(tuple(parts))


def split_matrix_axes(shape: tuple[int, ...]) -> Parts:
    """The parts of a stack of matrices: all axes but the last two repeat."""
    if len(shape) < 2:
        raise must("shape", "must have two axes or more", shape)
    stack = [Part("b", n, length, 1) for n, length in enumerate(shape[:-2])]
    rows = len(shape) - 2
    return Parts((*stack, Part("o", rows, shape[rows], 1), Part("i", rows + 1, shape[rows + 1], 1)))


def _parts(n: int, axis: Axis, length: int, groups: int, channels: int) -> list[Part]:
    found: list[Part] = []
    stride = length
    for token in axis.parts:
        if token.isdecimal():
            role, count = "b", int(token)
        elif token == "g":
            role, count = "b", groups
        else:
            role, count = token.strip("*"), channels
        stride = stride // count if count else 0
        found.append(Part(role, n, count, max(stride, 1)))
    return found


def check_center(center: Any) -> None:
    """Raise unless it is one of `CENTERS`."""
    check_choice("center", center, CENTERS)


def center_of(length: int, center: str) -> int:
    """Its place on an axis: they differ for even lengths, where the wrong one shifts by one.

    ``length // 2`` ("torch") is right with ``padding=length // 2``, ``(length - 1) // 2`` ("same")
    with ``padding="same"``.
    """
    return length // 2 if center == "torch" else (length - 1) // 2
