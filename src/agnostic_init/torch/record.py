"""What was recorded of the tensors of a module, from the time when it was built."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch

from agnostic_init.models.torch_names import named_tensors, places
from agnostic_init.torch import geometry
from agnostic_init.torch.held import View
from agnostic_init.torch.recorder import Recorder
from agnostic_init.torch.states import COMPUTED, UNWRITTEN, Constant, State
from agnostic_init.torch.tensors import plain

__all__ = ["Item", "Record", "forget", "items_of", "keep"]

#: What a module of torch has for itself.
TORCHS = frozenset(vars(torch.nn.Module()))
SIMPLE = frozenset((bool, int, float, str, type(None)))
CONTAINERS = (list, tuple, dict)


class Record(NamedTuple):
    """What was recorded of one tensor.

    Attributes
    ----------
    view
        Where it lay.
    state
        What was in it.
    recorder
        Where all else is written down.
    """

    view: View
    state: State
    recorder: Recorder


class Item(NamedTuple):
    """A tensor of a module, by its canonical name.

    Attributes
    ----------
    name, tensor, module, attribute
        See `named_tensors`; an attribute that is no buffer is listed too if draws are in it.
    kind
        "parameter", "buffer" or "attribute".
    record
        None where nothing was recorded.
    """

    name: str
    tensor: Any
    module: Any
    attribute: str
    kind: str
    record: Record | None

    @property
    def wanting(self) -> bool:
        """Whether it has no values yet, or such as stood in for others."""
        if getattr(self.tensor, "is_meta", False):
            return True
        return self.record is not None and self.record.view.held.bare is None


_records: weakref.WeakKeyDictionary[Any, dict[str, Record]] = weakref.WeakKeyDictionary()


def keep(modules: Iterable[Any], recorder: Recorder) -> None:
    """Keep what was recorded of modules, and of those in them."""
    for outer in modules:
        for module in outer.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    _take_unwritten(parameter, recorder)
            found = {}
            for attribute, tensor in _tensors(module):
                record = _record(tensor, recorder)
                if record is not None:
                    found[attribute] = record
            if found:
                _records[module] = _records.get(module, {}) | found


def forget(model: Any) -> None:
    """Drop what was recorded of a module that has its values, and what that held on to."""
    for module in model.modules():
        _records.pop(module, None)


def items_of(model: Any) -> list[Item]:
    """The parameters of a module, each once, and its other tensors that wait for values."""
    parameters = {id(each) for each in model.parameters()}
    found = []
    for name, tensor, module, attribute in named_tensors(model, buffers=True):
        kind = "parameter" if id(tensor) in parameters else "buffer"
        record = _records.get(module, {}).get(attribute)
        if kind == "parameter" or record is not None or tensor.is_meta:
            found.append(Item(name, tensor, module, attribute, kind, record))
    seen = {id(item.tensor) for item in found}
    for place in places(model):
        records = _records.get(place.module, {})
        held = dict(_attributes(place.module)) if records else {}
        for attribute, record in records.items():
            tensor = held.get(attribute)
            if tensor is not None and id(tensor) not in seen:
                seen.add(id(tensor))
                name = f"{place.name}.{attribute}".lstrip(".")
                found.append(Item(name, tensor, place.module, attribute, "attribute", record))
    return found


def _take_unwritten(parameter: Any, recorder: Recorder) -> None:
    """Know of memory that no hook has seen and nothing has written, as that of `to_empty`."""
    if torch.nn.parameter.is_lazy(parameter) or parameter.is_meta or not plain(parameter):
        return
    held = recorder.memory.of(parameter)
    if held is None or held.state != UNWRITTEN or parameter.is_inference() or parameter._version:
        return
    recorder.adopt(parameter)


def _tensors(module: Any) -> list[tuple[str, Any]]:
    held = [*module._parameters.items(), *module._buffers.items()]
    return [*_attributes(module), *(pair for pair in held if pair[1] is not None)]


def _attributes(module: Any) -> Iterator[tuple[str, Any]]:
    """Tensors that a module has as plain attributes, or in lists and dictionaries there."""
    for name, value in vars(module).items():
        if name in TORCHS or type(value) in SIMPLE:
            continue
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, CONTAINERS):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for place, each in pairs:
                if isinstance(each, torch.Tensor):
                    yield f"{name}.{place}", each


def _record(tensor: Any, recorder: Recorder) -> Record | None:
    if torch.nn.parameter.is_lazy(tensor) or not plain(tensor):
        return None
    held = recorder.memory.of(tensor)
    if held is None or not held.followed:
        return None
    view = geometry.of(tensor)
    state = recorder.memory.state_of(tensor)
    if state == COMPUTED and isinstance(held.state, Constant):
        state = held.state  # which every part of it shares
    return Record(View(held, view), state, recorder)
