"""torch: a function that fills a parameter which comes without its name."""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

import torch

from agnostic_init.arrays.errors import (
    ParameterError,
    ParameterTypeError,
    inside,
    must,
    must_be_type,
)
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.values import Value
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.models.entry import Entry
from agnostic_init.models.needed import needed
from agnostic_init.models.rules import Rule, rules_of
from agnostic_init.models.torch_computed import computed_tensors
from agnostic_init.models.torch_names import places
from agnostic_init.models.torch_wrappers import is_module, own_names
from agnostic_init.models.tree import plan_tree

__all__ = ["Bound", "bind"]

REMEDY = "ai.bind(model, key, rules) before, in this process, with the model that it is a part of"


class Bound(Value):
    """What `bind` returns: a function of a parameter, or of a module.

    It is a value, equal to another of the same key and rules, and may be copied and pickled. In
    another process it serves the models that were bound there, by the same key and rules.

    Parameters
    ----------
    key, rules
        Those of the models.
    """

    key: Key
    rules: tuple[Rule, ...]

    def __call__(self, parameter: Any) -> Any:
        """Fill a parameter of a bound model, or the parameters that a module has itself.

        Parameters
        ----------
        parameter
            A parameter in its place in the model, whole or sharded; or a module, as FSDP1 gives:
            those of its parameters that are on the meta device get memory on the current
            accelerator, or on the CPU.

        Returns
        -------
        parameter or module
            What was given.

        Raises
        ------
        ParameterError
            If no model has it, it has another shape than when the model was bound, or it cannot
            be written.
        """
        models = [each for each in MODELS.get(self, ()) if each.model() is not None]
        if is_module(parameter):
            for each in models:
                if each.fill_module(parameter):
                    return parameter
            rule = "must be a module of a model that was bound"
            raise must("parameter", rule, type(parameter), REMEDY)
        if not isinstance(parameter, torch.Tensor):
            raise must_be_type("parameter", "must be a parameter or module of torch", parameter)
        for each in models:
            if each.fill_tensor(parameter):
                return parameter
        rule = "must be a parameter of a model that was bound"
        raise must(
            "parameter", rule, f"{type(parameter).__name__} of {tuple(parameter.shape)}", REMEDY
        )


def bind(model: Any, key: Any, rules: Any, *, names: Any = None, unused: str = "error") -> Bound:
    """Give the parameters of a model their names and rules, for callbacks that are told no name.

    Parameters
    ----------
    model
        A module of torch, on any device, meta too, and before or after it is made parallel. Its
        parameters may be replaced after this: what counts is their place in the model. The model
        is not kept alive.
    key, rules, names, unused
        As of `fill_tree`.

    Returns
    -------
    Bound
        A function of a parameter, or of a module. The values are those of `fill_tree`.

    Raises
    ------
    ParameterError, ParameterTypeError
        As of `fill_tree`, now and not when the function is called.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> with torch.device("meta"):
    ...     model = torch.nn.Sequential(torch.nn.Linear(3, 2))
    >>> init_fn = ai.bind(model, 0, {"*.bias": "zeros", "*": ai.normal(std=0.02)})
    >>> model = model.to_empty(device="cpu")
    >>> for parameter in model.parameters():
    ...     _ = init_fn(parameter)
    >>> model[0].bias.tolist()
    [0.0, 0.0]
    """
    if not is_module(model):
        raise must_be_type("model", "must be a module of torch", model)
    computed = [each.name for each in computed_tensors(model)]
    if computed:
        rule = "must have no tensors that are computed of others, by parametrizations"
        raise must("model", rule, computed, "fill_tree(model, rules, key=key), which knows of them")
    checked = rules_of(rules)
    found = _found(model)
    first: dict[int, str] = {}
    aliases = {each.name: first.setdefault(id(each.tensor), each.name) for each in found}
    own = list(dict.fromkeys(aliases.values()))
    if names is not None or unused != "error":
        used = needed(own, checked, names, unused)
    else:
        used = checked
    tensors = {each.name: each.tensor for each in found}
    specs = {name: (tuple(tensors[name].shape), tensors[name].dtype) for name in own}
    entries = {each.name: each for each in plan_tree(specs, used, key=key)} if own else {}
    bound = Bound(make_key(key), checked)
    by_name = {name: entries[alias] for name, alias in aliases.items()}
    for other, models in MODELS.items():
        again = model if other == bound else None
        models[:] = [each for each in models if each.model() not in (None, again)]
    MODELS.setdefault(bound, []).append(_Model(model, by_name))
    return bound


