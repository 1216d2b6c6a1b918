"""The state of torch's generators while a run is trained."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.bits.key import Key

__all__ = ["Draws"]


class Draws:
    """torch's generators while a run is trained: of its key, and afterwards as they were before."""

    def __init__(self, model: Any, key: Key) -> None:
        found = {each.device for each in model.parameters() if each.device.type == "cuda"}
        self.devices = sorted(each.index for each in found)
        self.seed: int | None = key.fold_in("torch").seed
        self.states: list[Any] = []

    def __enter__(self) -> None:
        self.fork = torch.random.fork_rng(devices=self.devices)
        self.fork.__enter__()
        if self.seed is not None:
            torch.manual_seed(self.seed)
            self.seed = None
            return
        own, *others = self.states
        torch.set_rng_state(own)
        for device, state in zip(self.devices, others, strict=True):
            torch.cuda.set_rng_state(state, device)

    def __exit__(self, *error: object) -> None:
        self.states = [torch.get_rng_state()]
        self.states += [torch.cuda.get_rng_state(device) for device in self.devices]
        self.fork.__exit__(*error)
