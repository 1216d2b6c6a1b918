"""Formats: rounding in Python agrees with the types themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.arrays.formats import FORMATS, format_of

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
