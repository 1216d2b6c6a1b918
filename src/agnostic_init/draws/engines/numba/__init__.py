"""Compiled kernels for host memory. Importing this loads neither numba nor compiled code."""

from __future__ import annotations

from agnostic_init.draws.engines.numba.engine import fill, fill_from_words, load, ready, supports

__all__ = ["fill", "fill_from_words", "load", "ready", "supports"]
