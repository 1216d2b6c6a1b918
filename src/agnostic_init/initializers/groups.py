"""The groups of a grouped convolution: their number, and the axis that they are laid out along."""

from __future__ import annotations

__all__ = ["check_groups", "with_groups"]

from agnostic_init.arrays.errors import AmbiguousLayoutError, must
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.initializers.layout import Axis, Layout


def check_groups(groups: int) -> int:
    """Return the number of groups as an int, or raise unless it is a positive one."""
    return positive_integer("groups", groups, "groups=1 for no groups")


def with_groups(layout: Layout, groups: int) -> Layout:
    """Return the layout with the axis named that the groups are laid out along.

    That is the output axis, if the layout has no ``g`` of its own: every library stores the weights
    of its groups one after the other along the outputs, but for transposed convolutions.

    Raises
    ------
    AmbiguousLayoutError
        If the layout is ``"i o *k"``, which is a transposed convolution with the groups in ``i`` to
        some and a plain one with the groups in ``o`` to others.
    ParameterError
        If there is no output axis, or more than one.
    """
    if groups == 1 or layout.grouped:
        return layout
    outputs = [n for n, axis in enumerate(layout.axes) if axis.role == "o"]
    if len(outputs) != 1:
        rule = f'must be 1 for layout "{layout.written}", which has {len(outputs)} o axes'
        raise must("groups", rule, groups, "write g into the axis of the groups, as in (g o)")
    roles = [axis.role.strip("*") for axis in layout.axes if axis.role != "b"]
    if roles[:2] == ["i", "o"] and set(roles[2:]) <= {"k"}:
        message = (
            f'`layout` must say which axis holds the groups where it is "{layout.written}", with '
            f"groups={groups}; try one of:\n"
            f'  layout="{_mark(layout, "i")}": fan_in = i/{groups} * k, fan_out = o * k '
            "(a transposed convolution of torch)\n"
            f'  layout="{_mark(layout, "o")}": fan_in = i * k, fan_out = o/{groups} * k'
        )
        raise AmbiguousLayoutError(message)
    return _mark(layout, "o")


def _mark(layout: Layout, role: str) -> Layout:
    marked = (Axis(("g", *a.parts)) if a.role == role else a for a in layout.axes)
    return Layout(tuple(marked), layout.text)
