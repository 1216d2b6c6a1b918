"""Torch's own draws under a key: what has no initializer, and is reproduced all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from agnostic_init.arrays.libraries.torch_tracing import default_device, is_faking
from agnostic_init.bits.key import Key
from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.keys import mapped
from agnostic_init.compat.torch_init.members import check_random
from agnostic_init.compat.torch_init.own_draws import WITH_GENERATOR
from agnostic_init.compat.torch_init.writing import has_values

__all__ = ["drawn_by_torch"]


PLAIN = (torch.Tensor, torch.nn.Parameter)


def drawn_by_torch(call: Call, key: Key) -> tuple[Any, bool]:
    """What a function of torch gives when its generator is seeded with a key, and whether it drew.

    One that takes a generator draws on the CPU, and the values are then moved: they are the same on
    every device. Of the others the default generators are seeded for the call, and put back.
    """
    tensors = [each for each in (*call.args, *call.kwargs.values()) if torch.is_tensor(each)]
    if (
        is_faking()
        or not all(map(has_values, tensors))
        or torch.device(_device(call)).type == "meta"
    ):
        return call.original(), False
    if mapped():
        check_random()
    elif call.name in WITH_GENERATOR and all(type(each) in PLAIN for each in tensors):
        generator = torch.Generator().manual_seed(key.seed)
        return _with_generator(call, generator), True
    with _seeded(key.seed, tensors) as moved:
        result = call.original()
    return result, moved()


def _device(call: Call) -> Any:
    device = call.kwargs.get("device")
    return default_device() if device is None else device


def _with_generator(call: Call, generator: torch.Generator) -> Any:
    args = [_on_cpu(each) for each in call.args]
    kwargs = {name: _on_cpu(each) for name, each in call.kwargs.items()}
    kwargs["generator"] = generator
    if call.tensor is not None:
        args[0] = torch.empty(call.tensor.shape, dtype=call.tensor.dtype, device="cpu")
        with torch.no_grad():
            return call.tensor.copy_(call.function(*args, **kwargs))
    out = kwargs.pop("out", None)
    given = [each for each in call.args if torch.is_tensor(each)]
    device = given[0].device if given else _device(call)
    if not given:
        kwargs["device"] = "cpu"
    made = call.function(*args, **kwargs)
    if out is not None:
        target = call.kwargs["out"]
        return target.resize_(made.shape).copy_(made)
    return made.to(device)


def _on_cpu(value: Any) -> Any:
    return value.detach().cpu() if torch.is_tensor(value) else value


@contextmanager
def _seeded(seed: int, tensors: list[Any]) -> Iterator[Any]:
    """Seed the default generators of the CPU and of the tensors' devices, and put them back."""
    indices = {each.device.index for each in tensors if each.device.type == "cuda"}
    ours = [torch.cuda.default_generators[index] for index in sorted(indices)]
    generators = [torch.default_generator, *ours]
    before = [generator.get_state() for generator in generators]
    moved: list[bool] = []
    try:
        for generator in generators:
            generator.manual_seed(seed)
        seeded = [generator.get_state() for generator in generators]
        yield lambda: moved[0]
        moved.append(not _equal(seeded, [generator.get_state() for generator in generators]))
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)


def _equal(some: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))
