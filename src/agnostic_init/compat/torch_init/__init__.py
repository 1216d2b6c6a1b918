"""The names of ``torch.nn.init``: change the import and keep the code.

>>> from agnostic_init.compat import torch_init as init

Every function has torch's signature, defaults, checks and warnings, writes its tensor in place
without a trace in autograd, and returns it. It takes tensors and parameters of torch, and writable
arrays of NumPy, CuPy and any other library that `agnostic_init` knows.

`generator` is a `torch.Generator`, which is advanced, or anything else that `agnostic_init.key`
takes. None is torch's default generator, of the tensor's device, so that `torch.manual_seed`
governs; for arrays of other libraries it is that of torch's CPU, and where torch is not installed
a generator must be given. Of the generator only a key of 64 bits is drawn: the values are those of
`agnostic_init` for that key, on every device.

Examples
--------
>>> import numpy as np
>>> w = np.empty((2, 3), np.float32)
>>> init.kaiming_uniform_(w, nonlinearity="relu", generator=np.random.default_rng(0)) is w
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agnostic_init.compat.torch_init.elementwise import (
    constant_,
    normal_,
    ones_,
    trunc_normal_,
    uniform_,
    zeros_,
)
from agnostic_init.compat.torch_init.patch import patch, skip_init
from agnostic_init.compat.torch_init.scaled import (
    _calculate_correct_fan as _calculate_correct_fan,
)
from agnostic_init.compat.torch_init.scaled import (
    _calculate_fan_in_and_fan_out as _calculate_fan_in_and_fan_out,
)
from agnostic_init.compat.torch_init.scaled import (
    calculate_gain,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)

if TYPE_CHECKING:
    from agnostic_init.compat.torch_init.deprecated import (
        constant,
        dirac,
        eye,
        kaiming_normal,
        kaiming_uniform,
        normal,
        orthogonal,
        sparse,
        uniform,
        xavier_normal,
        xavier_uniform,
    )
    from agnostic_init.compat.torch_init.structured import dirac_, eye_, orthogonal_, sparse_

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "patch",
    "skip_init",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

STRUCTURED = ("dirac_", "eye_", "orthogonal_", "sparse_")


def __getattr__(name: str) -> Any:
    """What most models do without, as matrices that are made by others."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    home = "structured" if name in STRUCTURED else "deprecated"
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
