"""What conventions say of the tensors of a module, by their canonical names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agnostic_init.arrays.errors import check_choice, must_be_type
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.torch_names import places
from agnostic_init.torch.conventions.defaults import TORCH
from agnostic_init.torch.conventions.frameworks import FLAX, KERAS
from agnostic_init.torch.conventions.table import Convention, Model
from agnostic_init.torch.conventions.transformers import GPT2, LLAMA, VIT

__all__ = ["CONVENTIONS", "by_convention", "conventions_of"]

CONVENTIONS = {each.name: each for each in (TORCH, GPT2, VIT, LLAMA, KERAS, FLAX)}


def conventions_of(given: Any) -> list[Convention]:
    """The conventions, in their order."""
    if isinstance(given, str | Convention):
        given = (given,)
    if not isinstance(given, Iterable):
        raise must_be_type("conventions", "must be a name, or a sequence of names", given)
    found = []
    for each in given:
        if not isinstance(each, Convention):
            check_choice("conventions", each, CONVENTIONS)
        found.append(each if isinstance(each, Convention) else CONVENTIONS[each])
    return found


def by_convention(
    module: Any, conventions: list[Convention], options: Mapping[str, Any]
) -> dict[str, Initializer]:
    """The initializer of each tensor: the first convention's that has one, and of the outer layer."""
    everywhere = tuple(places(module))
    for convention in conventions:
        if convention.check is not None:
            convention.check(Model("", everywhere, options))
    found: dict[str, Initializer] = {}
    for place in everywhere:
        model = Model(place.name, everywhere, options)
        for convention in conventions:
            for name, init in convention.tensors(place.module, model).items():
                found.setdefault(f"{place.name}.{name}" if place.name else name, init)
    return found
