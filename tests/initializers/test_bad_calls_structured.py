"""Bad input to the structured initializers: the call, the error, and words of its message."""

from __future__ import annotations

import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import AmbiguousLayoutError

NAN, INF = math.nan, math.inf
TORCH = {"layout": "torch"}

CALLS = {
    "phases without a key": (lambda: ai.random_phases()(2), TypeError, "`key` must be given"),
    "rows that are none": (
        lambda: ai.constant_rows("normal", "first", 1.0),
        TypeError,
        "`rows` must be an index",
    ),
    "a row that is not there": (
        lambda: ai.zero_rows("normal", 4)((4, 2), key=0),
        ValueError,
        "`rows` must be within .* of length 4",
    ),
    "a mask of halves": (
        lambda: ai.masked("normal", [1, 0.5]),
        TypeError,
        "`mask` must be truth values, or zeros and ones",
    ),
    # ranks
    "orthogonal vector": (lambda: ai.orthogonal()(3, key=0), ValueError, "`shape` must have two"),
    "orthogonal scalar": (lambda: ai.orthogonal()((), key=0), ValueError, "`shape` must have two"),
    "identity vector": (lambda: ai.identity()(3), ValueError, "`shape` must have two axes"),
    "sparse vector": (lambda: ai.sparse()(3, key=0), ValueError, "`shape` must have two axes"),
    "dirac vector": (lambda: ai.dirac()(3), ValueError, "`shape` must have 2 axes or more"),
    "layout of another rank": (
        lambda: ai.orthogonal(layout="o i")((2, 3, 4), key=0),
        ValueError,
        "`shape` must have 2 axes for layout",
    ),
    # layouts
    "orthogonal, no layout": (
        lambda: ai.orthogonal()((8, 4, 3, 3), key=0),
        AmbiguousLayoutError,
        'layout="torch": one of 8 x 36',
    ),
    "delta, no layout": (ai.delta_orthogonal, AmbiguousLayoutError, "`layout` must be given"),
    "conv, no layout": (ai.conv_orthogonal, AmbiguousLayoutError, "`layout` must be given"),
    "bilinear, no layout": (ai.bilinear, AmbiguousLayoutError, "`layout` must be given"),
    "icnr, no layout": (ai.icnr, AmbiguousLayoutError, "`layout` must be given"),
    "looks-linear, no layout": (
        lambda: ai.looks_linear(mirror="outputs")((4, 4), key=0),
        AmbiguousLayoutError,
        "which axes are mirrored",
    ),
    "layout without inputs": (
        lambda: ai.orthogonal(layout="b o"),
        ValueError,
        "`layout` must have an i axis",
    ),
    "layout without outputs": (
        lambda: ai.delta_orthogonal(layout="b i k"),
        ValueError,
        "`layout` must have an o axis",
    ),
    "stack of unknown length": (
        lambda: ai.orthogonal(layout="(b o) i"),
        ValueError,
        "must have a number for the b",
    ),
    "identity with kernel": (
        lambda: ai.identity(layout="o i k"),
        ValueError,
        "must have no kernel axes.*ai.dirac",
    ),
    "identity with kernel shape": (
        lambda: ai.identity(layout="torch")((2, 2, 3)),
        ValueError,
        "must have no kernel axes",
    ),
    # groups and divisions
    "groups do not divide": (
        lambda: ai.dirac(groups=3)((4, 2, 3)),
        ValueError,
        "divisible by 3.*check groups=3",
    ),
    "orthogonal groups": (
        lambda: ai.orthogonal(layout="torch", groups=5)((8, 4), key=0),
        ValueError,
        "divisible by 5",
    ),
    "groups without layout": (lambda: ai.orthogonal(groups=2), ValueError, "`groups` must be 1"),
    "no groups": (lambda: ai.dirac(groups=0), ValueError, "`groups` must be positive"),
    "gates do not divide": (
        lambda: ai.orthogonal(layout="(4 o) i")((30, 8), key=0),
        ValueError,
        "divisible by 4",
    ),
    "icnr factor": (
        lambda: ai.icnr("normal", 2, layout="torch")((6, 2, 3, 3), key=0),
        ValueError,
        r"must have outputs that 2\^2 = 4 divides",
    ),
    "odd outputs": (
        lambda: ai.looks_linear()((3, 4), key=0),
        ValueError,
        "must have an even number of outputs",
    ),
    "odd inputs": (
        lambda: ai.looks_linear()((4, 3), key=0),
        ValueError,
        "must have an even number of inputs",
    ),
    "special, not square": (
        lambda: ai.orthogonal(special=True)((3, 2), key=0),
        ValueError,
        "`special` must be False",
    ),
    # kernels
    "more inputs than outputs": (
        lambda: ai.delta_orthogonal(**TORCH)((4, 8, 3), key=0),
        ValueError,
        "must have as many outputs as inputs.*8 inputs and 4 outputs",
    ),
    "conv, more inputs": (
        lambda: ai.conv_orthogonal(layout="keras")((3, 3, 8, 4), key=0),
        ValueError,
        "must have as many outputs as inputs",
    ),
    "no kernel": (
        lambda: ai.delta_orthogonal(**TORCH)((4, 4), key=0),
        ValueError,
        "must have one to 3 kernel axes.*ai.orthogonal",
    ),
    "four kernel axes": (
        lambda: ai.conv_orthogonal(**TORCH)((4, 4, 2, 2, 2, 2), key=0),
        ValueError,
        "must have one to 3 kernel axes, and has 4",
    ),
    # numbers
    "NaN gain": (lambda: ai.orthogonal(NAN), ValueError, "`gain` must be finite"),
    "infinite gain": (lambda: ai.identity(INF), ValueError, "`gain` must be finite"),
    "complex gain": (lambda: ai.orthogonal(1j), TypeError, "`gain` must be a real number"),
    "text gain": (lambda: ai.dirac(gain="2"), TypeError, "`gain` must be a real number"),
    "delta NaN gain": (lambda: ai.delta_orthogonal(NAN, "torch"), ValueError, "`gain` must be fi"),
    "conv NaN gain": (lambda: ai.conv_orthogonal(NAN, "torch"), ValueError, "`gain` must be fin"),
    "orthogonal beyond float32": (
        lambda: ai.orthogonal(1e39)((2, 2), key=0),
        ValueError,
        r"`gain` must be at most 1.7\d*e\+38, half of the largest float32, got 1e\+39; try: a sm",
    ),
    "orthogonal beyond float16": (
        lambda: ai.orthogonal(-7e4).fill(np.empty((2, 2), np.float16), key=0),
        ValueError,
        "`gain` must be at most 32752, half of the largest float16",
    ),
    "orthogonal beyond complex64": (
        lambda: ai.orthogonal(1e39).describe((2, 2), "complex64"),
        ValueError,
        "`gain` must be at most",
    ),
    "delta beyond float32": (
        lambda: ai.delta_orthogonal(1e39, "torch")((2, 2, 3), key=0),
        ValueError,
        "half of the largest float32",
    ),
    "conv beyond float16": (
        lambda: ai.conv_orthogonal(7e4, "torch")((2, 2, 3), key=0, dtype="float16"),
        ValueError,
        "half of the largest float16",
    ),
    "looks-linear beyond float32": (
        lambda: ai.looks_linear(ai.orthogonal(1e39))((4, 4), key=0),
        ValueError,
        "half of the largest float32",
    ),
    "matrices beyond float32": (
        lambda: ai.linalg.haar_matrices((2, 2), 1e39, key=0),
        ValueError,
        "half of the largest float32",
    ),
    "identity beyond uint8": (
        lambda: ai.identity(300)((1, 1), dtype="uint8"),
        ValueError,
        "`gain` must be from 0 to 255 for dtype uint8, got 300",
    ),
    "identity below uint8": (
        lambda: ai.identity(-1).fill(np.empty((1, 1), np.uint8)),
        ValueError,
        "`gain` must be from 0 to 255 for dtype uint8, got -1",
    ),
    "identity with fractions": (
        lambda: ai.identity(2.5).describe((1, 1), "int32"),
        ValueError,
        "`gain` must be an integer for dtype int32, got 2.5",
    ),
    "dirac beyond int8": (
        lambda: ai.dirac(gain=128)((2, 2, 3), dtype="int8"),
        ValueError,
        "`gain` must be from -128 to 127",
    ),
    "identity without zeros": (
        lambda: ai.identity()((2, 2), dtype="float8_e8m0fnu"),
        ValueError,
        "must be positive for dtype float8_e8m0fnu",
    ),
    "bilinear of integers": (
        lambda: ai.bilinear(layout="torch_transposed")((1, 1, 4), dtype="int32"),
        ValueError,
        "`dtype` must be a real or complex floating-point dtype",
    ),
    "orthogonal vanishes": (
        lambda: ai.orthogonal(1e-50)((2, 2), key=0),
        ValueError,
        "`gain` must not vanish in float32, got 1e-50; try: a larger one",
    ),
    "conv vanishes": (
        lambda: ai.conv_orthogonal(-1e-9, "torch").describe((2, 2, 3), "float16"),
        ValueError,
        "`gain` must not vanish in float16",
    ),
    "identity vanishes": (
        lambda: ai.identity(1e-50)((2, 2)),
        ValueError,
        "`gain` must not vanish in float32",
    ),
    "dirac vanishes": (
        lambda: ai.dirac(gain=1e-7)((2, 2, 1), dtype="float8_e4m3fn"),
        ValueError,
        "`gain` must not vanish in float8_e4m3fn",
    ),
    "dims beyond all axes": (
        lambda: ai.icnr("normal", 2, layout="torch", dims=10**6)((4, 4), key=0),
        ValueError,
        "`dims` must be at most 64, got 1000000",
    ),
    "factor beyond all arrays": (
        lambda: ai.icnr("normal", 2**64 + 1, layout="torch"),
        ValueError,
        r"`factor` must be at most 2\^64",
    ),
    "groups of 5,000 digits": (
        lambda: ai.dirac(groups=10**5000),
        ValueError,
        r"`groups` must be at most 2\^64, got a huge int",
    ),
    "fans beyond all arrays": (
        lambda: ai.variance_scaling(mode="fan_geo_avg", fan=(10**200, 10**200)),
        ValueError,
        r"`fan` must be a pair of integers of at most 2\^64",
    ),
    "fans of 5,000 digits": (
        lambda: ai.he_normal(fan=(10**5000, 1)),
        ValueError,
        "at most .*, got a huge tuple",
    ),
    "gain beyond float16": (
        lambda: ai.identity(1e5)((2, 2), dtype="float16"),
        ValueError,
        "`gain` must be at most 65504",
    ),
    "sparsity in percent": (lambda: ai.sparse(90), ValueError, r"`sparsity` must be in \[0, 1\]"),
    "NaN sparsity": (lambda: ai.sparse(NAN), ValueError, "`sparsity` must be finite"),
    "negative std": (lambda: ai.sparse(std=-1), ValueError, "`std` must not be negative"),
    "factor zero": (lambda: ai.icnr(factor=0, layout="torch"), ValueError, "`factor` must be pos"),
    "factor float": (lambda: ai.icnr(factor=2.0, layout="torch"), TypeError, "must be an integer"),
    # words
    "center": (lambda: ai.dirac(center="middle"), ValueError, "`center` must be one of"),
    "delta center": (
        lambda: ai.delta_orthogonal(layout="torch", center=1),
        TypeError,
        "`center` must be one of",
    ),
    "pairs": (lambda: ai.bilinear(layout="torch", pairs="each"), ValueError, "`pairs` must be one"),
    "per": (lambda: ai.sparse(per="unit"), ValueError, "`per` must be one of"),
    "mirror": (lambda: ai.looks_linear(mirror="up"), ValueError, "`mirror` must be one of"),
    "shuffle": (
        lambda: ai.icnr(layout="torch", shuffle="jax"),
        ValueError,
        "`shuffle` must be one of",
    ),
    "init": (lambda: ai.looks_linear(3), TypeError, "`init` must be an initializer"),
    "unknown init": (lambda: ai.looks_linear("he_norm"), ValueError, "`name` must be that of an"),
    # keys, dtypes, memory
    "no key": (lambda: ai.orthogonal()((2, 2)), TypeError, "`key` must be given, as orthogonal"),
    "no key, icnr": (
        lambda: ai.icnr("normal", layout="torch", dims=1)((2, 2)),
        TypeError,
        "`key` must be given, as icnr",
    ),
    "integers": (
        lambda: ai.orthogonal()((2, 2), key=0, dtype="int32"),
        ValueError,
        "`dtype` must be a real or complex floating-point",
    ),
    "eight bits": (
        lambda: ai.orthogonal()((2, 2), key=0, dtype="float8_e5m2"),
        ValueError,
        "`dtype` must have 16 bits or more",
    ),
    "describe": (lambda: ai.orthogonal().describe(3), ValueError, "`shape` must have two axes"),
    "list": (lambda: ai.orthogonal().fill([[1.0]], key=0), TypeError, "`out` must be an array"),
    "overlapping": (
        lambda: ai.orthogonal().fill(
            np.lib.stride_tricks.as_strided(np.zeros(3, np.float32), (2, 2), (4, 4)), key=0
        ),
        ValueError,
        "share memory",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_bad_calls(name):
    call, error, words = CALLS[name]
    if "float8" in words or name == "eight bits":
        pytest.importorskip("ml_dtypes")
    with pytest.raises(error, match=words) as caught:
        call()
    message = str(caught.value)
    assert message.startswith("`")
    assert "got" in message
