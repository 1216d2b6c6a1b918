"""Which initializer? What each does to a network before it trains, and while it does.

What is measured here stands beside what theory says, and is told in words, tables and pictures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnostic_init.study.nonlinearity import Nonlinearity
    from agnostic_init.study.pictures import Histogram, Histograms, Lines, Series
    from agnostic_init.study.propagation import signal
    from agnostic_init.study.records import Layer, Signal
    from agnostic_init.study.stack import Stack
    from agnostic_init.study.theory import Phase, critical_line, edge_of_chaos, phase

__all__ = [
    "Histogram",
    "Histograms",
    "Layer",
    "Lines",
    "Nonlinearity",
    "Phase",
    "Series",
    "Signal",
    "Stack",
    "critical_line",
    "edge_of_chaos",
    "phase",
    "signal",
]

# Where a name is from: it is imported when it is first used. No module has the name of a function.
_HOMES = {
    "nonlinearity": ("Nonlinearity",),
    "pictures": ("Histogram", "Histograms", "Lines", "Series"),
    "propagation": ("signal",),
    "records": ("Layer", "Signal"),
    "stack": ("Stack",),
    "theory": ("Phase", "critical_line", "edge_of_chaos", "phase"),
}


def __getattr__(name: str) -> Any:
    home = next((home for home, own in _HOMES.items() if name in own), None)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(f"agnostic_init.study.{home}")
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted(__all__)
