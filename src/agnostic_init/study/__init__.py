"""Which initializer? What each does to a network before it trains, and while it does.

What is measured here stands beside what theory says, and is told in words, tables and pictures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnostic_init.study.nonlinearity import Nonlinearity
    from agnostic_init.study.pictures import (
        Findings,
        Histogram,
        Histograms,
        Lines,
        Page,
        Series,
        Table,
    )
    from agnostic_init.study.plots.saving import page_of, save
    from agnostic_init.study.plots.terminal import as_text
    from agnostic_init.study.propagation import signal
    from agnostic_init.study.records import Layer, Signal
    from agnostic_init.study.stack import Stack
    from agnostic_init.study.theory import Phase, critical_line, edge_of_chaos, phase
    from agnostic_init.study.training.averages import exponentially_weighted_averages
    from agnostic_init.study.training.comparing import train
    from agnostic_init.study.training.comparison import Comparison, Pair
    from agnostic_init.study.training.data import Data, data_of
    from agnostic_init.study.training.datasets import dataset
    from agnostic_init.study.training.dense import Dense
    from agnostic_init.study.training.dense_training import Training
    from agnostic_init.study.training.difference import Difference, difference, seeds_needed
    from agnostic_init.study.training.digits_sklearn import digits
    from agnostic_init.study.training.generated import clusters, regression, spirals
    from agnostic_init.study.training.losses import loss_of
    from agnostic_init.study.training.optimizers import (
        SGD,
        AdaGrad,
        Adam,
        Momentum,
        Optimizer,
        RMSProp,
    )
    from agnostic_init.study.training.torch_modules import train_module
    from agnostic_init.study.training.torch_training import ModuleTraining

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "Comparison",
    "Data",
    "Dense",
    "Difference",
    "Findings",
    "Histogram",
    "Histograms",
    "Layer",
    "Lines",
    "ModuleTraining",
    "Momentum",
    "Nonlinearity",
    "Optimizer",
    "Page",
    "Pair",
    "Phase",
    "RMSProp",
    "Series",
    "Signal",
    "Stack",
    "Table",
    "Training",
    "as_text",
    "clusters",
    "critical_line",
    "data_of",
    "dataset",
    "difference",
    "digits",
    "edge_of_chaos",
    "exponentially_weighted_averages",
    "loss_of",
    "page_of",
    "phase",
    "regression",
    "save",
    "seeds_needed",
    "signal",
    "spirals",
    "train",
    "train_module",
]

# Where a name is from: it is imported when it is first used. No module has the name of a function.
_HOMES = {
    "nonlinearity": ("Nonlinearity",),
    "pictures": ("Findings", "Histogram", "Histograms", "Lines", "Page", "Series", "Table"),
    "plots.saving": ("page_of", "save"),
    "plots.terminal": ("as_text",),
    "propagation": ("signal",),
    "records": ("Layer", "Signal"),
    "stack": ("Stack",),
    "theory": ("Phase", "critical_line", "edge_of_chaos", "phase"),
    "training.averages": ("exponentially_weighted_averages",),
    "training.comparing": ("train",),
    "training.comparison": ("Comparison", "Pair"),
    "training.data": ("Data", "data_of"),
    "training.datasets": ("dataset",),
    "training.dense": ("Dense",),
    "training.dense_training": ("Training",),
    "training.difference": ("Difference", "difference", "seeds_needed"),
    "training.digits_sklearn": ("digits",),
    "training.generated": ("clusters", "regression", "spirals"),
    "training.losses": ("loss_of",),
    "training.optimizers": ("SGD", "AdaGrad", "Adam", "Momentum", "Optimizer", "RMSProp"),
    "training.torch_modules": ("train_module",),
    "training.torch_training": ("ModuleTraining",),
}


def __getattr__(name: str) -> Any:
    home = next((home for home, own in _HOMES.items() if name in own), None)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        module = importlib.import_module(f"agnostic_init.study.{home}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from agnostic_init.arrays.missing import stand_in

        return stand_in(f"agnostic_init.study.{name}", "torch", folder=False)
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted(__all__)
