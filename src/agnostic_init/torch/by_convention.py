"""What conventions say of the tensors of a module, by their canonical names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agnostic_init.arrays.errors import check_choice, must_be_type
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.torch_names import adapters, places
from agnostic_init.torch.conventions.defaults import TORCH
from agnostic_init.torch.conventions.frameworks import FLAX, KERAS
from agnostic_init.torch.conventions.table import Convention, Model
from agnostic_init.torch.conventions.transformers import GPT2, LLAMA, VIT

__all__ = ["CONVENTIONS", "by_convention", "conventions_of"]

OWN = "own"
CONVENTIONS = {each.name: each for each in (TORCH, GPT2, VIT, LLAMA, KERAS, FLAX)}


def conventions_of(given: Any) -> tuple[list[Convention], bool]:
    """The conventions, in their order, and whether the model's own code goes before them.

    Own code is of models that were built by torch's defaults, which hold where it does nothing.
    """
    if isinstance(given, str | Convention):
        given = (given,)
    if not isinstance(given, Iterable):
        raise must_be_type("conventions", "must be a name, or a sequence of names", given)
    found, own = [], False
    for each in given:
        if isinstance(each, Convention):
            found.append(each)
            continue
        check_choice("conventions", each, (*CONVENTIONS, OWN))
        own = own or each == OWN
        found += [CONVENTIONS[each]] if each != OWN else []
    return (found or [TORCH] if own else found), own


def by_convention(
    module: Any, conventions: list[Convention], options: Mapping[str, Any]
) -> dict[str, Initializer]:
    """The initializer of each tensor: the first convention's that has one, and of the outer layer."""
    everywhere = tuple(places(module))
    for convention in conventions:
        if convention.check is not None:
            convention.check(Model("", everywhere, options))
    found: dict[str, Initializer] = {}
    apart = adapters(module)
    for place in everywhere:
        if place.name.startswith(apart):
            continue
        model = Model(place.name, everywhere, options)
        for convention in conventions:
            for name, init in convention.tensors(place.module, model).items():
                found.setdefault(f"{place.name}.{name}" if place.name else name, init)
    return found
