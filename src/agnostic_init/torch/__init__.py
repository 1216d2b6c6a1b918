"""Modules of torch: built, recorded and filled by the names of their parameters.

`build` builds anybody's module with its authors' distributions and this package's bits;
`empty_parameters` and `materialize` are its two halves, and `plan` says what becomes of each
parameter. `init_module` initializes a module that exists by the types of its layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agnostic_init.torch.build import build, empty_parameters, materialize, plan
from agnostic_init.torch.plan import Plan, Row

if TYPE_CHECKING:
    from agnostic_init.torch.initialize import init_module

__all__ = ["Plan", "Row", "build", "empty_parameters", "init_module", "materialize", "plan"]


def __getattr__(name: str) -> Any:
    if name != "init_module":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    # With the conventions of many libraries, which building does without.
    from agnostic_init.torch.initialize import init_module as found

    return globals().setdefault(name, found)


def __dir__() -> list[str]:
    return sorted(__all__)
