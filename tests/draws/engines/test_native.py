"""The compiled library gives the reference's bits: for every input, dtype and position, with each instruction set."""

from __future__ import annotations

import copy
import ctypes
import math
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnostic_init.arrays.dtypes import DTYPES as DTYPE_ROWS
from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.bits import Key
from agnostic_init.bits.block import block
from agnostic_init.bits.philox import philox
from agnostic_init.bits.words import Wide
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines import native as engine
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.reference import evaluate
from agnostic_init.native import library as found

if "native" not in os.environ.get("AGNOSTIC_INIT_REQUIRE", "").split(","):
    reason = found.look().reason
    if reason:
        pytest.skip(reason, allow_module_level=True)

LIBRARY = found.library()
WIDE = Wide(np, np.uint64, None, signed=False)
KEY = Key(42)
DTYPES = [name for name, form in FORMATS.items() if not form.is_complex]


@pytest.fixture(
    params=range(len(found.INSTRUCTIONS)), ids=found.INSTRUCTIONS, autouse=True, scope="module"
)
def instructions(request):
    before = LIBRARY.agnostic_init_instructions()
    if LIBRARY.agnostic_init_use(request.param):
        pytest.skip("this build or this processor has them not")
    yield
    LIBRARY.agnostic_init_use(before)


def truncated(lower, upper, dtype="float32", mean=0.0, std=1.0, bounds="sigma"):
    return truncated_normal_draw(mean, std, lower, upper, bounds, "parent", dtype)


def storage(dtype):
    return np.dtype(DTYPE_ROWS[dtype].storage)


def stored(draw, values):
    """The reference's values in the storage of the draw's dtype."""
    shape = values[0].shape if isinstance(values, tuple) else values.shape
    out = np.empty(shape, storage(draw.dtype))
    with np.errstate(over="ignore"):
        store(draw.dtype, values, out)
    return out


def expected(draw, key, part):
    """Every position by itself, so that none of the reference's own cuts is relied on."""
    positions = part.positions()
    grid = np.full(positions.counts, positions.base, np.uint64)
    for axis, (count, stride) in enumerate(zip(positions.counts, positions.strides, strict=True)):
        steps = np.arange(count, dtype=np.uint64) * np.array([stride % 2**64], np.uint64)
        grid += steps.reshape([-1 if d == axis else 1 for d in range(len(positions.counts))])
    per_block = 4 // draw.words
    counters = (grid.reshape(-1) // np.uint64(per_block)) + np.array([key.offset], np.uint64)
    blocks = np.stack(philox(WIDE, WIDE.split(counters), *key.words), axis=-1)
    lane = (grid.reshape(-1) % np.uint64(per_block)).astype(np.int64) * draw.words
    words = [blocks[np.arange(lane.size), lane + n] for n in range(draw.words)]
    if draw.kind == "bits":
        return words[0].astype(draw.dtype).reshape(part.shape)
    with np.errstate(all="ignore"):
        return stored(draw, evaluate(draw, np, np.float32, np.float64, words)).reshape(part.shape)


def filled(draw, key, part, out=None):
    out = np.zeros(part.shape, storage(draw.dtype)) if out is None else out
    engine.fill_jobs([engine.job(draw, key, part, out)])
    return out


def from_words(draw, words, out):
    record, _ = engine.packed(draw)
    words = np.ascontiguousarray(words, np.uint32)
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (words, out))
    entry = LIBRARY.agnostic_init_from_words
    assert entry(record, next(pointers), ctypes.c_int64(out.size), next(pointers)) == 0
    return out


def same_bits(first, second):
    assert first.dtype == second.dtype
    np.testing.assert_array_equal(
        first.reshape(-1).view(np.uint8), second.reshape(-1).view(np.uint8)
    )


def test_every_input_of_the_normal_and_two_sigmas(quantile_table):
    words = np.arange(1 << 24, dtype=np.uint32) | np.uint32(0xAB000000)
    quantile_table.check(from_words(quantile_table.draw, words, np.empty(1 << 24, np.float32)))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn"])
