"""CuPy: the reference on the target's device, in wide panels."""

from __future__ import annotations

from typing import Any

import cupy

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg import source
from agnostic_init.linalg.assemble import assemble
from agnostic_init.linalg.executors import generic
from agnostic_init.linalg.executors.cupy_precision import full_precision
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.panels import width_of_panels

__all__ = ["make", "of_normals"]

MOST = 512


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    with target.device or cupy.cuda.Device(), full_precision(target.device):
        return generic.make(haar, key, target, MOST)


def of_normals(haar: Haar, normals: Any, library: Any) -> Any:
    """New matrices of all their normals."""
    xp = library.xp
    with normals.device, full_precision(normals.device):
        width = width_of_panels(haar.short, MOST)
        tall = assemble(xp, haar, source.of_normals(normals), width)
        return xp.matrix_transpose(tall) if haar.wide else tall
