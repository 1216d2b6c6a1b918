"""The CUDA source gives the reference's bits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import FORMS, PART_BYTES
from agnostic_init.draws.engines.cuda.table import coarse, table
from agnostic_init.draws.engines.generic import compute
from agnostic_init.draws.quantile import quantile

KEY = Key(0x0123456789ABCDEF, 0xFFFFFFFFFFFFFFF0)  # the counter wraps after 64 words
INF = math.inf


def truncated(lower, upper, mean=0.0, std=1.0, dtype="float32", bounds="sigma"):
    return truncated_normal_draw(mean, std, lower, upper, bounds, "parent", dtype)


def expected(draw, key, part):
    """The reference's values as bytes, of shape (*part.shape, itemsize)."""
    if draw.dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    values = np.ascontiguousarray(compute(draw, key, part, backend("numpy"), None))
    return values.reshape(-1).view(np.uint8).reshape(*part.shape, values.itemsize)


def size_of(draw):
    form, parts = FORMS[draw.dtype]
    return parts * PART_BYTES[form]


def contiguous(part):
    """Strides in elements."""
    return [math.prod(part.shape[axis + 1 :]) for axis in range(len(part.shape))]


def check(device, draw, part, strides=None, offset=64, key=KEY):
    """Fill a block by the device, and compare it and the memory around it."""
    size = size_of(draw)
    if strides is None:
        strides = contiguous(part)
    low = sum((n - 1) * s for n, s in zip(part.shape, strides, strict=True) if s < 0)
    high = sum((n - 1) * s for n, s in zip(part.shape, strides, strict=True) if s > 0)
    if low and not device.negative_strides:
        pytest.skip("no negative strides there")
    memory = aligned(offset + (high - low + 1) * size + 64)
    memory[:] = 0xA5
    wanted = memory.copy()
    start = offset - low * size
    device.fill(draw, key, part, memory, start, strides)
    write(wanted, draw, key, part, strides, start)
    compare(memory, wanted)


def check_many(device, arrays, most=4096):
    """Fill many arrays by the device, each of a draw, a key, a block and strides, and compare."""
    jobs, place = [], 64
    for draw, key, part, strides in arrays:
        size = size_of(draw)
        place += -place % size
        jobs.append((draw, key, part, strides, place))
        ends = zip(part.shape, strides, strict=True)
        place += (sum((n - 1) * s for n, s in ends) + 3) * size  # the next begins anywhere
    check_jobs(device, jobs, place + 64, most)


def check_jobs(device, jobs, size, most=4096):
    """The same, where they are so many bytes into a memory of this size."""
    memory = aligned(size)
    memory[:] = 0xA5
    wanted = memory.copy()
    device.fill_many(jobs, memory, most)
    for job in jobs:
        write(wanted, *job)
    compare(memory, wanted)


def write(memory, draw, key, part, strides, start):
    """What is expected of a fill."""
    size = size_of(draw)
    steps = (*(s * size for s in strides), 1)
    np.ndarray((*part.shape, size), np.uint8, memory, start, steps)[...] = expected(draw, key, part)


def compare(memory, wanted):
    different = np.flatnonzero(memory != wanted)
    assert different.size == 0, (different[:8], memory[different[:8]], wanted[different[:8]])


