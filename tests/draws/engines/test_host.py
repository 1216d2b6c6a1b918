"""Host memory: threads, chunks and memory order never change a value."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.bits import Key
from agnostic_init.bits.block import block
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Wide
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines import host, native
from agnostic_init.draws.engines import numpy as kernel
from agnostic_init.draws.reference import evaluate

DRAWS = {
    "unit": uniform_draw(0, 1, "float32"),
    "symmetric": uniform_draw(-0.3, 0.3, "float32"),
    "shifted": uniform_draw(0.1, 0.7, "float32"),
    "tiny": uniform_draw(0, 1e-38, "float32"),
    "normal": normal_draw(0, 1, "float32"),
    "moved": normal_draw(3.0, 0.7, "float32"),
    "two sigmas": truncated_normal_draw(0, 0.02, -2, 2, "sigma", "parent", "float32"),
    "asymmetric": truncated_normal_draw(0.5, 1, -1, 3, "sigma", "parent", "float32"),
    "tail": truncated_normal_draw(0, 1, 4, 1000, "sigma", "parent", "float32"),
    "far tail": truncated_normal_draw(0, 1, -40, -39, "sigma", "parent", "float32"),
    "float64": normal_draw(0, 1, "float64"),
    "complex64": normal_draw(0, 1, "complex64"),
}


def reference(draw, key, positions):
    wide = Wide(np, np.uint64, None, signed=False)
    words = element_words(wide, key.words, key.offset, positions, draw.words)
    result = evaluate(draw, np, np.float32, np.float64, words)
    return result[0] + 1j * result[1] if isinstance(result, tuple) else result


@pytest.fixture(autouse=True)
def numpy_kernel(monkeypatch):
    monkeypatch.setattr(host, "in_use", lambda: False)


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((100_003,), slice(1, None)),
        ((300, 1001), (slice(2, 299), slice(3, 1000))),
        ((5000, 7, 3), (slice(None), slice(1, 6), 1)),
        ((70, 80, 90), (slice(None, None, -1), slice(None, None, 3))),
    ],
)
def test_the_kernel_is_the_reference(name, shape, index):
    draw, key = DRAWS[name], ai.Key(9, 2**32 - 5000)
    part = block(shape, index)
    expected = reference(draw, key, part.positions()).reshape(part.shape)
    out = host.new(draw, key, part)
    assert np.array_equal(out, expected.astype(draw.dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64"])
@pytest.mark.parametrize("std", [0.0, -0.0])
def test_without_a_std_all_are_the_zero_without_a_sign(std, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    for draw in (
        normal_draw(0.0, std, dtype),
        truncated_normal_draw(0.0, std, -2, 2, "sigma", "parent", dtype),
    ):
        bits = host.new(draw, ai.key(0), block((1000,))).view(np.uint8)
        assert not bits.any()


@pytest.mark.parametrize("name", ["symmetric", "two sigmas", "float64"])
def test_threads_and_chunks_do_not_change_a_value(name, monkeypatch):
    draw, key, n = DRAWS[name], ai.key(4), (1 << 20) + 7
    results = []
    for threads, chunk in (("1", 1 << 16), ("2", 1 << 16), ("3", 1000), ("1", 4096)):
        monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", threads)
        monkeypatch.setattr(kernel, "CHUNK", chunk)
        results.append(host.new(draw, key, block((n,))).tobytes())
    assert len(set(results)) == 1


@pytest.mark.parametrize(
    "layout",
    [
        lambda a: np.asfortranarray(a),
        lambda a: np.empty((a.shape[0] * 2, *a.shape[1:]), a.dtype)[::2],
        lambda a: np.empty(a.shape[::-1], a.dtype).T,
        lambda a: np.empty((*a.shape, 2), a.dtype)[..., 1],
        lambda a: np.empty(a.shape, a.dtype)[::-1, :, ::-1],
    ],
    ids=["fortran", "every other row", "transposed", "interleaved", "reversed"],
)
def test_memory_order_does_not_change_a_value(layout):
    shape = (70, 90, 80)
    expected = ai.draws.normal(shape, key=3)
    out = layout(np.empty(shape, np.float32))
    assert ai.draws.normal(shape, key=3, out=out) is out
    assert np.array_equal(out, expected)


def test_byte_order_of_the_other_kind():
    out = np.empty(1000, ">f4")
    ai.draws.normal(1000, key=1, out=out)
    assert np.array_equal(out, ai.draws.normal(1000, key=1))


@pytest.mark.parametrize(
    "text", ["256", "1000", "2147483648", "4294967296", "9" * 5000, "00003", ""]
)
def test_any_number_of_threads(monkeypatch, text):
    """No count is cut to fewer bits on its way to the library, which starts at most 256."""
    expected = ai.draws.normal(1 << 19, key=0)
    matrix = ai.orthogonal()((300, 300), key=0)
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", text)
    assert np.array_equal(ai.draws.normal(1 << 19, key=0), expected)
    assert np.array_equal(ai.orthogonal()((300, 300), key=0), matrix)
    if text:
        assert native.number_of_threads() == min(256, int(text[:9]))


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "٣", "+3", " 3", "000"])
def test_a_bad_number_of_threads(monkeypatch, text):
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", text)
    with pytest.raises(ValueError, match="AGNOSTIC_INIT_NUM_THREADS` must be a positive integer"):
        ai.draws.normal(1 << 19, key=0)


def test_memory_is_bounded(monkeypatch):
    import tracemalloc

    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "2")
    out = np.empty(1 << 22, np.float32)
    for draw in (
        ai.draws.uniform,
        ai.draws.normal,
        partial(ai.draws.truncated_normal, lower=4, upper=9),
    ):
        tracemalloc.start()
        draw(out.size, key=0, out=out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 << 20


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_what_a_subclass_of_numpys_array_adds_is_left_alone():
    for init in (ai.normal(), ai.uniform(-1, 1), ai.xavier_uniform(), ai.truncated_normal()):
        expected = init((64, 8), key=1)
        masked = np.ma.masked_array(np.zeros((64, 8), np.float32), mask=True)
        matrix = np.matrix(np.zeros((64, 8), np.float32))
        for out in (masked, matrix):
            init.fill(out, key=1)
            np.testing.assert_array_equal(np.asarray(out), expected)
        assert masked.mask.all()


@pytest.mark.parametrize("shape", [(64, 64), (512, 2048)])
def test_what_underflows_is_right_whatever_numpy_is_told_to_raise(shape):
    draws = [(ai.normal(), "float16"), (ai.normal(std=1e-38), "float32"), (ai.orthogonal(), None)]
    expected = [init(shape, key=0, dtype=dtype) for init, dtype in draws]
    with np.errstate(all="raise"):
        made = [init(shape, key=0, dtype=dtype) for init, dtype in draws]
    for ours, theirs in zip(made, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_interrupt_does_not_wait_for_what_has_not_begun(monkeypatch):
    begun = []

    def kernel(draw, key, positions, out, start, stop):
        begun.append(start)
        if start == 0:
            raise KeyboardInterrupt
        time.sleep(0.05)

    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "2")
    monkeypatch.setattr("agnostic_init.draws.engines.numpy.fill", kernel)
    with pytest.raises(KeyboardInterrupt):
        ai.normal()((64 * host.LARGEST_PART,), key=0)
    assert len(begun) < 32


def test_a_large_draw_is_made_when_the_interpreter_ends():
    """By the thread that is left."""
    program = """
import atexit, agnostic_init as ai
ai.normal()((1 << 19,), key=0)
atexit.register(lambda: print(float(ai.normal()((1 << 19,), key=0)[-1])))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"AGNOSTIC_INIT_NUM_THREADS": "2", "AGNOSTIC_INIT_ENGINE": "numpy"},
    )
    assert done.stderr == ""
    assert float(done.stdout) == ai.normal()((1 << 19,), key=0)[-1]


@pytest.mark.parametrize(
    "places", [range(0), range(3), range(7, 40, 3), range(9, -1, -1), range(2**62 - 3, 2**62 + 3)]
)
def test_keys_along_an_axis_are_those_of_its_places(places):
    key = Key(5, 2**64 - 9)
    assert host.keys_along(key, places) == [key.fold_in(place) for place in places]
