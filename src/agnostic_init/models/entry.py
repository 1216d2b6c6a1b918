"""One parameter of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.description import Description
from agnostic_init.models.rules import Rule

__all__ = ["Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of a plan.

    Attributes
    ----------
    name, shape, dtype : of the parameter.
    rule : the rule that it matched first.
    key : its own key, folded of the plan's key and its name.
    description : what it will be filled with.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    rule: Rule
    key: Key
    description: Description

    @property
    def initializer(self) -> Initializer:
        """The initializer of the rule."""
        return self.rule.initializer

    @property
    def elements(self) -> int:
        """Elements of the parameter."""
        return self.description.elements

    @property
    def bytes(self) -> int:
        """Memory of the parameter."""
        return self.description.bytes