class _Found(NamedTuple):
    """A parameter in a model: the module that has it, its attribute there, and its name."""

    name: str
    tensor: Any
    module: Any
    attribute: str


class _Model:
    """A model that was bound, and what its parameters are to be, by all of their names."""

    def __init__(self, model: Any, entries: dict[str, Entry]) -> None:
        self.model = weakref.ref(model)
        self.entries = entries
        self.known: dict[int, tuple[Any, str]] = {}
        self.replaced: dict[int, tuple[Any, Any]] = {}

    def fill_tensor(self, tensor: Any) -> bool:
        """Whether the model has a tensor, which is then filled."""
        name = self._name(tensor)
        if name is None:
            self.known = {
                id(each.tensor): (weakref.ref(each.tensor), each.name)
                for each in reversed(_found(self.model()))
            }
            name = self._name(tensor)
        if name is not None:
            self._fill(name, tensor)
            return True
        memory = None if tensor.is_meta else library_of(tensor).memory(tensor)
        for each in _found(self.model()) if memory is not None else ():
            same = not each.tensor.is_meta and library_of(each.tensor).memory(each.tensor) == memory
            if same and each.name in self.entries:  # `parameter.data`, or what is held of it
                self._fill(each.name, each.tensor)
                return True
        return False

    def fill_module(self, module: Any) -> bool:
        """Whether the model has a module, whose own parameters are then filled."""
        place = next((each for each in places(self.model()) if each.module is module), None)
        if place is None:
            return False
        for each in _own(place):
            if each.name in self.entries:
                self._fill(each.name, self._in_memory(each))
        return True

    def _name(self, tensor: Any) -> str | None:
        reference, name = self.known.get(id(tensor), (None, ""))
        same = reference is not None and reference() is tensor
        return name if same and name in self.entries else None

    def _fill(self, name: str, tensor: Any) -> None:
        entry = self.entries[name]
        try:
            if tuple(tensor.shape) != entry.shape and getattr(tensor, "ds_shape", None) is None:
                rule = f"must have the shape {entry.shape} that it had when the model was bound"
                raise must("parameter", rule, tuple(tensor.shape), "a DTensor, or the gathered one")
            entry.initializer.fill(tensor, key=entry.key if entry.initializer.needs_key else None)
        except (ParameterError, ParameterTypeError) as error:
            raise inside(error, f"parameter {name!r}") from None

    def _in_memory(self, found: _Found) -> Any:
        """A parameter, or, where it is on the meta device, a new one in its place, with its ties."""
        if not found.tensor.is_meta:
            return found.tensor
        old, new = self.replaced.get(id(found.tensor), (None, None))
        if old is not found.tensor:
            with torch.no_grad():
                memory = torch.empty_like(found.tensor, device=_accelerator())
            new = type(found.tensor)(memory, requires_grad=found.tensor.requires_grad)
            new.__dict__.update(found.tensor.__dict__)
            self.replaced[id(found.tensor)] = found.tensor, new
        found.module._parameters[found.attribute] = new
        return new


#: By what `bind` returned: the models that it is for.
MODELS: dict[Bound, list[_Model]] = {}


def _found(model: Any) -> list[_Found]:
    """The parameters of a model in all their places."""
    return [each for place in places(model) for each in _own(place)]


def _own(place: Any) -> list[_Found]:
    """Those of one module."""
    renamed = own_names(place.module)
    return [
        _Found(
            ".".join(part for part in (place.name, renamed.get(attribute, attribute)) if part),
            tensor,
            place.module,
            attribute,
        )
        for attribute, tensor in place.module._parameters.items()
        if tensor is not None
    ]


def _accelerator() -> Any:
    kind = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return (
        torch.device("cpu")
        if kind is None
        else torch.device(kind.type, torch.accelerator.current_device_index())
    )
