"""Fingerprints of arrays, of trees of them, of modules of torch and of files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.block import block, checked_shape
from agnostic_init.fingerprints.arrays import of_array
from agnostic_init.fingerprints.value import NONE, Fingerprint, of_tensor
from agnostic_init.models.torch_wrappers import is_module

__all__ = ["fingerprint"]


def fingerprint(
    what: Any,
    *,
    index: Any = None,
    global_shape: Any = None,
    buffers: bool = False,
    group: Any = None,
) -> Fingerprint:
    """Say in 128 bits what an array, a model or a file holds, by value and position.

    Equal values at equal positions have the same fingerprint on every library and device, in any
    memory order and however the array is cut: those of parts add up to that of the whole. That of
    a model counts the name, dtype and shape of each tensor too; its tensors may come in any order,
    and those of two models without a name in common add up. ``docs/stream.md`` specifies it.

    It tells whether two hold the same weights without bringing them to one place. It is no
    signature: somebody who wants to can make other weights that have it.

    Parameters
    ----------
    what
        An array of any library; a mapping of names to arrays; a module of torch, whose parameters
        are known by names in which no wrapper shows; or the path of a .safetensors file, of the
        index of several or of a folder with one. A DTensor is summed over its mesh; a `Sharded`, and an array of
        JAX is what this process holds of it, without what others hold too.
    index, global_shape
        Where an array is in the array that it is a block of, as of an initializer: `index` is
        NumPy's basic indexing, and `global_shape` that of the whole.
    buffers
        Whether a module's buffers that its state dict has count as well.
    group
        A process group of torch, over which the parts are summed by one all-reduce: for DTensors, in
        place of their meshes; for a `Sharded`, or an array with `index`, of which the processes have
        other parts. It is needed where a mapping holds any of these but DTensors. Plain
        tensors in a mapping or module are whole in each process and are not summed.

    Returns
    -------
    Fingerprint
        Its text is 32 hexadecimal digits.

    Raises
    ------
    ParameterError, ParameterTypeError
        If something has no values, has partial sums for values, or is none of those; or if a file
        is not as the format says.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import numpy as np
    >>> weights = {"w": np.ones((2, 3), np.float32), "b": np.zeros(2, np.float32)}
    >>> print(ai.fingerprint(weights))
    5c5e27a3c8256157a58b893f51e19e5c
    >>> ai.fingerprint(weights["w"]) == ai.fingerprint(np.asfortranarray(weights["w"]))
    True
    """
    if isinstance(what, str | os.PathLike):
        _only(what, index, global_shape, group)
        from agnostic_init.fingerprints.files import of_file

        return of_file(what)
    if is_module(what) or isinstance(what, Mapping):
        _only(what, index, global_shape, None)
        named = _named(what, buffers) if is_module(what) else dict(what)
        return _of_tree(named, group)
    library = library_of(what)
    shape = _shape_of(what, library)
    whole = checked_shape(shape if global_shape is None else global_shape)
    if index is None and whole != shape:
        raise must("index", f"must say where the block is in the whole of shape {whole}", index)
    part = block(whole, index)
    if part.shape != shape:
        raise must("index", f"must be that of a block of the array's shape {shape}", part.shape)
    found = of_array(what, library, part)
    sharded = _sharded(what, library)
    if group is None and not sharded:
        return found
    from agnostic_init.fingerprints.torch_groups import added_over_group, added_over_meshes

    if group is not None:
        return added_over_group([found], group)[0]
    return added_over_meshes([found], [what])[0]


def _only(what: Any, index: Any, global_shape: Any, group: Any) -> None:
    """Raise if something was given that is for arrays alone."""
    for name, given in (("index", index), ("global_shape", global_shape), ("group", group)):
        if given is not None:
            raise must(name, f"must not be given with {type(what).__name__}", given)


def _named(module: Any, buffers: bool) -> dict[str, Any]:
    from agnostic_init.models.torch_names import named_tensors

    found = {}
    for each in named_tensors(module, buffers):
        temporary = getattr(each.module, "_non_persistent_buffers_set", ())
        if each.attribute not in temporary:
            found[each.name] = each.tensor
    return found


def _of_tree(named: Mapping[Any, Any], group: Any) -> Fingerprint:
    found, kinds, sharded = [], [], []
    for name, array in named.items():
        if not isinstance(name, str):
            raise must_be_type("what", "must have names that are strings", name)
        with within(f"parameter {name!r}"):
            library = library_of(array)
            shape = _shape_of(array, library)
            found.append(of_array(array, library, block(shape)))
        kinds.append((name, library.dtype_name(array.dtype), shape))
        if _sharded(array, library) or (group is not None and _partial(array, library)):
            sharded.append(len(found) - 1)
        elif _partial(array, library):
            rule = "must be given where a tree holds parts of arrays"
            raise must("group", rule, None, f"the processes that have the others of {name!r}")
    if sharded:
        from agnostic_init.fingerprints.torch_groups import added_over_group, added_over_meshes

        parts = [found[n] for n in sharded]
        if group is not None:
            parts = added_over_group(parts, group)
        else:
            arrays = list(named.values())
            parts = added_over_meshes(parts, [arrays[n] for n in sharded])
        for n, part in zip(sharded, parts, strict=True):
            found[n] = part
    return sum((of_tensor(*kind, each) for kind, each in zip(kinds, found, strict=True)), NONE)


def _shape_of(array: Any, library: Library) -> tuple[int, ...]:
    """The shape of an array that has values."""
    library.check_dense(array)
    if not library.readable(array):
        hint = "an array that has been made, as by to_empty and fill_tree"
        raise must("array", "must have values", type(array), hint)
    return tuple(array.shape)


def _partial(array: Any, library: Library) -> bool:
    """Whether other processes may have other parts of it."""
    return library.cut(array) is not None or not getattr(array, "is_fully_addressable", True)


def _sharded(array: Any, library: Library) -> bool:
    """Whether it is a DTensor; none is before its module was imported."""
    if library.name != "torch" or "torch.distributed.tensor" not in sys.modules:
        return False
    from agnostic_init.arrays.libraries.torch_shards import is_sharded

    return is_sharded(array)
