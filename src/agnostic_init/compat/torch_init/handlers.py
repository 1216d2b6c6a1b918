"""What `patch` and `skip_init` do with the calls of their blocks."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.compat.torch_init import elementwise, structured
from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.keyed import drawn_by_torch
from agnostic_init.compat.torch_init.mode import Handler
from agnostic_init.compat.torch_init.writing import write

__all__ = ["Patched", "Skipped"]


class Patched(Handler):
    """Draws with keys, or with torch's default generator."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers

    def draw(self, call: Call) -> Any:
        """Draw what a call means."""
        init = call.initializer
        if not call.random:
            return call.original() if torch.is_tensor(call.tensor) else _ours(call)
        if init is None:
            return call.tensor if call.of_init else self._by_torch(call)
        if call.make is not None:
            return call.after(write(init, call.make(), call.generator))
        if not call.of_init and getattr(call.tensor, "grad_fn", None) is not None:
            with torch.no_grad():
                values = write(init, torch.empty_like(call.tensor), call.generator)
            return call.tensor.copy_(values)
        return write(init, call.tensor, call.generator)

    def _by_torch(self, call: Call) -> Any:
        if self.numbers is None or call.generator is not None:
            return call.original()
        result, drew = drawn_by_torch(call, self.numbers.peek())
        if drew:
            self.numbers()
        return result


class Skipped(Handler):
    """Leaves parameters as they are, and whatever ``torch.nn.init`` is given."""

    def draw(self, call: Call) -> Any:
        """Return what the call would have written, unwritten."""
        return call.tensor if call.of_init else call.original()


def _ours(call: Call) -> Any:
    face = getattr(elementwise, call.name, None) or getattr(structured, call.name)
    return face(*call.args, **call.kwargs)
