"""Modules of torch: built, recorded and filled by the names of their parameters.

`build` builds anybody's module with its authors' distributions and this package's bits;
`empty_parameters` and `materialize` are its two halves, and `plan` says what becomes of each
parameter. `init_module` initializes a module that exists by the types of its layers.
"""

from __future__ import annotations

from agnostic_init.torch.build import build, empty_parameters, materialize, plan
from agnostic_init.torch.init_module import init_module
from agnostic_init.torch.plan import Plan, Row

__all__ = ["Plan", "Row", "build", "empty_parameters", "init_module", "materialize", "plan"]
