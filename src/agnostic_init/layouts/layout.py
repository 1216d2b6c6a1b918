"""The layout of a weight: which of its axes are outputs, inputs, stacks and kernel.

A layout is written as one token for each axis, as in ``"o i *k"``. This module is the grammar and
what ``groups=`` adds to it; what a layout says about a shape is in `axes` and `fans`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import lru_cache

from agnostic_init.arrays.errors import AmbiguousLayoutError, ParameterError, must, must_be_type
from agnostic_init.arrays.numbers import positive_integer

__all__ = ["PRESETS", "Axis", "Layout", "check_groups", "parse_layout", "with_groups"]

#: The layouts that have a name.
PRESETS = {
    "torch": "(g o) i *k",
    "keras": "*k i (g o)",
    "mlx": "(g o) *k i",
    "torch_transposed": "(g i) o *k",
}

# What those who are at home elsewhere write for them.
_ELSEWHERE = {
    "pytorch": "torch",
    **dict.fromkeys(("flax", "haiku", "jax", "optax", "tensorflow", "tf"), "keras"),
}
_MOST_DIGITS = 20  # of a number, which no axis is longer than
_ROLES = ("o", "i", "b", "k", "*k")
_TOKEN = re.compile(r"[()]|\*?\w+|\S")
_EXAMPLES = 'one token an axis, as in "o i *k", "*k i o", "b o i" or "(3 o) i", or a preset: ' + (
    ", ".join(map(repr, PRESETS))
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a layout: the tokens it is fused from, ``("3", "o")`` for ``(3 o)``."""

    parts: tuple[str, ...]

    @property
    def role(self) -> str:
        """The role that decides which fan the axis counts in: o, i, b, k or ``*k``."""
        roles = [part for part in self.parts if part in _ROLES]
        return next((role for role in roles if role != "b"), "b")

    @property
    def factor(self) -> int:
        """The product of the numbers fused into the axis."""
        factor = 1
        for part in self.parts:
            factor *= int(part) if part.isdecimal() else 1
        return factor

    @property
    def grouped(self) -> bool:
        """Whether the groups are laid out along this axis."""
        return "g" in self.parts

    @property
    def stacked(self) -> bool:
        """Whether a stack of unknown length is fused into an output or input axis."""
        return "b" in self.parts and self.role != "b"

    def __str__(self) -> str:
        text = " ".join(self.parts)
        return text if len(self.parts) == 1 else f"({text})"


