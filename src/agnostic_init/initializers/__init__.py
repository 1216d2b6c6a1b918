"""(shape, key) -> array: initializers as values."""

from __future__ import annotations

from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, ones, zeros
from agnostic_init.initializers.description import Description
from agnostic_init.initializers.deterministic import bilinear, dirac, identity
from agnostic_init.initializers.lookup import get
from agnostic_init.initializers.named import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    kaiming_normal,
    kaiming_uniform,
    lecun_normal,
    lecun_uniform,
    torch_default,
    uniform_unit_scaling,
    xavier_normal,
    xavier_uniform,
)
from agnostic_init.initializers.orthogonal import orthogonal
from agnostic_init.initializers.orthogonal_convolutions import conv_orthogonal, delta_orthogonal
from agnostic_init.initializers.random import (
    normal,
    symmetric_uniform,
    truncated_normal,
    uniform,
)
from agnostic_init.initializers.repeated import icnr, looks_linear
from agnostic_init.initializers.scaling import variance_scaling
from agnostic_init.initializers.sparse import sparse

__all__ = [
    "Description",
    "Initializer",
    "bilinear",
    "constant",
    "conv_orthogonal",
    "delta_orthogonal",
    "dirac",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "icnr",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
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
