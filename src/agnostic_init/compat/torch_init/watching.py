"""Whether something drew from torch's default generators that was to draw from a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from agnostic_init.arrays.libraries.torch_tracing import followed
from agnostic_init.compat.torch_init.refusing import line, warn

__all__ = ["EscapedError", "Watch", "warn_of_ranks", "watching"]


BEGINNING = 32  # bytes of a generator's state, of which a draw changes some

RANKS = (
    "patch(key=...) numbers the draws of each rank, so that ranks that build the same model get the "
    "same weights, and so do layers that are built at the same place of different models: where "
    "ranks build different parts, try patch(key.fold_in(rank)), or keys by name"
)


class EscapedError(RuntimeError):
    """In a block with a key, something drew from torch's default generator."""


class Watch:
    """The default generators of torch's devices, as they were when a block began."""

    def __init__(self) -> None:
        self._states = _states()
        self._begun = {device: state[:BEGINNING] for device, state in self._states.items()}
        self.place = ""

    def look(self, function: Callable[..., Any]) -> None:
        """Note where a generator has moved first, as far as the beginning of its state tells."""
        name = getattr(function, "__name__", "")
        if self.place or name == "__get__" or followed():  # of an attribute, as most calls are
            return
        for device, generator in _generators():
            state = generator.get_state().numpy()[:BEGINNING].tobytes()
            if state == self._begun.setdefault(device, state):
                continue
            if _just_seeded(device, _state(generator)):
                self._begun[device] = state
            else:
                self.place = f"`{name}`{line()}"

    def moved(self) -> list[str]:
        """The devices whose generators have drawn; one that was seeded and no more has not."""
        return [
            device
            for device, state in _states().items()
            if state != self._states.get(device, state) and not _just_seeded(device, state)
        ]


@contextmanager
def watching(*, strict: bool) -> Iterator[Watch]:
    """Raise or warn at the end of a block if a default generator of torch moved in it."""
    watch = Watch()
    yield watch
    moved = watch.moved()
    if not moved:
        return
    text = (
        f"torch's default generator of {' and '.join(moved)} has moved in patch(key=...): something "
        "drew that was not seen to, and its values are not those of the key. It was noticed after "
        f"{watch.place or 'the last call of torch'}. If it was another thread, or these values do "
        "not matter, try patch(key, strict=False), which warns"
    )
    if strict:
        raise EscapedError(text)
    warn(text)


def warn_of_ranks() -> None:
    """Warn where several processes draw the same numbers in the order of their calls."""
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return
    if distributed.get_world_size() > 1:
        warn(RANKS)


def _generators() -> list[tuple[str, torch.Generator]]:
    """Torch's default generators that exist, by device."""
    found = [("cpu", torch.default_generator)]
    if torch.cuda.is_initialized():
        found += [(f"cuda:{n}", each) for n, each in enumerate(torch.cuda.default_generators)]
    return found


def _state(generator: torch.Generator) -> bytes:
    with _disable_current_modes():
        state: bytes = generator.get_state().numpy().tobytes()
    return state


def _states() -> dict[str, bytes]:
    return {device: _state(generator) for device, generator in _generators()}


def _just_seeded(device: str, state: bytes) -> bool:
    """Whether the state is that of the generator's seed, from which nothing was drawn."""
    seed = dict(_generators())[device].initial_seed()
    return _state(torch.Generator(device).manual_seed(seed)) == state
