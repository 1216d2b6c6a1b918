"""Fans: how many inputs make one output of a weight, and how many outputs use one input.

Shapes are always the shape of the whole weight. The fans of a shard are those of the weight that
it is cut from, so no function here may be given the shape of a shard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType

from agnostic_init.arrays.errors import (
    AmbiguousLayoutError,
    ParameterError,
    must,
)
from agnostic_init.bits.block import checked_shape
from agnostic_init.layouts.axes import split_axes
from agnostic_init.layouts.layout import PRESETS, parse_layout
from agnostic_init.layouts.parameters import (
    SIDES,
    Fans,
    check_fan_parameters,
    check_layout_or_fan,
    check_side,
)

__all__ = [
    "by_mode",
    "fan_for",
    "fans",
    "known_fans",
]


def by_mode(mode: str, fan_in: float, fan_out: float) -> float:
    """The fan, or the mean of both, that a mode of `MODES` names."""
    if mode == "fan_in":
        return float(fan_in)
    if mode == "fan_out":
        return float(fan_out)
    return (fan_in + fan_out) / 2 if mode == "fan_avg" else math.sqrt(fan_in * fan_out)


def fans(
    shape: Sequence[int],
    layout: str | None = None,
    groups: int = 1,
    fan: tuple[int, int] | None = None,
) -> Fans:
    """Return the fans of a weight.

    Parameters
    ----------
    shape
        The shape of the whole weight, never that of a shard.
    layout
        What the axes are; see `parse_layout`. It may be None if all layouts agree.
    groups
        The number of groups of a grouped convolution. They divide the axis with the ``g``, or the
        output axis of a layout without one.
    fan
        The fans outright, ``(fan_in, fan_out)``. The shape is then ignored.

    Returns
    -------
    Fans
        The product of the input axes and that of the output axes, each times the product of the
        kernel axes. Groups and fused numbers are divided out, and stacks do not count. Both are at
        least 1, so that a weight without elements causes no division by zero.

    Raises
    ------
    AmbiguousLayoutError
        If no layout is given and the layouts that fit do not agree.
    ParameterError
        If the layout does not fit the shape, or lacks the axes for one of the fans.

    Notes
    -----
    The k^2 c connections of a response of a convolution and, seen from the gradient, its k^2 d are
    those of [1]_, section 2.2.

    .. [1] He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852.

    Examples
    --------
    >>> fans((64, 32, 3, 3), "torch")
    Fans(fan_in=288, fan_out=576)
    >>> fans((8, 512, 2048), "b o i")
    Fans(fan_in=2048, fan_out=512)
    >>> fans((3072, 1024), "(3 o) i")
    Fans(fan_in=1024, fan_out=1024)
    >>> fans((64, 1, 3, 3), "torch", groups=64)
    Fans(fan_in=9, fan_out=9)
    """
    groups, fan = check_layout_or_fan(layout, groups, fan)
    if fan is not None:
        return fan
    lengths = checked_shape(shape)
    if layout is not None:
        return _both(lengths, layout, groups)
    found = _plausible(lengths, groups)
    if 0 not in lengths and len(set(found.values())) > 1:
        raise _ambiguous(lengths, found, None)
    return next(iter(found.values()))


def fan_for(
    shape: Sequence[int],
    mode: str,
    layout: str | None = None,
    groups: int = 1,
    fan: tuple[int, int] | None = None,
) -> float:
    """Return the number that a mode divides the variance of a weight by.

    Parameters
    ----------
    shape
        The shape of the whole weight, never that of a shard.
    mode
        ``"fan_in"``, ``"fan_out"``, ``"fan_avg"`` (their mean) or ``"fan_geo_avg"`` (their
        geometric mean).
    layout
        What the axes are; see `parse_layout`. None is allowed where all layouts give one answer.
    groups
        The number of groups, as in `fans`.
    fan
        The fans outright, ``(fan_in, fan_out)``.

    Returns
    -------
    float
        At least 1.

    Raises
    ------
    AmbiguousLayoutError
        If no layout is given and the layouts that fit give different answers; all are printed. A
        weight without elements has no scale to be in doubt of, and does not raise.
    ParameterError
        If the layout does not fit the shape, or has no axis to make the fan of.

    Notes
    -----
    The mean of the fans is from [1]_, equation 12.

    .. [1] Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010.

    Examples
    --------
    >>> fan_for((256, 512), "fan_in", layout="torch")
    512.0
    >>> fan_for((256, 512), "fan_avg")
    384.0
    >>> fan_for((256,), "fan_out", layout="o")
    256.0
    """
    groups, fan = check_fan_parameters(mode, layout, groups, fan)
    if fan is not None:
        return by_mode(mode, *fan)
    lengths = checked_shape(shape)
    if layout is None:
        found = _plausible(lengths, groups)
        answers = {by_mode(mode, *each) for each in found.values()}
        if 0 not in lengths and len(answers) > 1:
            raise _ambiguous(lengths, found, mode)
        return by_mode(mode, *next(iter(found.values())))
    if mode in SIDES:
        return float(_fan(lengths, layout, groups, mode))
    return by_mode(mode, *_both(lengths, layout, groups))


def known_fans(
    shape: tuple[int, ...], layout: str | None, groups: int, fan: tuple[int, int] | None
) -> dict[str, int]:
    """The fans by name, without those that the layout, or its absence, leaves open."""
    if fan is not None:
        return Fans(*fan)._asdict()
    known = {}
    for mode in SIDES:
        # A layout of one side only, or a shape without a layout, for which only another mode is clear.
        with suppress(ParameterError):
            known[mode] = int(fan_for(shape, mode, layout, groups))
    return known


def _both(shape: tuple[int, ...], layout: str, groups: int) -> Fans:
    return Fans(*(_fan(shape, layout, groups, mode) for mode in SIDES))


# Cached, as a model has few shapes and many weights of each.
@lru_cache(maxsize=1024)
def _fan(shape: tuple[int, ...], layout: str, groups: int, mode: str) -> int:
    check_side(parse_layout(layout), mode)
    return max(1, split_axes(shape, layout, groups).size(SIDES[mode], "k"))


@lru_cache(maxsize=1024)
def _plausible(shape: tuple[int, ...], groups: int) -> Mapping[str, Fans]:
    if len(shape) < 2:
        rule = "must have two axes or more where neither `layout` nor `fan` is given"
        hint = 'layout="o" with mode="fan_out", layout="i" with mode="fan_in", or fan='
        raise must("shape", rule, shape, hint)
    found: dict[str, Fans] = {}
    reason: ParameterError | None = None
    for name in PRESETS:
        try:
            found[name] = _both(shape, name, groups)
        except ParameterError as error:
            reason = reason or error
    if reason is not None and not found:
        raise reason
    return MappingProxyType(found)


def _ambiguous(
    shape: tuple[int, ...], found: Mapping[str, Fans], mode: str | None
) -> AmbiguousLayoutError:
    what = mode or "fan_in and fan_out"
    lines = [f"`layout` must be given for shape {shape}, got None, and its {what} depends on it:"]
    for each in dict.fromkeys(found.values()):
        names = " or ".join(f'"{name}"' for name in found if found[name] == each)
        answer = "" if mode is None else f"{mode} = {by_mode(mode, *each):.10g} "
        lines.append(f"  {answer}for layout={names} (fan_in {each.fan_in}, fan_out {each.fan_out})")
    stack = '"b o i" for a stack of matrices, ' if len(shape) == 3 else ""
    lines.append(f"try: one of these, {stack}another string of axis tokens, or fan=(in, out)")
    return AmbiguousLayoutError("\n".join(lines))
