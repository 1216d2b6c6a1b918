"""One seed, one set of weights, on every array library, every device and every shard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agnostic_init.version import __version__ as __version__

if TYPE_CHECKING:
    from agnostic_init import checkpoint as checkpoint
    from agnostic_init import compat as compat
    from agnostic_init import draws as draws
    from agnostic_init.arrays.errors import (
        AmbiguousLayoutError,
        MissingExtraError,
        ParameterError,
        ParameterTypeError,
    )
    from agnostic_init.bits import Key, key
    from agnostic_init.gains import gain
    from agnostic_init.initializers import (
        Description,
        Initializer,
        bilinear,
        constant,
        conv_orthogonal,
        delta_orthogonal,
        dirac,
        get,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        icnr,
        identity,
        kaiming_normal,
        kaiming_uniform,
        lecun_normal,
        lecun_uniform,
        looks_linear,
        normal,
        ones,
        orthogonal,
        sparse,
        symmetric_uniform,
        torch_default,
        truncated_normal,
        uniform,
        uniform_unit_scaling,
        variance_scaling,
        xavier_normal,
        xavier_uniform,
        zeros,
    )
    from agnostic_init.installation import Installation, info
    from agnostic_init.layouts import fans
    from agnostic_init.models import Entry, Plan, Rule, Spec, fill_tree, init_tree

__all__ = [
    "AmbiguousLayoutError",
    "Description",
    "Entry",
    "Initializer",
    "Installation",
    "Key",
    "MissingExtraError",
    "ParameterError",
    "ParameterTypeError",
    "Plan",
    "Rule",
    "Spec",
    "__version__",
    "bilinear",
    "checkpoint",
    "compat",
    "constant",
    "conv_orthogonal",
    "delta_orthogonal",
    "dirac",
    "draws",
    "fans",
    "fill_tree",
    "gain",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "icnr",
    "identity",
    "info",
    "init_tree",
    "kaiming_normal",
    "kaiming_uniform",
    "key",
    "lecun_normal",
    "lecun_uniform",
    "looks_linear",
    "normal",
    "ones",
    "orthogonal",
    "sparse",
    "symmetric_uniform",
    "torch_default",
    "truncated_normal",
    "uniform",
    "uniform_unit_scaling",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

# A name is imported from the first of these that lists it, when it is first used, so that importing
# the package costs next to nothing.
_HOMES = ("arrays.errors", "bits", "layouts", "gains", "initializers", "models", "installation")
_FOLDERS = ("checkpoint", "compat", "draws")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name in _FOLDERS:
        return importlib.import_module(f"agnostic_init.{name}")
    for home in _HOMES:
        module = importlib.import_module(f"agnostic_init.{home}")
        if name in module.__all__:
            globals()[name] = getattr(module, name)
            break
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
