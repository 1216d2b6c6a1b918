"""The table of dtypes says what the types themselves say, and rounds as they do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.dtypes import DTYPES, FORMATS, format_of
from agnostic_init.arrays.errors import ParameterError

REAL = [form for form in FORMATS.values() if not form.is_complex]


def type_of(form):
    if form.name in ("float16", "float32", "float64"):
        return np.dtype(form.name)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    return np.dtype(getattr(ml_dtypes, form.name))


@pytest.mark.parametrize("form", REAL, ids=lambda form: form.name)
@given(value=st.floats(-1e5, 1e5, width=32))
def test_nearest_is_the_cast(form, value):
    if abs(value) >= form.max:
        return
    with np.errstate(over="ignore"):
        cast = float(np.asarray(value, np.float32).astype(type_of(form)))
    assert form.nearest(value) == cast


@pytest.mark.parametrize("form", REAL, ids=lambda form: form.name)
@given(value=st.floats(-1e5, 1e5))
def test_neighbours_enclose_a_number(form, value):
    if abs(value) >= form.max:
        return
    low, high = form.at_most(value), form.at_least(value)
    assert low <= value <= high
    assert form.nearest(low) == low
    assert form.nearest(high) == high
    assert (low == high) == (form.nearest(value) == value)
    if low != high:
        assert form.below(high) == low or (low == 0 and high > 0)


@pytest.mark.parametrize("form", REAL, ids=lambda form: form.name)
def test_the_largest(form):
    info = type_of(form)
    if form.itemsize > 2 or form.name == "float16":
        assert form.max == float(np.finfo(info).max)
    assert form.itemsize == info.itemsize
    assert form.at_most(math.inf) == math.inf
    assert form.below(math.inf) == form.max
    assert form.at_most(form.max * 2) == form.max or form.name == "float64"
    assert form.nearest(-form.max) == -form.max


def test_other_dtypes():
    with pytest.raises(ParameterError, match="`dtype` must be a real or complex floating-point"):
        format_of("int32")


@pytest.mark.parametrize(
    "name", [name for name, row in DTYPES.items() if row.kind in ("int", "uint")]
)
def test_bounds_of_integers(name):
    row = DTYPES[name]
    if row.storage == name:
        info = np.iinfo(name)
        assert (row.least, row.max, row.itemsize) == (info.min, info.max, np.dtype(name).itemsize)
    else:
        ml_dtypes = pytest.importorskip("ml_dtypes")
        if not hasattr(ml_dtypes, name):
            pytest.skip("of torch alone")
        info = ml_dtypes.iinfo(getattr(ml_dtypes, name))
        assert (row.least, row.max) == (info.min, info.max)


@pytest.mark.parametrize("name", [name for name, row in DTYPES.items() if row.kind == "float"])
def test_floats(name):
    row = DTYPES[name]
    ml_dtypes = pytest.importorskip("ml_dtypes")
    kind = np.dtype(getattr(ml_dtypes, name, None) or name)
    assert kind.itemsize == row.itemsize
    if row.itemsize > 8:
        return  # NumPy's longest, of which float64 is used
    info = ml_dtypes.finfo(kind)
    assert row.max == float(info.max)
    assert row.precision == info.nmant + 1
    if row.least < 0:
        assert row.least == float(info.min)
        assert row.min_exponent == math.log2(float(info.smallest_normal))
        with np.errstate(all="ignore"):
            negative = np.asarray(-0.0, np.float32).astype(kind)
            assert row.has_negative_zero == bool(np.signbit(negative.astype(np.float32)))
            infinite = np.asarray(math.inf, np.float32).astype(kind).astype(np.float32)
        assert row.has_infinity == bool(np.isinf(infinite))


def test_each_dtype_of_torch_has_a_row():
    torch = pytest.importorskip("torch")
    names = {str(each)[6:] for each in vars(torch).values() if isinstance(each, torch.dtype)}
    others = {name for name in names if name.startswith(("bit", "q"))} | {"float4_e2m1fn_x2"}
    others |= {name for name in names if name.startswith("quint")}
    assert names - others <= set(DTYPES)
    for name in names - others:
        assert getattr(torch, name).itemsize == DTYPES[name].itemsize


def test_what_has_no_zero_takes_none():
    pytest.importorskip("ml_dtypes")
    for init in (ai.zeros(), ai.constant(-1.0), ai.constant([1.0, 0.0])):
        with pytest.raises(
            ai.ParameterError, match="`value` must be positive for dtype float8_e8m"
        ):
            init(2, dtype="float8_e8m0fnu")
    assert ai.constant(0.5)(2, dtype="float8_e8m0fnu").astype("float32").tolist() == [0.5, 0.5]
    assert np.isnan(ai.constant(math.nan)(1, dtype="float8_e8m0fnu").astype("float32")).all()
