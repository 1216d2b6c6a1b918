"""The compiled library's matrices: those of the reference, in the same bits however they are made."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits import key
from agnostic_init.linalg import reference
from agnostic_init.linalg.engines import native
from agnostic_init.linalg.haar import Haar
from agnostic_init.native.library import look

if look().library is None:
    pytest.skip("there is no compiled library", allow_module_level=True)

SETS = ("portable", "avx2", "avx512")
MOST = {"float32": 2e-6, "complex64": 2e-6, "float64": 4e-15, "complex128": 4e-15}
SHAPES = [(1, 1), (1, 5), (5, 1), (3, 3), (7, 4), (12, 12), (13, 13), (24, 24), (25, 25), (30, 49)]
SHAPES += [
    (49, 30),
    (64, 64),
    (100, 40),
    (3, 5, 5),
    (2, 3, 33, 17),
    (256, 200),
    (3, 400),
    (450, 420),
]


@pytest.fixture(params=SETS, autouse=True)
def instructions(request):
    """Each set of instructions that this machine has."""
    found = look()
    if request.param not in found.available:
        pytest.skip(f"no {request.param} here")
    before = SETS.index(found.instructions)
    assert found.library.agnostic_init_use(SETS.index(request.param)) == 0
    yield request.param
    found.library.agnostic_init_use(before)


def haar_of(shape, dtype="float32", **more):
    return Haar(shape[:-2], *shape[-2:], dtype, **more)


def made(haar, seed=3, out=None):
    out = np.full(haar.shape, np.nan, haar.dtype) if out is None else out
    native.fill(haar, [key(seed)], [Memory.of_numpy(out)])
    return out


def error_of(q):
    q = q.astype("complex128")
    if q.shape[-2] < q.shape[-1]:
        q = q.swapaxes(-1, -2)
    return np.abs(q.conj().swapaxes(-1, -2) @ q - np.eye(q.shape[-1])).max()


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", MOST)
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_those_of_the_reference(shape, dtype, special):
    haar = haar_of(shape, dtype, gain=1.5, special=special and shape[-1] == shape[-2])
    ours = made(haar)
    assert error_of(ours / 1.5) <= MOST[dtype]
    expected = reference.make(haar, key(3), library_named("numpy"), None)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=MOST[dtype])


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize("shape", [(700, 500), (3, 300, 300), (40, 64, 64)])
def test_threads_and_slices_change_no_bit(monkeypatch, shape, dtype):
    haar = haar_of(shape, dtype)
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "1")
    alone = made(haar)
    for threads, worth, length in (("4", 0.0, 0.05), ("3", 1.0, 1e-4), ("2", 0.0, 1e-4)):
        monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", threads)
        monkeypatch.setattr(native, "WORTH_THREADS", worth or 1e-9)
        monkeypatch.setattr(native, "SLICE", length)
        assert np.array_equal(made(haar), alone)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(20, 33), (33, 20), (4, 25, 25), (2, 3, 9, 30)])
def test_memory_of_any_strides_is_written(shape, dtype):
    haar = haar_of(shape, dtype)
    expected = made(haar)
    spread = np.full(tuple(3 * n for n in shape), np.nan, dtype)
    for out in (
        np.full(shape[::-1], np.nan, dtype).T,
        np.full(shape, np.nan, dtype)[..., ::-1],
        spread[tuple(slice(1, None, 3) for _ in shape)],
    ):
        assert np.array_equal(made(haar, out=out), expected)
    untouched = np.isnan(spread)
    untouched[tuple(slice(1, None, 3) for _ in shape)] = True
    assert untouched.all()


@pytest.mark.parametrize("gain", [1.0, 1e-3, 3e-6, 3e4])
def test_halves_are_the_float32_rounded_once(gain):
    for shape in ((64, 64), (30, 70), (5, 33, 20)):
        single = made(haar_of(shape, gain=gain))
        half = np.empty(shape, np.float16)
        native.fill(haar_of(shape, "float16", gain=gain), [key(3)], [Memory.of_numpy(half)])
        assert np.array_equal(half, single.astype(np.float16))
        brain = np.empty(shape, np.uint16)
        native.fill(haar_of(shape, "bfloat16", gain=gain), [key(3)], [Memory.of_numpy(brain)])
        bits = single.view(np.uint32).astype(np.uint64)
        assert np.array_equal(brain, bits + 0x7FFF + (bits >> 16 & 1) >> 16)


def test_several_keys_are_made_by_one_call_in_the_same_bits():
    haar = haar_of((2, 30, 20))
    outs = [np.empty(haar.shape, np.float32) for _ in range(5)]
    native.fill(haar, [key(n) for n in range(5)], [Memory.of_numpy(out) for out in outs])
    for seed, out in enumerate(outs):
        assert np.array_equal(out, made(haar, seed))


@pytest.mark.parametrize("index", [slice(1, 4), slice(None, None, -2), (slice(2, 3), slice(1, 3))])
def test_parts_of_a_batch_are_those_of_the_whole(index):
    haar = haar_of((6, 4, 9, 7))
    assert np.array_equal(made(haar.part(index)), made(haar)[index])


def test_positions_beyond_64_bits_wrap_as_those_of_draws():
    haar = haar_of((1 << 58, 3, 3)).part(slice((1 << 58) - 2, None))
    expected = reference.make(haar, key(3), library_named("numpy"), None)
    np.testing.assert_allclose(made(haar), expected, rtol=0, atol=1e-6)


def test_short_memory_is_an_error_in_python(monkeypatch):
    monkeypatch.setattr(native, "_functions", lambda: (lambda *_: -1, None, None))
    with pytest.raises(MemoryError):
        made(haar_of((5, 5)))
