"""How long is trained, of which samples in which order, and when is measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.arrays.values import Value
from agnostic_init.bits.key import Key
from agnostic_init.study.training.data import shuffled

__all__ = ["Schedule"]

POINTS = 100  # measurements at most, where nobody says how many


class Schedule(Value):
    """How many steps there are, of which samples, and after which is measured.

    Parameters
    ----------
    samples
        To train with.
    epochs
        How often each of them is used.
    batch
        Samples in a step; None for all.
    every
        Steps between measurements; None for one after every epoch, or some, so that there are at
        most 100.

    Examples
    --------
    >>> Schedule(100, epochs=3, batch=40).points
    (0, 3, 6, 9)
    """

    samples: int
    epochs: int = 20
    batch: int | None = 32
    every: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", positive_integer("epochs", self.epochs))
        if self.batch is not None:
            batch = positive_integer("batch", self.batch, "None for all samples at once")
            object.__setattr__(self, "batch", min(batch, self.samples))
        if self.every is not None:
            object.__setattr__(self, "every", positive_integer("every", self.every))

    @property
    def size(self) -> int:
        """Samples in a step; the last of an epoch may have fewer."""
        return self.samples if self.batch is None else self.batch

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return -(-self.samples // self.size)

    @property
    def total(self) -> int:
        """Steps in all."""
        return self.epochs * self.per_epoch

    @property
    def points(self) -> tuple[int, ...]:
        """The steps after which is measured."""
        every = self.every or self.per_epoch * max(1, math.ceil(self.epochs / POINTS))
        return tuple(dict.fromkeys([*range(0, self.total, every), self.total]))

    def order(self, key: Key, epoch: int) -> Any:
        """The samples in the order of an epoch, for the run of a key."""
        if self.size == self.samples:
            return np.arange(self.samples)
        return shuffled(key.fold_in("order").fold_in(epoch), self.samples)
