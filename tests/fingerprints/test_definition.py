"""The sums: as the page says, the same by each way, and other for every small fault."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.bits.block import block
from agnostic_init.fingerprints import arrays, operations

TRIES = 1_000_000
FULL = 1 << 32
DTYPES = ("bool", "i1", "u2", "f2", "f4", "i8", "f8", "c8", "c16")


def mix(x):
    x ^= x >> 16
    x = x * 0x7FEB352D % FULL
    x ^= x >> 15
    x = x * 0x846CA68B % FULL
    return x ^ x >> 16


def by_the_page(content: bytes, itemsize: int, first: int = 0) -> ai.Fingerprint:
    """Of consecutive elements, in Python's integers."""
    width = min(itemsize, 4)
    words = [
        int.from_bytes(content[n : n + width], "little") for n in range(0, len(content), width)
    ]
    a, b, c, d = np.split(ai.draws.bits(16, key=0), 4)
    total = [0] * 4
    for position, value in enumerate(words, first * max(1, itemsize // 4)):
        low, high = position % FULL, position // FULL % FULL
        for k in range(4):
            t = (int(a[k]) | 1) * value + (int(b[k]) | 1) * low + (int(c[k]) | 1) * high
            total[k] = (total[k] + mix((t + int(d[k])) % FULL)) % FULL
    return ai.Fingerprint(tuple(total))


@pytest.fixture(params=["native", "numpy"])
def engine(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(arrays, "ON_HOST", 50)
        monkeypatch.setattr(arrays, "available", lambda: False)
    elif not arrays.available():
        pytest.skip("there is no compiled library")
    return request.param


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("first", [0, 5, FULL - 3, FULL // 2 - 2, (1 << 62) + 1, (1 << 64) - 40])
def test_it_is_what_the_page_says(engine, dtype, first):
    x = np.random.default_rng(0).integers(0, 2, 37).astype(dtype) * np.array(3).astype(dtype)
    made = ai.fingerprint(x, index=slice(first, first + 37), global_shape=1 << 64)
    assert made == by_the_page(x.tobytes(), x.itemsize, first)


@st.composite
def cuts(draw):
    shape = tuple(draw(st.lists(st.integers(0, 9), max_size=4)))
    order = draw(st.permutations(range(len(shape))))
    axis = draw(st.integers(0, len(shape) - 1)) if shape else None
    at = draw(st.integers(0, shape[axis])) if shape else None
    return shape, order, axis, at, draw(st.sampled_from(DTYPES)), draw(st.sampled_from((1, 2, -1)))


@settings(max_examples=100, deadline=None)
@given(cuts())
@pytest.mark.parametrize("kind", ["native", "numpy"])
def test_any_cut_and_memory_order_is_the_same(kind, cut):
    shape, order, axis, at, dtype, step = cut
    with pytest.MonkeyPatch.context() as patch:
        if kind == "numpy":
            patch.setattr(arrays, "available", lambda: False)
            patch.setattr(arrays, "ON_HOST", 7)
        x = np.random.default_rng(0).normal(size=shape).astype(dtype)
        whole = ai.fingerprint(x)
        assert whole == by_the_page(x.tobytes(), x.itemsize)
        other = x.transpose(order).copy().transpose(np.argsort(order))
        assert ai.fingerprint(other) == whole
        if axis is None:
            return
        ends = (slice(None, at), slice(at, None))
        indices = [(slice(None),) * axis + (each,) for each in ends]
        if step == 2:
            indices = [(slice(None),) * axis + (slice(n, None, 2),) for n in (0, 1)]
        elif step == -1:
            indices = [(slice(None),) * axis + (slice(None, None, -1),)]
        parts = [ai.fingerprint(x[i], index=i, global_shape=shape) for i in indices]
        assert sum(parts) == whole


@pytest.mark.parametrize("instructions", ["portable", "avx2", "avx512"])
def test_each_set_of_instructions_gives_the_same(instructions):
    from agnostic_init.native.library import INSTRUCTIONS, look

    found = look()
    if instructions not in found.available:
        pytest.skip(f"no {instructions} here")
    before = INSTRUCTIONS.index(found.instructions)
    x = np.random.default_rng(0).integers(0, 256, (101, 67), np.uint8)
    try:
        found.library.agnostic_init_use(INSTRUCTIONS.index(instructions))
        for view in (x, x.T, x[:, ::3], x[:64, :64].view("f4"), x[:64, :64].view("u2").T):
            expected = by_the_page(view.tobytes(), view.itemsize)
            assert ai.fingerprint(view) == expected
    finally:
        found.library.agnostic_init_use(before)


def test_threads_change_nothing(monkeypatch):
    x = np.random.default_rng(0).normal(size=(1 << 10, 700)).astype("f4")
    made = set()
    for threads in ("1", "2", "7"):
        monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", threads)
        made |= {ai.fingerprint(x), ai.fingerprint(np.asfortranarray(x))}
    assert len(made) == 1


def terms(words, start=0):
    axes = [(len(words), 1)]
    return np.stack([*operations.terms(words, start, axes, np, None)])


def all_differ(before, after):
    """Whether of each try at least one of the sums differs."""
    return bool(np.all(np.any(before != after, axis=0)))


@pytest.mark.parametrize("kind", ["random", "weights", "small", "bfloat16"])
def test_no_small_fault_goes_unseen_in_a_million_tries(kind):
    rng = np.random.default_rng(1)
    if kind == "random":
        values = rng.integers(0, FULL, TRIES, np.uint32)
    elif kind == "weights":
        values = (rng.normal(size=TRIES) * 0.02).astype("f4").view(np.uint32)
    elif kind == "small":
        values = rng.integers(0, 4, TRIES, np.uint32)
    else:
        weights = (rng.normal(size=TRIES) * 0.02).astype("f4")
        values = weights.view(np.uint32) >> 16
    own = terms(values)
    # one bit flipped
    bits = np.uint32(1) << rng.integers(0, 16 if kind == "bfloat16" else 32, TRIES, np.uint32)
    assert all_differ(own, terms(values ^ bits))
    # two values swapped, one of them 0: a value moved; and both of them any
    for other in (np.zeros_like(values), rng.permutation(values)):
        for apart in (1, 768, 50257, 1 << 20, 1 << 31):
            different = values != other
            before = own + terms(other, apart)
            after = terms(other) + terms(values, apart)
            assert all_differ(before[:, different], after[:, different])
    # all values moved by one place
    assert all_differ(own, terms(values, 1))


def test_no_transposed_matrix_goes_unseen_in_a_million_tries():
    x = np.random.default_rng(2).integers(0, FULL, (TRIES, 2, 3), np.uint32)
    axes = [(TRIES, 0), (2, 3), (3, 1)]
    turned = x.transpose(0, 2, 1).reshape(TRIES, 2, 3)
    before, after = (
        np.stack(
            [t.sum(axis=(1, 2), dtype=np.uint32) for t in operations.terms(y, 0, axes, np, None)]
        )
        for y in (x, turned)
    )
    assert all_differ(before, after)


def test_the_sums_look_random():
    """Each bit of each sum of small, regular arrays is set half of the time."""
    words = np.arange(1 << 16, dtype=np.uint32)
    for start in (0, 1 << 40):
        for lane in terms(words, start):
            set_bits = np.unpackbits(lane.view(np.uint8).reshape(-1, 4), axis=1).mean(axis=0)
            assert np.abs(set_bits - 0.5).max() < 5 * 0.5 / 256  # five sigmas of 2^16 tries


def test_a_block_of_an_array_beyond_memory():
    x = np.ones((3, 5), np.int8)
    shape = (1 << 31, 1 << 31)
    rows, columns = slice(1 << 30, (1 << 30) + 3), slice(7, 12)
    whole = ai.fingerprint(x, index=(rows, columns), global_shape=shape)
    parts = [
        ai.fingerprint(x[n], index=((1 << 30) + n, columns), global_shape=shape) for n in range(3)
    ]
    assert sum(parts) == whole
    base = block(shape, (rows, columns)).axes().base
    assert parts[0] == by_the_page(x[0].tobytes(), 1, base)
