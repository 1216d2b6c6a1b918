"""torch: parameters that FSDP has gathered for a while."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.models.torch_names import Named, places
from agnostic_init.models.torch_wrappers import kinds

__all__ = ["check_kept", "kept"]

STATES = "torch.distributed._composable_state"
FSDP_1 = "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel"


def kept(module: Any, tensors: list[Named]) -> dict[str, Any]:
    """The tensors to be written by their names, if what is written is kept.

    Those that ``FSDP.summon_full_params`` has gathered are whole, and written back at its end: they
    are given without the marks of a shard.

    Raises
    ------
    ParameterError
        If FSDP2 has gathered some, which are thrown away when it shards them again.
    """
    found = {each.name: each.tensor for each in tensors}
    if "torch.distributed.fsdp" not in sys.modules:
        return found
    whole: set[int] = set()
    for place in places(module):
        group = getattr(_state_of(place.module), "_fsdp_param_group", None)
        if group is not None and group.is_unsharded:
            rule = "must have its shards, which FSDP2 has gathered: what is written there is lost"
            raise must("arrays", rule, place.name or type(place.module), "module.reshard() before")
        if FSDP_1 in kinds(place.module):
            whole.update(_summoned(place.module))
    return {name: each.data if id(each) in whole else each for name, each in found.items()}


def check_kept(named: Mapping[str, Any]) -> None:
    """Raise if a tensor is one that FSDP2 has gathered: a plain parameter, which nothing tells it by.

    FSDP2's own list of the modules that it has sharded says which these are.
    """
    gathered: dict[int, Any] = {}
    states = getattr(sys.modules.get(STATES), "_module_state_mapping", None) or {}
    for state in list(states.values()):
        known = state() if isinstance(state, weakref.ref) else state
        group = getattr(known, "_fsdp_param_group", None)
        if group is not None and group.is_unsharded:
            for each in group.fsdp_params:
                whole = getattr(each, "_unsharded_param", None)
                if whole is not None:
                    gathered[id(whole)] = whole
    for name, tensor in named.items():
        if id(tensor) in gathered:
            rule = "must be a shard, which FSDP2 has gathered: what is written there is lost"
            raise must("arrays", rule, name, "module.reshard() before, and the parameters of then")


def _state_of(module: Any) -> Any:
    """What FSDP2 knows of a module that it has sharded."""
    ask = getattr(type(module), "_get_fsdp_state", None)
    return None if ask is None else ask(module)


def _summoned(module: Any) -> list[int]:
    """The parameters that are views of a whole flat one at present."""
    handle = getattr(module, "_handle", None)
    state = getattr(getattr(handle, "_training_state", None), "name", "")
    if handle is None or state != "SUMMON_FULL_PARAMS":
        return []
    return [id(each) for each in handle.flat_param._params or ()]
