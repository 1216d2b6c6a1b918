"""Position: any block of an array is the slice of the whole, on every library."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import agnostic_init as ai
from agnostic_init.bits.block import block

DRAWS = {
    "bits": ai.draws.bits,
    "uniform": partial(ai.draws.uniform, low=-0.7, high=1.9),
    "normal": partial(ai.draws.normal, mean=0.3, std=2.0),
    "truncated": ai.draws.truncated_normal,
    "asymmetric": partial(ai.draws.truncated_normal, lower=-1.0, upper=3.5),
    "far": partial(ai.draws.truncated_normal, lower=-40.0, upper=-39.0),
}
DTYPES = ("float32", "float64", "complex64", "float16")
WORD64 = st.integers(0, 2**64 - 1)
KEYS = st.builds(ai.Key, WORD64, WORD64 | st.sampled_from([2**32 - 2, 2**64 - 2]))
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def parameters(data, backend):
    name = data.draw(st.sampled_from(sorted(DRAWS)))
    dtype = "uint32" if name == "bits" else data.draw(st.sampled_from(DTYPES))
    if dtype == "complex64" and name in ("uniform", "asymmetric", "far"):
        dtype = "float32"
    if (backend.name, dtype) in {("jax", "float64"), ("strict", "float16")}:
        dtype = "float32"
    return DRAWS[name], dtype


@quick
@given(data=st.data(), key=KEYS)
def test_a_block_is_the_slice(backend, xp, data, key):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    draw, dtype = parameters(data, backend)
    whole = draw(shape, key=key, dtype=dtype)
    part = draw(shape, key=key, dtype=dtype, index=index, xp=xp)
    result = backend.to_numpy(part)
    assert result.shape == np.shape(whole[index])
    assert np.array_equal(result, whole[index])


@quick
@given(data=st.data(), key=KEYS)
def test_shapes_beyond_memory(backend, xp, data, key):
    """Of (2^21, 2^21) and more only the block is made, at the positions that it has."""
    shape = data.draw(st.sampled_from([(2**21, 2**21), (2**32, 2**31), (3, 2**40, 2**20)]))
    index = tuple(
        slice(start, min(n, start + data.draw(st.integers(1, 4))))
        for n in shape
        for start in [data.draw(st.integers(0, n - 1) | st.just(n - 2))]
    )
    draw, dtype = parameters(data, backend)
    part = backend.to_numpy(draw(shape, key=key, dtype=dtype, index=index, xp=xp))
    positions = block(shape, index)
    assert part.shape == positions.shape
    for at in np.ndindex(part.shape):
        place = 0
        for n, item, j in zip(shape, index, at, strict=True):
            place = place * n + item.start + j
        single = draw((2**64,), key=key, dtype=dtype, index=(slice(place, place + 1),))
        assert np.array_equal(part[at], single[0])


@pytest.mark.parametrize("offset", [2**32 - 3, 2**64 - 3])
def test_carries_of_the_counter(backend, xp, offset):
    key = ai.Key(7, offset)
    words = backend.to_numpy(ai.draws.bits(32, key=key, xp=xp)).tolist()
    expected = []
    for n in range(8):
        expected += ai.draws.bits(4, key=ai.Key(7, (offset + n) % 2**64)).tolist()
    assert words == expected
    long = ai.draws.bits(5000, key=key)
    assert long[:32].tolist() == expected


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_the_same_whatever_the_library(backend, xp, dtype):
    if backend.name == "jax" and dtype == "float64":
        pytest.skip("needs x64; tested in test_jax.py")
    for draw in (ai.draws.uniform, ai.draws.normal, ai.draws.truncated_normal):
        ours = backend.to_numpy(draw((33, 65), key=1, xp=xp, dtype=dtype))
        assert np.array_equal(ours, draw((33, 65), key=1, dtype=dtype))
