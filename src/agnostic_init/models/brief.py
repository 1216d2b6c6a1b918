"""A plan in few rows: parameters whose names differ in their numbers, and in nothing else, are one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agnostic_init.models.entry import Entry
from agnostic_init.models.plan import Plan
from agnostic_init.models.table import short, table

__all__ = ["brief", "in_braces"]

NUMBER = re.compile(r"(?<![0-9])(0|[1-9][0-9]{0,17})(?![0-9])")
BRACE = re.compile(r"[{}]")
FEW = 8  # numbers that are listed


def brief(plan: Plan) -> str:
    """The plan as a table, a row for each group of parameters; names are in the braces of spec files.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from agnostic_init.models.brief import brief
    >>> specs = {f"h.{n}.w": (4, 4) for n in range(12)} | {"b": 3}
    >>> print(brief(ai.plan_tree(specs, {"b": "zeros", "*": "normal"}, key=0)))
    name           tensors  shape   dtype    elements  bytes  mean  std  initializer  ...
    h.{0..11}.w         12  [4, 4]  float32       192    768     0    1  normal(mean=0.0, std=1.0)  *
    b                    1  [3]     float32         3     12     0    0  zeros()                    b
    13 parameters                                 195    780
    """
    rows = []
    for name, entries in _groups(plan.entries):
        first, about = entries[0], entries[0].description
        rows.append(
            [
                name,
                f"{len(entries)}",
                str(list(first.shape)),
                first.dtype,
                f"{sum(entry.elements for entry in entries):,}",
                f"{sum(entry.bytes for entry in entries):,}",
                *("-" if each is None else f"{each:.6g}" for each in (about.mean, about.std)),
                short(repr(first.initializer)),
                first.rule.text,
            ]
        )
    noun = "parameter" if len(plan) == 1 else "parameters"
    totals = ["", "", "", f"{plan.elements:,}", f"{plan.bytes:,}", "", "", "", ""]
    header = ["name", "tensors", "shape", "dtype", "elements", "bytes", "mean", "std"]
    return table(
        [*header, "initializer", "rule"],
        [*rows, [f"{len(plan)} {noun}", *totals]],
        right=("tensors", "elements", "bytes", "mean", "std"),
    )


def in_braces(names: Sequence[str]) -> str | None:
    """One name with braces that stands for all of these, and for no other; None if there is none.

    Examples
    --------
    >>> in_braces(["h.0.w", "h.1.w", "h.2.w"]), in_braces(["h.0.w", "h.5.w"])
    ('h.{0..2}.w', 'h.{0,5}.w')
    >>> in_braces(["a.0.0", "a.1.1"]) is None
    True
    """
    numbers = [tuple(map(int, NUMBER.findall(name))) for name in names]
    columns = [sorted(set(column)) for column in zip(*numbers, strict=True)]
    if math.prod(map(len, columns)) != len(names):  # as they differ, they would be all of these
        return None
    written = [_column(column) for column in columns]
    if None in written:
        return None
    parts = iter(written)
    return NUMBER.sub(lambda _: str(next(parts)), names[0])


def _column(values: list[int]) -> str | None:
    """Numbers as a spec file has them; None if they are many without an order."""
    if len(values) == 1:
        return str(values[0])
    if values[-1] - values[0] == len(values) - 1:
        return f"{{{values[0]}..{values[-1]}}}"
    return f"{{{','.join(map(str, values))}}}" if len(values) <= FEW else None


def _groups(entries: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Entries that are one row, in the order of the first of each; and what that is called."""
    alike: dict[object, list[Entry]] = {}
    for entry in entries:
        same = NUMBER.sub("{}", entry.name) if not BRACE.search(entry.name) else (entry.name,)
        kind = same, entry.shape, entry.dtype, entry.initializer, entry.rule.text
        alike.setdefault(kind, []).append(entry)
    found: list[tuple[str, list[Entry]]] = []
    for group in alike.values():
        name = in_braces([entry.name for entry in group]) if len(group) > 1 else None
        if name is None:
            found += [(entry.name, [entry]) for entry in group]
        else:
            found.append((name, group))
    return found
