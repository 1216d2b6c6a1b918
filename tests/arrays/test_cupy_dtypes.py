"""Dtypes that CuPy has, and those that NumPy has by ml_dtypes and CuPy has not."""

from __future__ import annotations

import pytest

cupy = pytest.importorskip("cupy")

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.arrays.libraries.cupy import Library


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "complex64", "int64", "uint8"])
def test_its_own(name):
    assert Library(None).dtype(name).name == name


@pytest.mark.parametrize("name", ["float8_e5m2", "float8_e4m3b11fnuz", "int4", "longfloat16"])
def test_others_are_refused(name):
    pytest.importorskip("ml_dtypes")
    rule = f"`dtype` must be a dtype that cupy has, got '{name}'; try: another, or xp=numpy"
    with pytest.raises(ParameterError, match=rule):
        Library(None).dtype(name)
