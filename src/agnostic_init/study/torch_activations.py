"""Which of torch's modules are activations, and how many of their units are dead or flat."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.gains.activations import activation
from agnostic_init.study.measures import dead_units, flat_values
from agnostic_init.study.nonlinearity import Nonlinearity

__all__ = ["shares"]

nn = torch.nn
NAMES: dict[type, str] = {
    nn.CELU: "celu",
    nn.ELU: "elu",
    nn.GELU: "gelu",
    nn.Hardsigmoid: "hardsigmoid",
    nn.Hardswish: "hardswish",
    nn.Hardtanh: "hardtanh",
    nn.LeakyReLU: "leaky_relu",
    nn.LogSigmoid: "logsigmoid",
    nn.Mish: "mish",
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.SELU: "selu",
    nn.SiLU: "silu",
    nn.Sigmoid: "sigmoid",
    nn.Softplus: "softplus",
    nn.Softsign: "softsign",
    nn.Tanh: "tanh",
    nn.Tanhshrink: "tanhshrink",
}
#: Of activations with a parameter, its name, and torch's default where that is the only known.
WITH_PARAM = {nn.CELU: "alpha", nn.ELU: "alpha", nn.LeakyReLU: "negative_slope"}
ONLY_AS_USUAL: dict[type, dict[str, Any]] = {
    nn.Hardtanh: {"min_val": -1.0, "max_val": 1.0},
    nn.Softplus: {"beta": 1.0},
    nn.GELU: {"approximate": "none"},
}
MOST = 1 << 22  # values whose slope is computed; of more, those of the first examples


def shares(module: Any, x: Any) -> dict[str, float]:
    """The shares of dead units and of flat values of an activation's input; empty of another module."""
    kind = type(module)
    if kind not in NAMES or not x.is_floating_point() or x.ndim < 2 or x.numel() == 0:
        return {}
    name = NAMES[kind]
    if kind is nn.GELU and module.approximate == "tanh":
        name = "gelu_tanh"
    elif any(getattr(module, n) != v for n, v in ONLY_AS_USUAL.get(kind, {}).items()):
        return {}
    param = float(getattr(module, WITH_PARAM[kind])) if kind in WITH_PARAM else None
    found = activation(name, param)
    # A row of ON_ARRAYS has the usual parameter.
    called = name if param is None else f"{name}({param:g})"
    function = Nonlinearity(called, found.function, found.derivative)
    x = x.float() if x.dtype not in (torch.float32, torch.float64) else x
    examples = max(1, MOST // max(x[0].numel(), 1))
    slopes = function.slope(x[:examples])
    units = slopes.movedim(1, -1) if slopes.ndim > 3 else slopes  # of pictures, channels
    return {"dead": dead_units(units), "saturated": flat_values(slopes, function)}
