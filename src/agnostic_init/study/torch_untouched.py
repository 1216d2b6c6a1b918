"""A module that runs, and is the same afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["untouched"]


@contextmanager
def untouched(model: Any, problems: list[str]) -> Iterator[None]:
    """Whatever runs inside leaves buffers, gradients, mode and random numbers alone.

    Running statistics are the usual case of what a forward pass writes. Parameters are not copied,
    as they may fill half of the memory; one that the module writes is named among the problems.
    """
    buffers = [
        (module, name, each, each.detach().clone())
        for module in model.modules()
        for name, each in module.named_buffers(recurse=False)
    ]
    parameters = [(name, each, each._version, each.grad) for name, each in model.named_parameters()]
    modes = {module: module.training for module in model.modules()}
    on_gpus = [each for each in (*model.buffers(), *model.parameters()) if each.is_cuda]
    devices = sorted({each.get_device() for each in on_gpus})
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for module, name, each, before in buffers:
                setattr(module, name, each)
                # By value: batch norms of the CPU write without counting it.
                if not torch.equal(each, before):
                    each.copy_(before)
        for name, parameter, version, grad in parameters:
            parameter.grad = grad
            if parameter._version != version:
                problems.append(f"the module wrote its parameter {name} while it ran; that stays")
