"""A plan of a module: what every parameter is filled with, and where that was learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.values import Value
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.torch.described import Content
from agnostic_init.torch.record import Item

if TYPE_CHECKING:
    from agnostic_init.initializers.description import Description

__all__ = ["Plan", "Row"]


class Row(Value):
    """One tensor of a plan.

    Attributes
    ----------
    name, shape, dtype
        Of the tensor.
    kind
        "parameter", "buffer", or "attribute" of a module.
    source
        "recorded": what its authors' code draws, or the number that it writes. "rule": that of the
        caller. "own code": its authors' code computes it. "left alone": it has values.
    rule
        The pattern, type or function; empty for other sources.
    initializer
        None where it is not one.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: str
    source: str
    rule: str
    initializer: Initializer | None

    @staticmethod
    def of(item: Item, content: Content) -> Row:
        """That of a tensor of a module."""
        shape, own = tuple(item.tensor.shape), str(item.tensor.dtype).removeprefix("torch.")
        dtype = content.dtype or own
        how = content.source, content.rule, content.initializer
        return Row(item.name, shape, dtype, item.kind, *how)

    @property
    def description(self) -> Description | None:
        """What the initializer says of it: the distribution and its figures."""
        if self.initializer is None:
            return None
        return self.initializer.describe(self.shape, self.dtype)

    @property
    def distribution(self) -> str | None:
        """Such as "normal", as far as it is known."""
        return None if self.description is None else self.description.distribution

    @property
    def mean(self) -> Any:
        """The mean of the values, as far as it is known."""
        return None if self.description is None else self.description.mean

    @property
    def std(self) -> float | None:
        """The standard deviation of the values, as far as it is known."""
        return None if self.description is None else self.description.std

    @property
    def fans(self) -> tuple[int, int] | None:
        """Fan in and fan out, where the initializer has them."""
        said = self.description
        if said is None or said.fan_in is None or said.fan_out is None:
            return None
        return said.fan_in, said.fan_out


class Plan(Value):
    """What the parameters of a module are filled with: a value, whose text is a table.

    It is read as its rows in their order, or by name: ``plan["fc.weight"]``.

    Attributes
    ----------
    key
        Of the module; None where none was given yet.
    rows
        One for each parameter, and for each buffer that depends on draws.
    """

    key: Key | None
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return any(row.name == name for row in self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def sources(self) -> dict[str, int]:
        """How many tensors have each source."""
        return dict(Counter(row.source for row in self.rows))

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {source}" for source, count in self.sources.items())
        return f"Plan({len(self)} tensors: {counts}; key={self.key})"

    def __str__(self) -> str:
        from agnostic_init.models.table import table

        header = ["name", "shape", "dtype", "source", "distribution", "std", "fan_in", "fan_out"]
        rows = [
            [
                row.name,
                str(list(row.shape)),
                row.dtype,
                row.source,
                row.distribution or "-",
                "-" if row.std is None else f"{row.std:.6g}",
                *("--" if row.fans is None else map(str, row.fans)),
                "-" if row.initializer is None else repr(row.initializer),
                row.rule,
            ]
            for row in self.rows
        ]
        right = ("std", "fan_in", "fan_out")
        return table([*header, "initializer", "rule"], rows, right=right)