def aligned(size):
    """Bytes that begin at a multiple of 64."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def test_exhaustive_tables(device, quantile_table):
    plan = launch(quantile_table.draw, Key(0), block((4,)), [1])
    assert plan.variant.kind == "TABLE"
    assert plan.variant.finish == "FACTOR"
    assert not plan.variant.clip_low
    assert not plan.variant.clip_high
    m = np.arange(1 << 24, dtype=np.uint32)
    z = device.evaluate(plan, m | (m * np.uint32(2654435761) & np.uint32(0xFF000000)))
    quantile_table.check(z.astype(np.uint32).view(np.float32))
    if device.name.startswith("host"):
        library, entries = device.library(plan.variant), plan.table(plan.quantile)
        undecided = library.undecided(
            m.ctypes.data_as(np.ctypeslib.ctypes.c_void_p),
            m.size,
            entries.ctypes.data_as(np.ctypeslib.ctypes.c_void_p),
        )
        assert undecided < m.size / 3300


@pytest.mark.parametrize("scale", [1.0, 0.02])
@pytest.mark.parametrize("name", ["normal", "truncated"])
def test_exhaustive_bfloat16(device, name, scale):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    m = np.arange(1 << 24, dtype=np.uint32)
    found = {}
    for dtype in ("float32", "bfloat16"):
        draw = normal_draw(0.0, scale, dtype)
        if name == "truncated":
            draw = truncated(-2.0, 2.0, std=scale, dtype=dtype)
        plan = launch(draw, Key(0), block((8,)), [1])
        found[dtype] = device.evaluate(plan, m).astype(np.uint32).view(np.float32)
    assert plan.variant.kind == "COARSE"
    values = found["bfloat16"].astype(ml_dtypes.bfloat16)
    wanted = np.clip(found["float32"], np.float32(draw.low), np.float32(draw.high))
    assert np.array_equal(values.view(np.uint16), wanted.astype(ml_dtypes.bfloat16).view(np.uint16))


@pytest.mark.parametrize("bounds", [(-INF, INF), (-2.0, 2.0)])
def test_coarse_bounds(host, bounds):
    """Every float32 quantile is between its bounds, from which the rest follows for any scale."""
    q = quantile(*bounds, 24)
    draws = [truncated(*bounds, dtype=dtype) for dtype in ("float32", "bfloat16")]
    single, brain = (launch(draw, Key(0), block((8,)), [1]) for draw in draws)
    assert (single.table, brain.table) == (table, coarse)
    words = np.arange(1 << 23, dtype=np.uint32)
    z = host.evaluate(single, words).astype(np.uint32).view(np.float32)
    least, most = np.empty_like(z), np.empty_like(z)
    places = [np.ctypeslib.ctypes.c_void_p(x.ctypes.data) for x in (words, coarse(q), least, most)]
    host.library(brain.variant).bounds_of(places[0], words.size, *places[1:])
    assert np.all(least * np.float32(2.0**-29) <= -z)
    assert np.all(most * np.float32(2.0**-29) >= -z)
    # In float32, what bfloat16 leaves open between them.
    halves = [(x.view(np.uint32) + 0x8000) >> 16 for x in (least, most)]
    assert np.count_nonzero(halves[0] != halves[1]) < words.size / 9000


DRAWS = {
    "words": bits_draw("uint32"),
    "words-int64": bits_draw("int64"),
    "uniform": uniform_draw(0.0, 1.0, "float32"),
    "uniform-symmetric": uniform_draw(-0.3, 0.3, "float32"),
    "uniform-shifted": uniform_draw(1.0, 2.0, "float32"),
    "uniform-narrow": uniform_draw(1.0, 1.0 + 2.0**-20, "float32"),
    "uniform-half": uniform_draw(0.0, 1.0, "float16"),
    "uniform-brain": uniform_draw(1.0, 2.0, "bfloat16"),
    "uniform-brain-symmetric": uniform_draw(-0.05, 0.05, "bfloat16"),
    "uniform-double": uniform_draw(-1.0, 3.0, "float64"),
    "uniform-tiny": uniform_draw(-1e-40, 1e-40, "float32"),
    "uniform-huge": uniform_draw(-1.5e38, 1.5e38, "float32"),
    "normal": normal_draw(0.0, 1.0, "float32"),
    "normal-scaled": normal_draw(0.0, 0.02, "float32"),
    "normal-shifted": normal_draw(-3.0, 0.1, "float32"),
    "normal-cancelling": normal_draw(1.0, 1e12, "float32"),
    "normal-far-away": normal_draw(1e-19, 1.0, "float32"),
    "truncated-shifted": truncated(-2.0, 2.0, mean=0.3, std=0.1),
    "truncated-shifted-brain": truncated(-2.0, 2.0, mean=5.0, std=0.1, dtype="bfloat16"),
    "uniform-uneven": uniform_draw(-0.1, 0.25, "float32"),
    "uniform-uneven-half": uniform_draw(-0.1, 0.25, "float16"),
    "normal-tiny": normal_draw(0.0, 1e-39, "float32"),
    "normal-least": normal_draw(0.0, 2.0**-149, "float32"),
    "normal-zero": normal_draw(0.0, 0.0, "float32"),
    "normal-zero-moved": normal_draw(-0.0, 0.0, "float32"),
    "normal-half": normal_draw(0.0, 1e-5, "float16"),
    "normal-brain": normal_draw(0.0, 0.02, "bfloat16"),
    "normal-brain-tiny": normal_draw(0.0, 1e-39, "bfloat16"),
    "normal-double": normal_draw(0.5, 2.0, "float64"),
    "normal-complex": normal_draw(0.0, 1.0, "complex64"),
    "normal-complex-moved": normal_draw(1.0 - 2.0j, 1.0, "complex64"),
    "normal-complex-double": normal_draw(1.0 - 2.0j, 1.0, "complex128"),
    "truncated": truncated(-2.0, 2.0),
    "truncated-scaled": truncated(-2.0, 2.0, std=0.0123),
    "truncated-brain": truncated(-2.0, 2.0, std=0.02, dtype="bfloat16"),
    "truncated-half": truncated(-2.0, 2.0, std=0.02, dtype="float16"),
    "truncated-one-sided": truncated(0.0, INF),
    "truncated-uneven": truncated(-1.0, 3.0, mean=1.0),
    "truncated-narrow": truncated(0.1, 0.1001),
    "truncated-subnormal": truncated(-1e-40, 1e-40),
    "truncated-tail": truncated(4.0, 1000.0),
    "truncated-far": truncated(-40.0, -39.0),
    "truncated-farther": truncated(8.0, 1e5),
    "truncated-beyond": truncated(50.0, INF, dtype="float64"),
    "truncated-absolute": truncated(0.0, INF, mean=1.0, bounds="absolute"),
    "truncated-double": truncated(-1.0, 2.0, dtype="float64"),
    "disk": uniform_draw(-1.0, 1.0, "complex64"),
    "annulus": uniform_draw(0.5, 2.0, "complex128"),
    "modulus": truncated(-2.0, 2.0, dtype="complex64"),
    "modulus-double": truncated(-2.0, 2.0, dtype="complex128"),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws(device, name):
    check(device, DRAWS[name], block((1235,)))


BLOCKS = {
    "nothing": ((0, 3), None),
    "scalar": ((), None),
    "one": ((5, 7), (3, 4)),
    "matrix": ((67, 45), None),
    "rows": ((67, 44), slice(3, 60)),
    "columns": ((67, 44), (slice(None), slice(5, 27))),
    "odd-columns": ((41, 37), (slice(None), slice(6, 36))),
    "steps": ((67, 45), (slice(None, None, 3), slice(1, None, 2))),
    "backwards": ((67, 45), (slice(None, None, -1), slice(None, None, -2))),
    "inner": ((9, 8, 10), (slice(None), slice(2, 7), slice(3, 8))),
    "four-axes": ((5, 6, 7, 8), (slice(1, 4), slice(0, 6, 2), slice(1, 6), slice(2, 7))),
    "column": ((67, 45), (slice(None), 11)),
    "beyond-2^32": ((1 << 21, 1 << 21), (slice(-3, None), slice(-700, None))),
    "across-2^34": ((1 << 33, 8), (slice((1 << 31) - 9, (1 << 31) + 9), slice(1, 8))),
    "last": ((1 << 32, 1 << 32), (slice(-5, None), slice(-111, None))),
    "last-backwards": ((1 << 32, 1 << 32), (slice(None, -6, -1), slice(None, -111, -1))),
}
OF_BLOCKS = ("normal", "uniform-brain-symmetric", "words-int64", "normal-complex", "uniform-double")


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("draw", OF_BLOCKS[:2])
def test_blocks(place, draw, name):
    shape, index = BLOCKS[name]
    check(place, DRAWS[draw], block(shape, index))


@pytest.mark.parametrize("name", ["odd-columns", "backwards", "last"])
@pytest.mark.parametrize("draw", OF_BLOCKS[2:])
def test_blocks_of_other_sizes(place, draw, name):
    shape, index = BLOCKS[name]
    check(place, DRAWS[draw], block(shape, index))


@pytest.mark.parametrize("strides", [[1, 40], [2, 90], [100, 2], [50, 1], [-45, -1], [-1, 40]])
@pytest.mark.parametrize("draw", OF_BLOCKS)
def test_strides(place, draw, strides):
    check(place, DRAWS[draw], block((37, 43)), strides)


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("draw", ["normal", "normal-brain", "uniform-double"])
def test_misaligned(place, draw, first):
    """Memory that begins anywhere, and blocks that begin anywhere in the stream."""
    size = size_of(DRAWS[draw])
    for start in range(5):
        part = block((600,), slice(start, 517 + first))
        check(place, DRAWS[draw], part, offset=64 + first * size)


def test_random_blocks(place):
    """Shapes, slices and strides drawn at random, few kernels among them."""
    random = np.random.default_rng(5)
    for _ in range(60):
        rank = int(random.integers(1, 4))
        shape = tuple(int(n) for n in random.integers(1, 20, rank))
        index = []
        for length in shape:
            start, stop = sorted(int(n) for n in random.integers(0, length + 1, 2))
            index.append(slice(start, stop, int(random.integers(1, 3))))
        part = block(shape, tuple(index))
        order = random.permutation(rank)
        strides, step = [0] * rank, 1
        for axis in order:
            strides[axis] = step
            step *= part.shape[axis] + int(random.integers(0, 2))
        if part.size:
            check(place, DRAWS["normal"], part, strides, key=Key(int(random.integers(1 << 60))))


def test_casts(device):
    """Every rounding of float32 to 16 bits: all exponents and signs, ties and their neighbours."""
    if not device.name.startswith("host"):
        pytest.skip("the hardware casts there")
    if device.name == "host-flushing":
        pytest.skip("NumPy would not flush")
    high = np.arange(1 << 16, dtype=np.uint32)[:, None] << np.uint32(16)
    low = np.asarray([0, 1, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
    singles = np.ravel(high | low.astype(np.uint32))
    singles = singles[(singles & 0x7FFFFFFF) <= 0x7F800000]
    values = singles.view(np.float32)
    for dtype in ("float16", "bfloat16"):
        form = normal_draw(0.0, 1.0, dtype)
        library = device.library(launch(form, Key(0), block((8,)), [1]).variant)
        found = np.empty(singles.size, np.uint32)
        pointers = [np.ctypeslib.ctypes.c_void_p(x.ctypes.data) for x in (singles, found)]
        library.store_singles(*pointers, singles.size)
        if dtype == "bfloat16":
            wanted = values.astype(pytest.importorskip("ml_dtypes").bfloat16)
        else:
            with np.errstate(over="ignore"):
                wanted = values.astype(np.float16)
        assert np.array_equal(found, wanted.view(np.uint16).astype(np.uint32))


def pieces(draw, sizes, more=()):
    """Arrays of these sizes, from different places of different streams, and more blocks."""
    parts = [block((size + 5,), slice(n % 6, n % 6 + size)) for n, size in enumerate(sizes)]
    keys = [Key(n << 40 | 7, (1 << 64) - 1 - n) for n in range(len(parts) + len(more))]
    return [(draw, k, p, contiguous(p)) for k, p in zip(keys, [*parts, *more], strict=True)]


FAR_AWAY = [
    block((1 << 21, 1 << 21), (-1, slice(-700, None))),
    block((1 << 33, 8), slice((1 << 31) - 9, (1 << 31) + 9)),
    block((1 << 32, 1 << 32), (-1, slice(-4111, None))),
]


@pytest.mark.parametrize("name", DRAWS)
def test_many_arrays_of_a_draw(place, name):
    """Shorter than a unit, whole chunks and their neighbours, and far away in the stream."""
    sizes = (1, 4096, 3, 8192, 0, 4095, 4097, 20, 9001)
    check_many(place, pieces(DRAWS[name], sizes, FAR_AWAY))


@pytest.mark.parametrize(
    "name", ["normal-scaled", "normal-brain", "uniform-shifted", "normal-tiny"]
)
def test_many_arrays_on_every_device(device, name):
    check_many(device, pieces(DRAWS[name], (64 * 64, 4099, 7), FAR_AWAY), 32760)


@pytest.mark.parametrize("draw", ["normal", "uniform-brain-symmetric"])
def test_many_arrays_that_begin_anywhere(place, draw):
    """In memory and in the stream, so that chunks are whole or cut at either end."""
    size = size_of(DRAWS[draw])
    jobs, at = [], 64
    for lead in range(5):
        for shift in range(4):
            for count in (4093, 8200):
                at += -at % 16 + shift * size
                part = block((9000,), slice(lead, lead + count))
                jobs.append((DRAWS[draw], Key(lead, at), part, [1], at))
                at += count * size + 16
    check_jobs(place, jobs, at + 64)


def test_many_arrays_of_many_draws(place):
    """Dtypes, kinds, scales and strides in one call."""
    arrays = []
    for n in range(120):
        scaled = normal_draw(0.0, 0.001 * (1 + n % 50), "float32")
        arrays += pieces(scaled, (n, 3 * n))
    for name, draw in DRAWS.items():
        if name in OF_BLOCKS or name.startswith("uniform"):
            arrays += pieces(draw, (100, 37))
    part = block((37, 43))
    arrays += [
        (DRAWS[name], KEY, part, strides) for name in OF_BLOCKS for strides in ([1, 40], [50, 1])
    ]
    np.random.default_rng(3).shuffle(arrays)
    check_many(place, arrays)


def test_arrays_that_overlap_are_filled_in_their_order(place):
    first, second = normal_draw(0.0, 1.0, "float32"), normal_draw(5.0, 1.0, "float32")
    part = block((300,))
    for draws in ((first, second), (second, first)):
        jobs = [(draw, KEY, part, [1], 64 + 400 * n) for n, draw in enumerate(draws)]
        check_jobs(place, jobs, 4096)