@pytest.mark.parametrize("std", [1.0, 0.0199])
@pytest.mark.parametrize("bound", [2.0, math.inf])
def test_every_input_in_fewer_bits(bound, std, dtype):
    """They are the float32 values rounded, so that the table of those decides."""
    if bound == math.inf:
        wide, narrow = (normal_draw(0, std, name) for name in ("float32", dtype))
    else:
        wide, narrow = (truncated(-bound, bound, name, 0, std) for name in ("float32", dtype))
    words = np.arange(1 << 24, dtype=np.uint32)
    values = from_words(wide, words, np.empty(words.size, np.float32))
    np.clip(values, narrow.low, narrow.high, out=values)
    same_bits(
        from_words(narrow, words, np.empty(words.size, storage(dtype))), stored(narrow, values)
    )


def test_every_input_of_the_uniform_and_the_upper_byte_of_a_word():
    words = np.arange(1 << 24, dtype=np.uint32)
    unit, symmetric = np.empty((2, 1 << 24), np.float32)
    from_words(uniform_draw(0, 1, "float32"), words, unit)
    words |= np.uint32(0xA5000000)
    from_words(uniform_draw(-0.3, 0.3, "float32"), words, symmetric)
    m = np.arange(1 << 24, dtype=np.float32)
    np.testing.assert_array_equal(unit, m * np.float32(2.0**-24))
    m -= np.float32(2.0**23)
    m *= np.float32(2.0**-23)
    m *= np.float32(0.3)
    np.testing.assert_array_equal(symmetric[1:], m[1:])
    assert -0.3 <= symmetric[0] <= -0.29999998


DRAWS = {
    "uniform": lambda dtype: uniform_draw(0, 1, dtype),
    "uniform symmetric": lambda dtype: uniform_draw(-0.1, 0.1, dtype),
    "uniform odd": lambda dtype: uniform_draw(-0.3, 1.7, dtype),
    "uniform [1, 2)": lambda dtype: uniform_draw(1, 2, dtype),
    "uniform narrow": lambda dtype: uniform_draw(1, 1.03, dtype),
    "uniform tiny": lambda dtype: uniform_draw(-2e-6, 1e-6, dtype),
    "uniform of few": lambda dtype: uniform_draw(-65504, 65504, dtype),
    "normal": lambda dtype: normal_draw(0, 1, dtype),
    "normal small": lambda dtype: normal_draw(0, 1e-6, dtype),
    "normal moved": lambda dtype: normal_draw(-2.7, 0.02, dtype),
    "normal large": lambda dtype: normal_draw(3, 11000, dtype),
    "normal of no width": lambda dtype: normal_draw(1.25, 0, dtype),
    "two sigmas": lambda dtype: truncated(-2, 2, dtype, 0.1, 0.7),
    "wide": lambda dtype: truncated(-9, 7.5, dtype),
    "absolute": lambda dtype: truncated(-1, 0.4, dtype, 0.1, 0.3, "absolute"),
    "right of 4": lambda dtype: truncated(4, 1000, dtype),
    "right of 8": lambda dtype: truncated(8, 1e5, dtype, 0, 0.1),
    "left of -5": lambda dtype: truncated(-math.inf, -5, dtype),
    "right of -1": lambda dtype: truncated(-1, math.inf, dtype),
    "right of 29": lambda dtype: truncated(29, math.inf, dtype),
    "around the far limit": lambda dtype: truncated(4.9, 5.1, dtype),
    "narrow": lambda dtype: truncated(0.5, 0.5625, dtype),
    "narrow in the tail": lambda dtype: truncated(-6.03125, -6, dtype),
    "far": lambda dtype: truncated(-40, -39, dtype),
    "farther": lambda dtype: truncated(30, math.inf, dtype),
    "farthest": lambda dtype: truncated(2000, 2001, dtype),
}


