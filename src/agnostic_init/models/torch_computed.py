"""torch: tensors that are computed of others, by a parametrization or by an older hook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from agnostic_init.arrays.errors import must, within
from agnostic_init.bits.key import Key
from agnostic_init.models.torch_names import Place, named_tensors, places
from agnostic_init.models.torch_spectral import find_again
from agnostic_init.models.torch_wrappers import PRUNING, SPECTRAL_NORM, WEIGHT_NORM, kinds

__all__ = ["Computed", "Hooked", "Parametrized", "computed_tensors"]

SPECTRAL = "torch.nn.utils.parametrizations._SpectralNorm"
#: Of parametrizations, the buffers that are computed of the tensor.
FOLLOWING = {
    SPECTRAL: ("_u", "_v"),
    "torch.nn.utils.parametrizations._Orthogonal": ("base",),
}
ORIGINALS = (
    "fill_tree(dict(model.named_parameters()), ..., module=model), which fills the originals"
)


class Computed:
    """A tensor that is computed of others.

    Attributes
    ----------
    name
        Its canonical name.
    module, attribute
        Of which module it is, and what it is called there.
    originals
        The canonical names of the tensors that it replaces among those to be filled: where it is
        one of them, there are none.
    """

    def __init__(self, name: str, module: Any, attribute: str, originals: tuple[str, ...]) -> None:
        self.name = name
        self.module = module
        self.attribute = attribute
        self.originals = originals

    @property
    def follows(self) -> tuple[str, ...]:
        """The names of buffers that are computed of it."""
        return ()

    def prepared(self) -> Any:
        """A new tensor like it, after an error if its originals cannot be computed of it."""
        raise NotImplementedError

    def finish(self, value: Any, key: Key) -> None:
        """Write the originals of a value, and what else depends on it; the key is that of all."""
        raise NotImplementedError


class Parametrized(Computed):
    """By ``torch.nn.utils.parametrize``."""

    @property
    def steps(self) -> Any:
        """The list of parametrizations."""
        return self.module.parametrizations[self.attribute]

    @property
    def follows(self) -> tuple[str, ...]:
        return tuple(
            f"{self.name}.{number}.{buffer}"
            for number, step in enumerate(self.steps)
            for kind in kinds(step) & FOLLOWING.keys()
            for buffer in FOLLOWING[kind]
        )

    def prepared(self) -> Any:
        with within(f"parameter {self.name!r}"), torch.no_grad(), _undisturbed(self.steps):
            for step in self.steps:
                if not hasattr(step, "right_inverse"):
                    rule = "must be parametrized by what has a `right_inverse`"
                    raise must("arrays", rule, type(step), ORIGINALS)
            try:
                value = self.steps()
                self._inverted(value.clone())
            except Exception as error:  # noqa: BLE001 - of any kind, as the class is anybody's
                rule = f"must be parametrized by what can be inverted ({error})"
                raise must("arrays", rule, [type(each) for each in self.steps], ORIGINALS) from None
            return torch.empty_like(value)

    def finish(self, value: Any, key: Key) -> None:
        with torch.no_grad(), _seeded(key.fold_in(f"{self.name}.right_inverse"), value):
            for original, part in zip(self._tensors(), self._inverted(value), strict=True):
                original.copy_(part)
        with torch.no_grad(), _not_training(self.steps):
            made = self._tensors()
            for step in self.steps:
                if SPECTRAL in kinds(step) and made[0].ndim > 1:
                    matrix = step._reshape_weight_to_matrix(made[0])
                    find_again(matrix, step._u, step._v, key.fold_in(f"{self.name}._v"))
                made = [step(*made)]

    def _inverted(self, value: Any) -> list[Any]:
        for step in reversed(self.steps):
            value = step.right_inverse(value)
        return [value] if self.steps.is_tensor else list(value)

    def _tensors(self) -> list[Any]:
        steps = self.steps
        if steps.is_tensor:
            return [steps.original]
        return [getattr(steps, f"original{n}") for n in range(steps.ntensors)]


class Hooked(Computed):
    """By a hook before each call, as the older normalizations and pruning have."""

    def __init__(self, name: str, module: Any, attribute: str, hook: Any, kind: str) -> None:
        halved = kind == WEIGHT_NORM
        originals = (f"{name}.original0", name) if halved else ()
        super().__init__(name, module, attribute, originals)
        self.hook = hook
        self.kind = kind

    @property
    def follows(self) -> tuple[str, ...]:
        spectral = self.kind == SPECTRAL_NORM
        return (f"{self.name}_u", f"{self.name}_v") if spectral else ()

    def prepared(self) -> Any:
        return torch.empty_like(getattr(self.module, f"{self.attribute}_v"))

    def finish(self, value: Any, key: Key) -> None:
        module, attribute = self.module, self.attribute
        with torch.no_grad():
            if self.kind == WEIGHT_NORM:
                sizes = torch.norm_except_dim(value, 2, self.hook.dim)
                getattr(module, f"{attribute}_g").copy_(sizes)
                getattr(module, f"{attribute}_v").copy_(value)
                made = self.hook.compute_weight(module)
            elif self.kind == SPECTRAL_NORM:
                matrix = self.hook.reshape_weight_to_matrix(getattr(module, f"{attribute}_orig"))
                u, v = getattr(module, f"{attribute}_u"), getattr(module, f"{attribute}_v")
                find_again(matrix, u, v, key.fold_in(f"{self.name}._v"))
                made = self.hook.compute_weight(module, do_power_iteration=False)
            else:
                made = self.hook.apply_mask(module)
            setattr(module, attribute, made)


def computed_tensors(module: Any) -> list[Computed]:
    """The computed tensors of a module, but those whose originals have their name elsewhere."""
    owned = {(id(each.module), each.attribute): each.name for each in named_tensors(module)}
    found = [each for place in places(module) for each in _of(place, owned)]
    return [each for each in found if set(each.originals) <= set(owned.values())]


def _of(place: Place, owned: dict[tuple[int, str], str]) -> Iterator[Computed]:
    module = place.module
    if torch.nn.utils.parametrize.is_parametrized(module):
        for attribute, steps in module.parametrizations.items():
            name = f"{place.name}.{attribute}" if place.name else attribute
            tensors = [each for each, _ in steps.named_parameters(recurse=False)]
            names = [owned[id(steps), each] for each in tensors if (id(steps), each) in owned]
            if names and len(names) == len(tensors):
                yield Parametrized(name, module, attribute, tuple(names))
    for hook in module._forward_pre_hooks.values():
        for kind in kinds(hook) & {WEIGHT_NORM, SPECTRAL_NORM, PRUNING}:
            attribute = hook._tensor_name if kind == PRUNING else hook.name
            name = f"{place.name}.{attribute}" if place.name else attribute
            yield Hooked(name, module, attribute, hook, kind)


@contextmanager
def _undisturbed(steps: Any) -> Iterator[None]:
    """A trial after which buffers and torch's generators are what they were."""
    kept = [(each, dict(each._buffers)) for each in steps.modules()]
    try:
        with _not_training(steps), torch.random.fork_rng(_devices(*steps.parameters())):
            yield
    finally:
        for each, buffers in kept:
            each._buffers.clear()
            each._buffers.update(buffers)


@contextmanager
def _not_training(steps: Any) -> Iterator[None]:
    """No iterations of spectral normalization, which it makes whenever it is called in training."""
    modes = {each: each.training for each in steps.modules()}
    for each in modes:
        each.training = False
    try:
        yield
    finally:
        for each, mode in modes.items():
            each.training = mode


@contextmanager
def _seeded(key: Key, value: Any) -> Iterator[None]:
    """What a right inverse draws, to complete a matrix to a square one, is of the key."""
    devices = _devices(value)
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(key.seed)
        for device in devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(key.seed)
        yield


def _devices(*tensors: Any) -> list[Any]:
    return list({each.device for each in tensors if each.device.type == "cuda"})