@dataclass(frozen=True, slots=True, repr=False)
class Layout:
    """The roles of a weight's axes, in order. Made by `parse_layout`.

    Examples
    --------
    >>> layout = parse_layout("torch")
    >>> layout
    parse_layout('(g o) i *k')
    >>> [axis.role for axis in layout.spread((64, 32, 3, 3))]
    ['o', 'i', 'k', 'k']
    """

    axes: tuple[Axis, ...]
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return " ".join(map(str, self.axes))

    @property
    def written(self) -> str:
        """The layout as it was given, for messages."""
        return self.text or str(self)

    def __repr__(self) -> str:
        return f"parse_layout({str(self)!r})"

    def has(self, role: str) -> bool:
        """Whether an axis has the role."""
        return any(axis.role == role for axis in self.axes)

    @property
    def grouped(self) -> bool:
        """Whether the layout says which axis the groups are laid out along."""
        return any(axis.grouped for axis in self.axes)

    def spread(self, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        """Return one axis for each axis of the shape: ``*k`` becomes as many ``k`` as it needs.

        Raises
        ------
        ParameterError
            If the rank of the shape does not fit.
        """
        fixed = len(self.axes) - self.has("*k")
        extra = len(shape) - fixed
        if extra < 0 or (extra > 0 and not self.has("*k")):
            more = " or more" if self.has("*k") else ""
            rule = f'must have {fixed} axes{more} for layout "{self.written}"'
            other = f"a layout of {len(shape)} axes: {_EXAMPLES}"
            bias = 'ai.zeros() for a bias; layout="o" or "i" where a fan is wanted'
            raise must("shape", rule, shape, bias if len(shape) < 2 else other)
        spread: list[Axis] = []
        for axis in self.axes:
            spread.extend([Axis(("k",))] * extra if axis.role == "*k" else [axis])
        return tuple(spread)


def parse_layout(text: str) -> Layout:
    """Read a layout from its text.

    Parameters
    ----------
    text
        A preset (``"torch"``, ``"keras"``, ``"mlx"``, ``"torch_transposed"``), or one token for
        each axis, in the order of the shape: ``o`` output, ``i`` input, ``b`` a stack of
        independent weights, ``k`` one kernel axis, ``*k`` any number of kernel axes (none, too).
        Parentheses fuse into one axis: ``(3 o)`` is three outputs side by side, ``(g o)`` the
        outputs of all groups. ``o`` and ``i`` may come more than once, as in ``"i o o"``.

    Returns
    -------
    Layout
        The same object for the same text.

    Raises
    ------
    ParameterTypeError
        If `text` is not a string.
    ParameterError
        If it is not a layout.

    Examples
    --------
    >>> str(parse_layout("(3 o)   i"))
    '(3 o) i'
    >>> parse_layout("torch") == parse_layout("(g o) i *k")
    True
    """
    if not isinstance(text, str):
        raise must_be_type("layout", "must be a string", text, _EXAMPLES)
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Layout:
    axes: list[Axis] = []
    fused: list[str] | None = None
    for token in _TOKEN.findall(PRESETS.get(text, text)):
        if token == "(" and fused is None:
            fused = []
        elif token == ")" and fused is not None:
            axes.append(_fused_axis(tuple(fused), text))
            fused = None
        elif token in "()":
            raise _bad(text, "must have parentheses in pairs, one inside another never")
        elif fused is not None:
            fused.append(token)
        elif token in _ROLES:
            axes.append(Axis((token,)))
        elif token == "g" or token.isdecimal():
            hint = f'"({token} o)" where it is fused with another, "b" where it has its own axis'
            raise _bad(text, f'must have "{token}" inside parentheses', hint)
        else:
            raise _unknown(token, text)
    if fused is not None:
        raise _bad(text, "must have parentheses in pairs")
    _check_whole(axes, text)
    return Layout(tuple(axes), text)


def _fused_axis(parts: tuple[str, ...], text: str) -> Axis:
    shown = f"({' '.join(parts)})"
    for part in parts:
        if part.isdecimal() and len(part) > _MOST_DIGITS:
            raise _bad(text[:40], f"must fuse with numbers of at most {_MOST_DIGITS} digits")
        if part.isdecimal() and int(part) == 0:
            raise _bad(text, f"must fuse with a positive number, not the 0 of {shown}")
        if part not in (*_ROLES, "g") and not part.isdecimal():
            raise _unknown(part, text)
    if [part for part in parts if part in ("o", "i", "k", "*k")] not in (["o"], ["i"]):
        hint = '"(3 o)", "(g o)" or "(b i)"'
        raise _bad(text, f"must have one o or one i, and no k, in {shown}", hint)
    if parts.count("b") > 1 or parts.count("g") > 1:
        raise _bad(text, f"must have each of b and g once at most in {shown}")
    return Axis(parts)


def _check_whole(axes: list[Axis], text: str) -> None:
    if sum(axis.role == "*k" for axis in axes) > 1:
        raise _bad(text, "must have one *k at most", 'k for one kernel axis, as in "k i o *k"')
    if sum(axis.grouped for axis in axes) > 1:
        raise _bad(text, "must have one g at most")
    if not any(axis.role in ("o", "i") for axis in axes):
        raise _bad(text, "must have an o or an i", _EXAMPLES)


def _unknown(token: str, text: str) -> ParameterError:
    rule = f'must be made of o, i, b, k, *k, and of g and numbers in parentheses, not "{token}"'
    return _bad(text, rule, _suggested(text) or _EXAMPLES)


def _suggested(text: str) -> str:
    """The layout that is meant by a name of elsewhere, or by letters such as OIHW."""
    name = text.strip().lower()
    close = difflib.get_close_matches(name, [*PRESETS, *_ELSEWHERE], n=1)
    if close:
        return f'"{_ELSEWHERE.get(close[0], close[0])}"'
    axes = re.sub("[dhwlt]+", "k", name)
    if sorted(axes.replace("k", "", 1)) != ["i", "o"]:
        return ""
    tokens = " ".join(axes).replace("k", "*k")
    groupless = {
        preset: known.replace("(g ", "").replace(")", "") for preset, known in PRESETS.items()
    }
    presets = [preset for preset, known in groupless.items() if known == tokens]
    return " or ".join(f'"{each}"' for each in (*presets, tokens))


def _bad(text: str, rule: str, hint: str = "") -> ParameterError:
    return must("layout", rule, text, hint)


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
