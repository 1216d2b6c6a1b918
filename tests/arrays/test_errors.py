"""The exceptions come whole out of another process, as from a pool of workers."""

from __future__ import annotations

import copy
import pickle

import pytest

from agnostic_init.arrays.errors import (
    AmbiguousLayoutError,
    MissingExtraError,
    ParameterError,
    ParameterTypeError,
)
from agnostic_init.compat.torch_init.writing import RefusedError, UnsupportedDtypeError
from agnostic_init.draws.engines.cuda.errors import KernelError


@pytest.mark.parametrize(
    "error",
    [
        ParameterError("`std` must be positive"),
        ParameterTypeError("`std` must be a number"),
        AmbiguousLayoutError("`layout` must be given"),
        MissingExtraError("The array library torch", "torch"),
        RefusedError("`tensor` must be writable"),
        UnsupportedDtypeError("`tensor.dtype` must be real"),
        KernelError("compile", "no compiler"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "way",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_an_error_is_copied_whole(error, way):
    again = way(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert getattr(again, "name", None) == getattr(error, "name", None)
