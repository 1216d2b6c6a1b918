"""torch: the names of a module's tensors, which no wrapper around it, or inside of it, changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.models.torch_wrappers import SILENT, kinds, own_names, wrapped

__all__ = ["Named", "Place", "adapters", "canonical_names", "named_tensors", "places"]

ADAPTED = "peft.tuners.tuners_utils.BaseTunerLayer"


class Named(NamedTuple):
    """A tensor of a module.

    Attributes
    ----------
    name
        Its canonical name.
    tensor
        The parameter or buffer.
    module, attribute
        The module that has it, and under which attribute.
    """

    name: str
    tensor: Any
    module: Any
    attribute: str


class Place(NamedTuple):
    """A module in the tree.

    Attributes
    ----------
    module
        It.
    name
        Its canonical name; empty for the outermost.
    spellings
        Torch's own names for it: that of `named_modules`, and those without the names of wrappers
        that leave themselves out of parameters' names or of a state dict.
    """

    module: Any
    name: str
    spellings: tuple[str, ...]


def named_tensors(module: Any, buffers: bool = False) -> list[Named]:
    """The parameters of a module by their canonical names, each once.

    The canonical name is the path in the tree of modules without the names of wrappers: those of
    `torch.compile`, data parallelism, activation checkpointing, FSDP, averaged models, Fabric,
    peft's base layers and parametrizations. Wrappers are known by their classes, so that a layer
    of the user's own that is called ``module`` keeps its name.

    Parameters
    ----------
    module
        A module of torch.
    buffers
        Whether its buffers follow, persistent or not.

    Returns
    -------
    list of Named
        In the order of ``module.named_parameters()``; one that is tied has the first of its names.

    Raises
    ------
    ParameterError
        If two tensors have one name without those of the wrappers.
    ParameterTypeError
        If it is no module.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    >>> [each.name for each in named_tensors(torch.nn.DataParallel(model))]
    ['0.weight', '0.bias']
    """
    tree = _tree(module)
    found: dict[str, Named] = {}
    seen: set[int] = set()
    for kind in ("_parameters", "_buffers")[: 1 + buffers]:
        for place in tree:
            renamed = own_names(place.module)
            for attribute, tensor in getattr(place.module, kind).items():
                if tensor is None or id(tensor) in seen:
                    continue
                seen.add(id(tensor))
                name = _joined(place.name, renamed.get(attribute, attribute))
                if name in found:
                    raise must("module", "must have one tensor of a name, but for wrappers", name)
                found[name] = Named(name, tensor, place.module, attribute)
    return list(found.values())


def canonical_names(module: Any) -> dict[str, str]:
    """The canonical name of every name that torch has for a parameter or buffer of a module.

    These are the names of ``named_parameters()`` and ``named_buffers()``, of ties all of them,
    those of ``state_dict()``, and the canonical names themselves.

    Parameters
    ----------
    module
        A module of torch.

    Returns
    -------
    dict
        Of names to canonical names.

    Examples
    --------
    >>> import torch
    >>> canonical_names(torch.nn.DataParallel(torch.nn.Linear(2, 3, bias=False)))
    {'module.weight': 'weight', 'weight': 'weight'}
    """
    canonical = {id(each.tensor): each.name for each in named_tensors(module, buffers=True)}
    names: dict[str, str] = {}
    for place in _tree(module):
        owned = (place.module._parameters.items(), place.module._buffers.items())
        for attribute, tensor in itertools.chain(*owned):
            if tensor is not None:
                for path in place.spellings:
                    names[_joined(path, attribute)] = canonical[id(tensor)]
    return names | {name: name for name in canonical.values() if name not in names}


def places(module: Any) -> list[Place]:
    """The modules of a tree, each once, in the order of ``module.modules()``."""
    found: dict[int, Place] = {}
    for place in _tree(module):
        found.setdefault(id(place.module), place)
    return list(found.values())


def adapters(module: Any) -> tuple[str, ...]:
    """What the names begin with that are those of peft's adapters, which are no layers as others."""
    return tuple(
        f"{place.name}.{child}"
        for place in places(module)
        if ADAPTED in kinds(place.module)
        for child in place.module._modules
        if child not in wrapped(place.module)
    )


def _tree(module: Any) -> list[Place]:
    """All places, also of modules that have several."""
    if not isinstance(module, torch.nn.Module):
        raise must_be_type("module", "must be a module of torch", module)
    return list(_below(Place(module, "", ("",) * len(SILENT)), ()))


def _below(place: Place, above: tuple[int, ...]) -> Iterator[Place]:
    yield place
    module = place.module
    left_out = wrapped(module)
    above = (*above, id(module))
    for name, child in module._modules.items():
        if child is None or id(child) in above:
            continue
        path = place.name if name in left_out else _joined(place.name, name)
        spellings = tuple(
            each if left_out.get(name) in silent else _joined(each, name)
            for each, silent in zip(place.spellings, SILENT, strict=True)
        )
        yield from _below(Place(child, path, spellings), above)


def _joined(path: str, name: str) -> str:
    return ".".join(part for part in (path, name) if part)
