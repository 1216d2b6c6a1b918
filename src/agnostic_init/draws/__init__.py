"""Words -> floats: the random numbers themselves, by the definitions of stream v1."""

from __future__ import annotations

from agnostic_init.draws.functions import bits, normal, truncated_normal, uniform

__all__ = ["bits", "normal", "truncated_normal", "uniform"]
