"""Many parameters at once: rules by name -> a plan -> arrays."""

from __future__ import annotations

from agnostic_init.models.entry import Entry
from agnostic_init.models.plan import Plan
from agnostic_init.models.rules import Rule
from agnostic_init.models.specs import Spec
from agnostic_init.models.tree import fill_tree, init_tree

__all__ = ["Entry", "Plan", "Rule", "Spec", "fill_tree", "init_tree"]
