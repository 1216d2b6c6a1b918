"""The route of a library without an engine of its own: the reference, in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.target import Target
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines import generic, host

DRAWS = {
    "bits": lambda dtype: bits_draw("int64"),
    "uniform": lambda dtype: uniform_draw(-0.1, 0.3, dtype),
    "normal": lambda dtype: normal_draw(0.5, 2.0, dtype),
    "tail": lambda dtype: truncated_normal_draw(0, 1, 4, 1000, "sigma", "parent", dtype),
    "far": lambda dtype: truncated_normal_draw(0, 1, 40, 41, "sigma", "parent", dtype),
}
DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64")


@pytest.fixture
def library(backend):
    if backend.name in ("jax", "dask"):
        pytest.skip("has an engine of its own and no arrays to write")
    return library_named("array_api_strict" if backend.name == "strict" else backend.name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DRAWS)
def test_its_bits_are_the_hosts(backend, library, name, dtype, monkeypatch):
    if dtype == "complex64" and name != "normal":
        pytest.skip("a disk or a modulus")
    if backend.name == "strict" and dtype in ("float16", "bfloat16"):
        pytest.skip("not in the standard")
    if backend.name == "numpy" and dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    draw, key = DRAWS[name](dtype), Key(3, 2**64 - 5)
    part = block((40, 50, 6), (slice(1, 39), slice(None, None, 3), slice(1, 6)))
    target = Target(library, draw.dtype, library.device(None))
    whole = generic.compute(draw, key, part, library, target.device)
    results = [whole]
    if library.writes:
        monkeypatch.setattr(generic, "PIECE", 100)
        results.append(library.empty(part.shape, draw.dtype, target.device))
        generic.fill(draw, key, part, results[-1], library)
    expected = host.new(draw, key, part)
    if expected.dtype == "uint16":
        expected = (expected.astype(np.uint32) << 16).view(np.float32)
    for result in results:
        assert np.array_equal(backend.to_numpy(result), expected)


def test_a_library_nobody_has_heard_of():
    """It gets the reference: a namespace that forwards to the standard's own."""
    strict = pytest.importorskip("array_api_strict")
    import types

    import agnostic_init as ai

    unheard = types.ModuleType("unheard")
    unheard.__getattr__ = lambda name: getattr(strict, name)
    made = ai.draws.normal((3, 4), key=1, xp=unheard)
    assert type(made) is type(strict.zeros(1))
    assert np.array_equal(np.asarray(made), ai.draws.normal((3, 4), key=1))
