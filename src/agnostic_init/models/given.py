"""What `fill_tree` is given: a dictionary, pairs, or a module of torch, and the names that count."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.key import Key
from agnostic_init.models.nested import tree_of
from agnostic_init.models.torch_wrappers import is_module
from agnostic_init.models.wrapper_marks import check_unwrapped

__all__ = ["Given", "given"]


class Given(NamedTuple):
    """Arrays to be filled.

    Attributes
    ----------
    result
        What the user gets back.
    named
        The arrays by the names of which keys are made.
    finish
        What is to be done after the arrays are filled, if anything.
    """

    result: Any
    named: Mapping[str, Any]
    finish: Callable[[Key], None] | None


def given(arrays: Any, module: Any) -> Given:
    """Sort out what was given that is no mapping alone; an error says what could have been."""
    if module is not None and not is_module(module):
        raise must_be_type("module", "must be a module of torch", module)
    if is_module(arrays):
        if module is not None:
            raise must("module", "must be given with a mapping, not with a module", type(module))
        from agnostic_init.models.torch_module import tensors_of

        named, finish = tensors_of(arrays)
        if not named:
            raise must("arrays", "must have parameters", type(arrays))
        return Given(arrays, named, finish)
    tree = None if module is not None else tree_of(arrays)
    if tree is not None:
        check_unwrapped(tree.leaves, "arrays")
        return Given(arrays, tree.leaves, None)
    if not isinstance(arrays, Mapping):
        arrays = _of_pairs(arrays)
    if module is not None:
        return Given(arrays, _canonical(arrays, module), None)
    check_unwrapped(arrays, "arrays")
    return Given(arrays, arrays, None)


def _of_pairs(arrays: Any) -> dict[str, Any]:
    pairs = () if isinstance(arrays, str) or not isinstance(arrays, Iterable) else list(arrays)
    if not pairs or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        rule = "must be a mapping of names to arrays, pairs of both, or a module of torch"
        raise must_be_type("arrays", rule, arrays, "{'weight': weight}, or model")
    named = dict(pairs)
    if len(named) < len(pairs):
        raise must("arrays", "must name every array once", [name for name, _ in pairs])
    return named


def _canonical(arrays: Mapping[str, Any], module: Any) -> dict[str, Any]:
    from agnostic_init.models.torch_names import canonical_names

    names = canonical_names(module)
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        if name not in names:
            close = difflib.get_close_matches(str(name), names, n=1)
            rule = "must have names of parameters and buffers of `module`"
            raise must("arrays", rule, name, repr(close[0]) if close else "")
        if not _one(found.setdefault(names[name], array), array):
            rule = f"must have one array for {names[name]!r}, which is tied"
            raise must("arrays", rule, name, "only one of its names")
    return found


def _one(array: Any, other: Any) -> bool:
    """Whether two are one array, or one memory, as those of a state dict are."""
    if array is other:
        return True
    library = library_of(array)
    memory = library.memory(array) if library is library_of(other) else None
    return memory is not None and memory == library.memory(other)
