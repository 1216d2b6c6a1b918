"""Modules of torch: built, recorded and filled by the names of their parameters.

`build` builds anybody's module with its authors' distributions and this package's bits;
`empty_parameters` and `materialize` are its two halves, and `plan` says what becomes of each
parameter. `as_plan` and `plan_of_config` make plans that `checkpoint.write` writes. `init_module`
initializes a module that exists by the types of its layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agnostic_init.torch.build import build, empty_parameters, materialize, plan
from agnostic_init.torch.plan import Plan, Row

if TYPE_CHECKING:
    from agnostic_init.torch.initialize import init_module
    from agnostic_init.torch.planned import as_plan
    from agnostic_init.torch.transformers_config import plan_of_config

__all__ = [
    "Plan",
    "Row",
    "as_plan",
    "build",
    "empty_parameters",
    "init_module",
    "materialize",
    "plan",
    "plan_of_config",
]

#: What building does without, as the conventions of many libraries, and checkpoints.
LATER = {
    "as_plan": "planned",
    "init_module": "initialize",
    "plan_of_config": "transformers_config",
}


def __getattr__(name: str) -> Any:
    if name not in LATER:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    found = getattr(import_module(f"agnostic_init.torch.{LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
