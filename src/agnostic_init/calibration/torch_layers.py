"""torch: the layers of a module whose outputs are linear in their weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from agnostic_init.arrays.errors import must, within
from agnostic_init.arrays.libraries import torch_shards
from agnostic_init.arrays.out import check_out
from agnostic_init.bits.key import Key
from agnostic_init.calibration.layer import Layer
from agnostic_init.calibration.method import Method
from agnostic_init.calibration.moments import Moments, moments_of
from agnostic_init.calibration.torch_group import Group
from agnostic_init.calibration.torch_kinds import (
    Weight,
    axes_of,
    is_linear,
    originals_of,
    weight_of,
)
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.torch_computed import computed_tensors
from agnostic_init.models.torch_names import Place, adapters, named_tensors, places
from agnostic_init.models.torch_wrappers import FSDP_1, kinds

__all__ = ["TorchLayer", "layers_of"]

GATHERED = "a call before the module is sharded"


class TorchLayer(Layer):
    """One or more modules that have one weight."""

    def __init__(self, name: str, module: Any, weight: Weight, group: Group | None) -> None:
        axis, channels, groups = axes_of(module)
        if weight.normalized:
            long = [n for n, length in enumerate(weight.tensor.shape) if length > 1]
            axis, groups = (long[0] if long else 0), 1
        super().__init__(name, type(module).__name__, axis, channels, groups)
        self.weight, self.group = weight, group
        self.modules = [module]
        self.dtype = str(weight.tensor.dtype).removeprefix("torch.")
        self.kept: list[tuple[Any, Any]] = []
        self.origin: tuple[Any, list[Any]] | None = None

    @property
    def biases(self) -> list[Any]:
        """The biases that may be changed, each once."""
        found = {id(m.bias): m.bias for m in self.modules if getattr(m, "bias", None) is not None}
        return [bias for bias in found.values() if bias.requires_grad]

    @property
    def centres(self) -> bool:
        return bool(self.biases)

    def originals(self) -> tuple[Any, list[Any]]:
        self._keep()
        assert self.origin is not None
        return self.origin

    def write(self, weight: Any, biases: list[Any]) -> None:
        with torch.no_grad():
            self.weight.tensor.copy_(weight)
            for bias, value in zip(self.biases, biases, strict=True):
                bias.copy_(value)
        torch.clear_autocast_cache()  # within which layers go on with casts of what was there

    def start(self, init: Initializer, key: Key) -> None:
        self._keep()
        own, computed = self.weight.tensor, self.weight.computed
        # Where the original has the weight's own name, the weight is drawn there.
        apart = computed is not None and computed.originals
        value = computed.prepared() if computed is not None and apart else own
        init.fill(value.data, key=key.fold_in(self.name))
        if computed is not None:
            computed.finish(value, key)
        with torch.no_grad():
            for bias in self.biases:
                bias.zero_()
        torch.clear_autocast_cache()
        self.origin = self._copies()

    def restore(self) -> None:
        with torch.no_grad():
            for tensor, value in self.kept:
                tensor.copy_(value)
        torch.clear_autocast_cache()
        self.origin = None

    def moments(self, outputs: Any) -> Moments:
        made = moments_of(outputs, self.channels).on_host()
        return made if self.group is None else self.group.together(made, outputs.device)

    def _keep(self) -> None:
        """Copies of all that may be written, made before the first time."""
        if not self.kept:
            computed = self.weight.computed
            written = [self.weight.tensor]
            if computed is not None:
                written += [each for each in originals_of(computed) if each is not written[0]]
            self.kept = [(each, each.detach().clone()) for each in (*written, *self.biases)]
        if self.origin is None:
            copies = {id(tensor): value for tensor, value in self.kept}
            self.origin = copies[id(self.weight.tensor)], [copies[id(b)] for b in self.biases]

    def _copies(self) -> tuple[Any, list[Any]]:
        return self.weight.tensor.detach().clone(), [each.detach().clone() for each in self.biases]


def layers_of(
    model: Any, method: Method, group: Group | None
) -> tuple[list[TorchLayer], list[str]]:
    """The layers of a module, and the names of matrices that none of them has.

    Layers that have one weight are one.

    Raises
    ------
    ParameterError
        If a weight is sharded, or has no values, or there are no layers.
    """
    tree = places(model)
    if any(FSDP_1 in kinds(place.module) for place in tree):
        raise must("model", "must not be sharded", "FSDP", GATHERED)
    named = named_tensors(model)
    names = {id(each.tensor): each.name for each in named}
    users = _users(tree)
    computed = {
        id(each.module): each for each in computed_tensors(model) if each.attribute == "weight"
    }
    found: dict[int, TorchLayer] = {}
    for place in tree:
        if not is_linear(place.module):
            continue
        weight = weight_of(place.module, computed.get(id(place.module)))
        if weight is None or (method.normalized and not weight.normalized):
            continue
        known = found.get(id(weight.tensor))
        if known is not None:
            known.modules.append(place.module)
            continue
        name = f"{place.name}.weight" if place.name else "weight"
        _check(name, weight.tensor)
        found[id(weight.tensor)] = TorchLayer(name, place.module, weight, group)
    apart = adapters(model)
    for layer in found.values():
        layer.left = _why_left(layer, users, names, method)
        if layer.name.startswith(apart):  # whose product is to stay zero
            layer.left = "it is part of an adapter"
    layers = list(found.values())
    if not layers:
        rule = (
            "must have layers with weight normalization"
            if method.normalized
            else ("must have linear layers or convolutions of torch.nn")
        )
        have = ", ".join(dict.fromkeys(type(place.module).__name__ for place in tree[:20]))
        raise must("model", rule, have, "method='activation'" if method.normalized else "")
    held = {id(tensor) for layer in layers for tensor in _all_of(layer)}
    others = [each.name for each in named if each.tensor.ndim > 1 and id(each.tensor) not in held]
    return layers, others


def _check(name: str, tensor: Any) -> None:
    """Raise unless a tensor has values, all of them here."""
    if nn.parameter.is_lazy(tensor):
        rule = "must have weights with shapes, which a lazy layer has after its first call"
        raise must("model", rule, name, "a call of the model before")
    if torch_shards.is_sharded(tensor):
        raise must("model", "must not be sharded", name, GATHERED)
    if tensor.is_meta:
        raise must("model", "must have values", f"{name} on the meta device", "fill_tree before")
    with within(f"parameter {name!r}"):
        check_out(tensor.data, name="model")
        if not tensor.is_floating_point() and not tensor.is_complex():
            raise must("model", "must have weights of floating-point numbers", tensor.dtype)


def _all_of(layer: TorchLayer) -> list[Any]:
    computed = layer.weight.computed
    return [layer.weight.tensor, *([] if computed is None else originals_of(computed))]


def _users(tree: list[Place]) -> dict[int, list[Any]]:
    """The modules that have each parameter."""
    users: dict[int, list[Any]] = {}
    for place in tree:
        for tensor in place.module._parameters.values():
            if tensor is not None:
                users.setdefault(id(tensor), []).append(place.module)
    return users


def _why_left(
    layer: TorchLayer, users: dict[int, list[Any]], names: dict[int, str], method: Method
) -> str:
    tensor = layer.weight.tensor
    if not tensor.requires_grad:
        return "it is frozen"
    own = {id(module) for module in layer.modules}
    owners = users.get(id(tensor), [])
    others = [each for each in owners if id(each) not in own]
    if layer.weight.computed is None and others:
        shared = names.get(id(tensor), layer.name)
        kind = type(others[0]).__name__
        return (
            f"its weight is that of a layer {kind} too, {shared}"
            if shared != layer.name
            else (f"its weight is that of a layer {kind} too")
        )
    if method.by_channel:
        biases = {id(getattr(module, "bias", None)) for module in layer.modules}
        if len(biases) > 1:
            return "its weight is that of layers with other biases"
        bias = getattr(layer.modules[0], "bias", None)
        if bias is not None and any(id(each) not in own for each in users.get(id(bias), [])):
            return "its bias is that of another layer too"
        if layer.weight.normalized and not _by_channel(layer):
            return "its weight normalization has sizes of something else than channels"
    return ""


def _by_channel(layer: TorchLayer) -> bool:
    axis, _, groups = axes_of(layer.modules[0])
    sizes = layer.weight.tensor
    return (
        groups == 1
        and all(n == 1 for at, n in enumerate(sizes.shape) if at != axis)
        and (sizes.ndim > axis)
    )