COMPLEX = {
    "disk": lambda dtype: uniform_draw(-1.5, 1.5, dtype),
    "annulus": lambda dtype: uniform_draw(0.5, 2, dtype),
    "normal": lambda dtype: normal_draw(0, 1, dtype),
    "moved twice": lambda dtype: normal_draw(1 - 2j, 0.5, dtype),
    "moved": lambda dtype: normal_draw(1j, 1, dtype),
    "bounded": lambda dtype: truncated(-2, 2, dtype),
    "bounded and moved": lambda dtype: truncated(-0.1, 0.1, dtype, 3 + 1j),
    "hardly bounded": lambda dtype: truncated(-20, 20, dtype),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_has_the_bits_of_the_reference(name, dtype):
    try:
        draw = DRAWS[name](dtype)
    except ValueError:
        assert FORMATS[dtype].itemsize < 4  # it holds no such number
        return
    assert engine.supports(draw)
    part = block((20_014,), slice(3, None))
    same_bits(filled(draw, KEY, part), expected(draw, KEY, part))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", COMPLEX)
def test_a_complex_draw_has_the_bits_of_the_reference(name, dtype):
    draw = COMPLEX[name](dtype)
    assert engine.supports(draw)
    part = block((10_001,), slice(1, None))
    same_bits(filled(draw, KEY, part), expected(draw, KEY, part))


@pytest.mark.parametrize("bound", [1e60, 1e149, 1e153, 1e155, 1e300])
def test_bounds_whose_squares_overflow(bound):
    draw, part = truncated(bound, math.inf, "float64"), block((100,))
    same_bits(filled(draw, KEY, part), expected(draw, KEY, part))


def test_zeros_have_no_sign():
    for draw in (
        normal_draw(0, 0, "float32"),
        normal_draw(0, 0, "float64"),
        truncated(-2, 2, std=0),
    ):
        assert not np.signbit(filled(draw, KEY, block((1000,)))).any()


def test_extreme_mantissas():
    ends = np.array([0, 1, 2, 3, (1 << 23) - 1, 1 << 23, (1 << 24) - 2, (1 << 24) - 1], np.uint32)
    for name, make in DRAWS.items():
        draw = make("float32")
        want = evaluate(draw, np, np.float32, np.float64, [ends.astype(np.uint64)])
        got = from_words(draw, ends, np.empty(ends.size, np.float32))
        np.testing.assert_array_equal(got, want, err_msg=name)
    pairs = np.array([[0, 0], [1, 0], [2**32 - 1, 2**21 - 1], [2**32 - 2, 2**32 - 1]], np.uint32)
    for name, make in DRAWS.items():
        draw = make("float64")
        words = [pairs[:, n].astype(np.uint64) for n in (0, 1)]
        want = evaluate(draw, np, np.float32, np.float64, words)
        got = from_words(draw, pairs, np.empty(len(pairs)))
        np.testing.assert_array_equal(got, want, err_msg=name)


@pytest.mark.parametrize("dtype", [name for name in DTYPES if FORMATS[name].itemsize < 4])
def test_rounding_of_every_kind_of_float32(dtype):
    """Bit patterns all over, ties and subnormals among them, by a draw that leaves u as it is."""
    words = np.arange(1 << 24, dtype=np.uint32)[::37]
    form = FORMATS[dtype]
    for exponent in (
        0,
        form.min_exponent,
        max(-140, form.min_exponent - 12),
        math.frexp(form.max)[1],
    ):
        draw = uniform_draw(0, 1, dtype)._replace(scale=2.0**exponent, high=math.inf)
        values = (words * 2.0 ** (exponent - 24)).astype(np.float32)
        got = from_words(draw, words, np.empty(words.size, storage(dtype)))
        same_bits(got, stored(draw, values))


@pytest.mark.parametrize("dtype", ["uint32", "int64"])
def test_bits(dtype):
    draw, part = bits_draw(dtype), block((5001,), slice(1, None))
    got = filled(draw, KEY, part)
    same_bits(got, expected(draw, KEY, part))
    assert got[0] == 0x77F5493B


KEYS = [Key(42), Key(2**64 - 1, 2**32 - 3), Key(1 << 32, 2**64 - 2), Key(7, 2**63 + 12345)]
PLACES = [
    block((4099,)),
    block((2**35,), slice(2**34 - 130, 2**34 + 1370)),
    block((2**64,), slice(2**64 - 300, None)),
    block((2**64,), slice(-9, None)),
    block((1001, 64), (slice(None, -1), slice(5, 8))),
    block((12, 129), (slice(1, None), slice(6, 73))),
    block((8, 4096), (slice(None, -1), slice(1, 501))),
    block((5, 2**37), (slice(None), slice(2**36 + 3, 2**36 + 73))),
    block((10_001,), slice(None, 2500, -3)),
    block((50, 100), (slice(None, None, -1), slice(None))),
    block((50, 100), (slice(None, None, -1), slice(None, None, -1))),
    block(
        (2**4, 2**10, 2**10, 2**10, 2**30),
        (slice(7, 10), slice(2), slice(2), slice(2), slice(1, 6)),
    ),
    block((60, 20, 3), (slice(1, None, 2), 3, slice(None, None, 2))),
    block((18,), slice(17, None)),
    block((18,), 17),
    block((0, 3)),
    block(()),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("part", PLACES, ids=range(len(PLACES)))
def test_positions_anywhere(key, part):
    draws = [bits_draw("uint32"), normal_draw(0, 1, "float32"), uniform_draw(0, 1, "float64")]
    draws += [normal_draw(0, 1, "complex64"), normal_draw(0.5 + 0.5j, 2, "complex128")]
    for draw in draws:
        same_bits(filled(draw, key, part), expected(draw, key, part))


slices = st.slices(12) | st.integers(-12, 11)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_any_block_in_memory_of_any_order(data):
    word = st.integers(0, 2**64 - 1)
    key = Key(data.draw(word), data.draw(word))
    rank = data.draw(st.integers(1, 4))
    part = block((12,) * rank, tuple(data.draw(slices) for _ in range(rank)))
    dtype = data.draw(
        st.sampled_from(["float32", "float64", "float16", "complex128", "float8_e5m2"])
    )
    draw = normal_draw(0.5, 1, dtype)
    # Memory with gaps, axes in any order and in either direction.
    order = data.draw(st.permutations(range(len(part.shape))))
    steps = [data.draw(st.sampled_from([1, 2, -1, -2])) for _ in order]
    counts = [part.shape[d] for d in order]
    whole = np.zeros([2 * n + 2 for n in counts], storage(dtype))
    cuts = zip(counts, steps, strict=True)
    view = whole[*(slice(1, 1 + n * abs(step), abs(step)) for n, step in cuts), ...]
    view = view[*(slice(None, None, 1 if step > 0 else -1) for step in steps), ...]
    view = view.transpose(*np.argsort(order))
    filled(draw, key, part, view)
    same_bits(view.copy(order="C"), expected(draw, key, part))
    view[...] = 0
    assert not whole.any()


def test_memory_that_is_not_aligned_and_what_is_around_it():
    for dtype in ("float32", "float64", "bfloat16", "complex64", "int64"):
        draw = bits_draw(dtype) if dtype == "int64" else normal_draw(0, 1, dtype)
        for n in (1, 5, 16, 1024, 1027):
            part = block((n,))
            itemsize = storage(dtype).itemsize
            memory = np.full(n * itemsize + 65, 0xA5, np.uint8)
            filled(draw, KEY, part, memory[1 : 1 + n * itemsize].view(storage(dtype)))
            same_bits(memory[1 : 1 + n * itemsize].view(storage(dtype)), expected(draw, KEY, part))
            assert (memory[0], set(memory[1 + n * itemsize :])) == (0xA5, {0xA5})


def mixed_jobs():
    """Jobs of many sizes and dtypes, their memory and what is to be in it."""
    jobs, outs, wants = [], [], []
    makers = [normal_draw, uniform_draw]
    for n, size in enumerate([1, 0, 7, 5000, 64, 64, 20_000, 1024, 3, 40_000, 16, 0, 9]):
        dtype = ["float32", "bfloat16", "float64", "complex64", "float8_e4m3fn"][n % 5]
        draw = (
            bits_draw("uint32") if n == 6 else makers[n % 2 and dtype != "complex64"](0, 1, dtype)
        )
        key, part = Key(n).fold_in("name"), block((size, 3), (slice(None), slice(0, 1 + n % 3)))
        outs.append(np.zeros(part.shape, storage(draw.dtype)))
        wants.append(expected(draw, key, part))
        jobs.append(engine.job(draw, key, part, outs[-1]))
    return jobs, outs, wants


@pytest.mark.parametrize("threads", ["1", "2", "7"])
def test_many_jobs_share_threads_and_slices(threads, monkeypatch):
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", threads)
    monkeypatch.setattr(engine, "FIRST_SLICE", 1 << 13)
    jobs, outs, wants = mixed_jobs()
    engine.fill_jobs(jobs)
    for out, want in zip(outs, wants, strict=True):
        same_bits(out, want)


def test_no_jobs():
    engine.fill_jobs([])


def test_calls_at_once():
    """Of threads of Python, one of which makes the table while the others go without."""
    draw, part = truncated(-2, 2), block((300_000,))
    want = filled(draw, KEY, part)
    outs = [np.empty_like(want) for _ in range(8)]
    workers = [threading.Thread(target=filled, args=(draw, KEY, part, out)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for out in outs:
        same_bits(out, want)


def test_numbers_that_a_process_flushes_are_right():
    """The values are as ever where the calling thread rounds otherwise, and it still does so afterwards."""
    torch = pytest.importorskip("torch")
    draw, part = normal_draw(0, 1e-38, "float32"), block((1000,))
    want = expected(draw, KEY, part)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor flushes nothing")
    try:
        got = filled(draw, KEY, part)
        still = float(torch.tensor(1e-38) * torch.tensor(0.1)) == 0.0
    finally:
        torch.set_flush_denormal(False)
    same_bits(got, want)
    assert still


def in_new_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )


SETUP = """
import os, signal, sys, threading, time
import numpy as np
from agnostic_init.bits import Key
from agnostic_init.bits.block import block
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines import native
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in a job of a shell
draw, key = normal_draw(0, 1, "float32"), Key(1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_after_threads_draws():
    code = (
        SETUP
        + """
def digest():
    out = np.empty(500_000, np.float32)
    native.fill_jobs([native.job(draw, key, block(out.shape), out)])
    return hash(out.tobytes())
before = digest()
child = os.fork()
if child == 0:
    os._exit(0 if digest() == before else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    )
    in_new_process(code, AGNOSTIC_INIT_NUM_THREADS="4", PYTHONHASHSEED="0")


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to oneself there")
@pytest.mark.parametrize("threads", ["1", "2", "1000"])
def test_an_interrupt_ends_a_large_draw(threads):
    code = (
        SETUP
        + """
out = np.empty(1, np.float32)  # all elements in one place
job = native.job_at(draw, key, block((1 << 40,)), out.ctypes.data, (0,))
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start = time.perf_counter()
try:
    native.fill_jobs([job])
except KeyboardInterrupt:
    assert time.perf_counter() - start < 10
    sys.exit(0)
sys.exit("it was not interrupted")
"""
    )
    in_new_process(code, AGNOSTIC_INIT_NUM_THREADS=threads)


def test_slices_follow_the_time_that_they_take(monkeypatch):
    """From a small one on, up to some 50 ms of work, and down where memory is slow."""
    clock, slices = [0.0], []

    def fill(records, count, start, stop, threads):
        slices.append(stop - start)
        clock[0] += (stop - start) * seconds
        return 0

    monkeypatch.setattr(engine, "_fill", lambda: fill)
    monkeypatch.setattr(engine.time, "perf_counter", lambda: clock[0])
    for seconds in (1e-9, 1e-6):
        slices.clear()
        engine.fill_jobs([engine.Job(b"", 1 << 27, None)])
        assert slices[0] <= 1 << 17
        assert sum(slices) == 1 << 27
        assert 0.02 < max(slices[1:]) * seconds < 0.2


def test_a_thousand_small_tensors_are_one_call(monkeypatch):
    calls = []
    real = engine._fill()
    monkeypatch.setattr(engine, "_fill", lambda: lambda *a: calls.append(a) or real(*a))
    outs = np.zeros((1000, 64), np.float32)
    draw = normal_draw(0, 1, "float32")
    engine.fill_jobs([engine.job(draw, Key(n), block((64,)), out) for n, out in enumerate(outs)])
    assert len(calls) == 1
    for n in (0, 1, 999):
        same_bits(outs[n], expected(draw, Key(n), block((64,))))


def test_a_record_survives_copies():
    draw = truncated(-1, 1)
    first = filled(draw, KEY, block((5,)))
    for twin in (copy.deepcopy(draw), pickle.loads(pickle.dumps(draw)), draw._replace()):
        same_bits(filled(twin, KEY, block((5,))), first)
        assert twin == draw
    other = draw._replace(scale=2.0)
    same_bits(filled(other, KEY, block((5,))), expected(other, KEY, block((5,))))


def test_memory_that_is_short_is_an_error_in_python(monkeypatch):
    monkeypatch.setattr(engine, "_fill", lambda: lambda *arguments: -1)
    with pytest.raises(MemoryError):
        filled(normal_draw(0, 1, "float32"), KEY, block((5,)))


def test_known_answers():
    part = block((4,))
    assert filled(uniform_draw(0, 1, "float32"), KEY, part).tolist() == [
        0.9177295565605164, 0.9581486582756042, 0.7473247647285461, 0.2605566382408142,
    ]  # fmt: skip
    same_bits(
        filled(normal_draw(0, 1, "float32"), KEY, part),
        np.array([1.3899606, 1.7295952, 0.66609496, -0.6416302], np.float32),
    )
    same_bits(
        filled(truncated(-2, 2), KEY, part),
        np.array([1.2743076, 1.5325191, 0.63128054, -0.60842925], np.float32),
    )
