"""torch: a module's parameters as arrays to be filled, those that are computed included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from agnostic_init.arrays.errors import must
from agnostic_init.bits.key import Key
from agnostic_init.models.torch_computed import Computed, computed_tensors
from agnostic_init.models.torch_fsdp import kept
from agnostic_init.models.torch_names import named_tensors

__all__ = ["check_unpacked", "tensors_of"]

QUANTIZED = "torch.ao.nn."


def tensors_of(module: Any) -> tuple[dict[str, Any], Callable[[Key], None] | None]:
    """The tensors to be filled by their canonical names, and what is to be done then.

    Of a tensor that is computed of several, or by a parametrization, there is a new one in its
    place, of which the originals are then computed.

    Raises
    ------
    ParameterError
        If the originals of a tensor cannot be computed, which is tried before anything is written;
        if what would be written is thrown away by FSDP2; or if a quantized layer has its weights
        where nothing can write them.
    """
    check_unpacked(module)
    found = kept(module, named_tensors(module))
    computed = computed_tensors(module)
    if not computed:
        return found, None
    for each in computed:
        for name in each.originals:
            del found[name]
    named = found | {each.name: each.prepared() for each in computed if each.originals}
    return named, lambda key: _finish(computed, named, key)


def check_unpacked(module: Any) -> None:
    """Raise if quantized layers have packed their weights, which are then no parameters."""
    for name, each in module.named_modules():
        if type(each).__module__.startswith(QUANTIZED) and any(
            isinstance(value, torch.ScriptObject) for value in vars(each).values()
        ):
            rule = f"must have no packed weights, as a quantized layer has ({name!r})"
            raise must("module", rule, type(each), "quantizing what has been initialized")


def _finish(computed: list[Computed], named: dict[str, Any], key: Key) -> None:
    for each in computed:
        each.finish(named[each.name], key)
