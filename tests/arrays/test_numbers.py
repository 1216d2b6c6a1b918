"""Numbers as parameters: what is one, and what the error says of what is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.arrays.numbers import (
    as_integer,
    complex_number,
    integer,
    positive_integer,
    real_number,
)


def test_all_that_python_takes_for_an_index():
    for value in (3, np.int8(3), np.uint64(3), np.array(3)):
        assert integer("n", value) == positive_integer("n", value) == as_integer(value) == 3
        assert type(integer("n", value)) is int
    assert integer("n", -(2**70)) == -(2**70)


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", b"4", None, [3], np.array([3, 4])])
def test_what_is_no_integer(value):
    assert as_integer(value) is None
    with pytest.raises(ParameterTypeError, match=r"^`n` must be an integer, got "):
        integer("n", value)


@pytest.mark.parametrize("value", [0, -1])
def test_what_is_not_positive(value):
    with pytest.raises(ParameterError, match=rf"^`n` must be positive, got {value}; try: one$"):
        positive_integer("n", value, "one")


def test_a_truth_value_of_another_library_is_no_integer(xp):
    assert as_integer(xp.asarray(True)) is None
    assert as_integer(xp.asarray(3)) == 3


def test_scalars_of_another_library_are_real_numbers(xp):
    for value in (2, 2.5):
        found = real_number("std", xp.asarray(value))
        assert type(found) is float
        assert found == value


@pytest.mark.parametrize("value", [3.0, np.float32(3), np.array(3.0), np.int64(3)])
def test_real_numbers(value):
    found = real_number("std", value)
    assert type(found) is float
    assert found == complex_number("std", value) == 3.0


@pytest.mark.parametrize(
    "value", [True, np.True_, "3", b"4", bytearray(b"4"), None, [3.0], np.ones(1), 1j, np.array(1j)]
)
def test_what_is_no_real_number(value):
    with pytest.raises(ParameterTypeError, match=r"^`std` must be a real number, got "):
        real_number("std", value)


def test_zero_has_no_sign():
    assert math.copysign(1.0, real_number("mean", -0.0)) == 1.0


def test_infinities_and_nan():
    assert real_number("lower", -math.inf, infinite=True) == -math.inf
    with pytest.raises(ParameterError, match=r"^`lower` must not be NaN"):
        real_number("lower", math.nan, infinite=True)
    with pytest.raises(ParameterError, match=r"^`std` must be finite, got inf$"):
        real_number("std", math.inf)
    with pytest.raises(ParameterError, match=r"^`std` must be within the range of a float"):
        real_number("std", 10**400)


def test_complex_numbers_are_real_where_they_have_no_imaginary_part():
    assert complex_number("mean", np.complex64(1 + 2j)) == 1 + 2j
    assert type(complex_number("mean", 1 + 0j)) is float
    with pytest.raises(ParameterError, match=r"^`mean` must be finite, got nan$"):
        complex_number("mean", complex(0, math.nan))
