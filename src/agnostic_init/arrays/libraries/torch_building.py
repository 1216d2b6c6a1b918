"""torch: whether a module is being built whose parameters have no memory yet."""

from __future__ import annotations

from contextvars import ContextVar

from agnostic_init.arrays.refusals import Refusal

__all__ = ["BUILDING", "UNFINISHED"]

#: Whether this context is in a factory of ``ai.torch.build``, or in a block of `empty_parameters`.
BUILDING: ContextVar[bool] = ContextVar("building a module of torch", default=False)

UNFINISHED = Refusal(
    "has no memory before the factory of ai.torch.build, or the block of empty_parameters, has ended",
    "to fill what they return, or rules= of build",
)
