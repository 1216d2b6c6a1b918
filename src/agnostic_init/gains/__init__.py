"""An activation function -> the gain that keeps a signal at unit size through it."""

from __future__ import annotations

from agnostic_init.gains.gain import gain

__all__ = ["gain"]
