"""Integers as parameters: what is one, and what the error says of what is none."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.arrays.integers import integer, positive_integer


def test_all_that_python_takes_for_an_index():
    for value in (3, np.int8(3), np.uint64(3), np.array(3)):
        assert integer("n", value) == positive_integer("n", value) == 3
        assert type(integer("n", value)) is int
    assert integer("n", -(2**70)) == -(2**70)


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None, [3], np.array([3, 4])])
def test_what_is_none(value):
    with pytest.raises(ParameterTypeError, match=r"^`n` must be an integer, got "):
        integer("n", value)


@pytest.mark.parametrize("value", [0, -1])
def test_what_is_not_positive(value):
    with pytest.raises(ParameterError, match=rf"^`n` must be positive, got {value}; try: one$"):
        positive_integer("n", value, "one")
