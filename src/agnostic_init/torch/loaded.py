"""Which tensors of a module have values that are to stay: those that were loaded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.models.torch_names import Named, canonical_names

__all__ = ["FLAG", "missing"]

FLAG = "_is_hf_initialized"  # of transformers, on what it has loaded or initialized


def missing(
    module: Any, parameters: list[Named], buffers: list[Named], only_missing: Any
) -> set[str]:
    """The names of the tensors that are to be initialized.

    Parameters
    ----------
    module
        The model.
    parameters, buffers
        Its tensors.
    only_missing
        False for all; True for those that transformers has not marked as loaded; or their names,
        or what ``load_state_dict(..., strict=False)`` has returned.
    """
    tensors = [*parameters, *buffers]
    if only_missing is False:
        return {each.name for each in tensors}
    if only_missing is True:
        loaded = {each.name for each in tensors if getattr(each.tensor, FLAG, False)}
        if not loaded:
            rule = f"must be the missing names where no parameter has `{FLAG}`, as after loading"
            hint = "only_missing=model.load_state_dict(state, strict=False)"
            raise must("only_missing", rule, True, hint)
        wanting = {id(each.module) for each in parameters if each.name not in loaded}
        left = {each.name for each in buffers if id(each.module) not in wanting}
        return {each.name for each in tensors} - loaded - left
    names = getattr(only_missing, "missing_keys", only_missing)
    if isinstance(names, str) or not isinstance(names, Iterable):
        rule = "must be a truth value, or the names of what is missing"
        raise must_be_type("only_missing", rule, only_missing)
    known = canonical_names(module)
    found = set()
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            rule = "must have names of parameters and buffers of the module"
            raise must("only_missing", rule, name, repr(close[0]) if close else "")
        found.add(known[name])
    return found
