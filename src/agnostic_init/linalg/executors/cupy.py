"""CuPy: the reference on the target's device, in wide panels."""

from __future__ import annotations

from typing import Any

import cupy

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.executors import generic
from agnostic_init.linalg.executors.cupy_precision import full_precision
from agnostic_init.linalg.haar import Haar

__all__ = ["make"]

MOST = 512


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    with target.device or cupy.cuda.Device(), full_precision(target.device):
        return generic.make(haar, key, target, MOST)
