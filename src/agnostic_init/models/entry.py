"""One parameter of a plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from agnostic_init.arrays.dtypes import itemsize_of
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.rules import Rule

if TYPE_CHECKING:
    from agnostic_init.initializers.description import Description

__all__ = ["Entry"]


class Entry(NamedTuple):
    """One parameter of a plan.

    Attributes
    ----------
    name, shape, dtype
        Of the parameter.
    rule
        The rule that it matched first.
    key
        Its own key, folded of the plan's key and its name.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    rule: Rule
    key: Key

    @property
    def initializer(self) -> Initializer:
        """The initializer of the rule."""
        return self.rule.initializer

    @property
    def description(self) -> Description:
        """What it will be filled with."""
        return self.rule.initializer.describe(self.shape, self.dtype)

    @property
    def elements(self) -> int:
        """Elements of the parameter."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Memory of the parameter."""
        return math.prod(self.shape) * itemsize_of(self.dtype)
