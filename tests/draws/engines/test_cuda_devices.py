"""What only a GPU can show: every launcher, other streams, other devices, more than 2^32 elements."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor

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
from agnostic_init.draws.engines.generic import compute

pytestmark = pytest.mark.gpu

KEY = Key(11, 12)
NORMAL = normal_draw(0.0, 1.0, "float32")
DRAWS = {
    "uniform": uniform_draw(0.0, 1.0, "float32"),
    "normal": NORMAL,
    "truncated": truncated_normal_draw(0.0, 0.02, -2.0, 2.0, "sigma", "parent", "float32"),
}
SIZE = 1 << 20
ON = {"torch": {"device": "cuda"}, "cupy": {}}
WORDS = "9ceaf053 77f5493b 12bf50ad 5742b3d7 fcdb2127 53ba6cfd 838f5a6e 744e06fb"


def expected(draw, part):
    return np.asarray(compute(draw, KEY, part, backend("numpy"), None))


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available() or torch.version.hip:
        pytest.skip("torch finds no GPU of NVIDIA's")
    return torch


@pytest.fixture
def cupy():
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy finds no GPU")
    return cupy


@pytest.fixture(params=["torch", "cupy"])
def library(request):
    """What draws and computes on a GPU."""
    return request.getfixturevalue(request.param)


def made(library, draw, key, part):
    """A block that the kernel fills, on the GPU."""
    engine = importlib.import_module(f"agnostic_init.draws.engines.cuda.{library.__name__}")
    assert engine.supports(draw)
    out = library.empty(part.shape, dtype=getattr(library, draw.dtype), **ON[library.__name__])
    engine.fill(draw, key, part, out)
    return out


def on_host(array):
    return array.get() if hasattr(array, "get") else array.cpu().numpy()


def test_known_answers(library):
    words = on_host(made(library, bits_draw("int64"), Key(42), block((8,))))
    assert " ".join(f"{word:08x}" for word in words.tolist()) == WORDS
    normal = on_host(made(library, NORMAL, Key(42), block((4,))))
    assert normal.tolist() == np.float32([1.3899606, 1.7295952, 0.66609496, -0.6416302]).tolist()


def test_every_input(library, quantile_table):
    """2^29 numbers drawn, among which each of the 2^24 is; by the hash of their table."""
    table = library.zeros(1 << 24, dtype=library.float32, **ON[library.__name__])
    shape = (32, 1 << 24)
    for row in range(32):
        part = block(shape, row)
        words = made(library, bits_draw("int64"), KEY, part) & 0xFFFFFF
        values = made(library, quantile_table.draw, KEY, part)
        table[words] = values
        assert bool((table[words] == values).all())
    found = on_host(table)
    assert np.all(found != 0.0)  # or an input was not drawn
    quantile_table.check(found)


@pytest.mark.parametrize("name", DRAWS)
def test_fill(torch, name):
    from agnostic_init.draws.engines.cuda import torch as engine

    assert engine.available()
    out = torch.full((SIZE,), torch.nan, device="cuda")
    engine.fill(DRAWS[name], KEY, block((SIZE,)), out)
    assert np.array_equal(out.cpu().numpy(), expected(DRAWS[name], block((SIZE,))))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_thousand_tensors_are_what_each_alone_would_be(torch, dtype):
    from agnostic_init.draws.engines.cuda import torch as engine

    draw, part = normal_draw(0.0, 0.02, dtype), block((64, 64))
    outs = torch.full((1000, 64, 64), torch.nan, dtype=getattr(torch, dtype), device="cuda")
    alone = torch.empty_like(outs)
    jobs = [(draw, Key(n, n), part, out) for n, out in enumerate(outs)]
    engine.fill(*jobs[0])  # the first use copies a table
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        engine.fill_many(jobs)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for (*job, _), out in zip(jobs, alone, strict=True):
        engine.fill(*job, out)
    assert torch.equal(outs, alone)


def test_many_tensors_in_a_graph(torch):
    """What a launch is told is in the graph: a replay writes the same again."""
    from agnostic_init.draws.engines.cuda import torch as engine

    jobs = [
        (DRAWS[name], Key(n, n), block((n,)), torch.zeros(n, device="cuda"))
        for name in DRAWS
        for n in range(1, 300, 7)
    ]
    engine.fill_many(jobs)
    wanted = [out.clone() for *_, out in jobs]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        engine.fill_many(jobs)
    for *_, out in jobs:
        out.zero_()
    graph.replay()
    assert all(torch.equal(out, want) for (*_, out), want in zip(jobs, wanted, strict=True))


def test_a_thousand_arrays_of_cupy(cupy):
    from agnostic_init.draws.engines.cuda import cupy as engine

    draw, part = normal_draw(0.0, 0.02, "float32"), block((64, 64))
    outs, alone = cupy.zeros((1000, 64, 64), np.float32), cupy.ones((1000, 64, 64), np.float32)
    engine.fill_many([(draw, Key(n, n), part, out) for n, out in enumerate(outs)])
    for n, out in enumerate(alone):
        engine.fill(draw, Key(n, n), part, out)
    assert bool((outs == alone).all())


def test_a_thread_that_has_just_begun(torch):
    """It has no context of its own yet."""
    from agnostic_init.draws.engines.cuda import torch as engine

    out = torch.zeros(SIZE, device="cuda")
    torch.cuda.synchronize()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(engine.fill, NORMAL, KEY, block((SIZE,)), out).result()
    torch.cuda.synchronize()
    assert np.array_equal(out.cpu().numpy(), expected(NORMAL, block((SIZE,))))


def test_torchs_current_stream(torch):
    """A fill waits for what its stream does first, and other work of the stream for the fill."""
    from agnostic_init.draws.engines.cuda import torch as engine

    stream = torch.cuda.Stream()
    out = torch.zeros(SIZE, device="cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        out.fill_(5.0)
        engine.fill(NORMAL, KEY, block((SIZE,)), out)
        doubled = out * 2.0
    stream.synchronize()
    assert np.array_equal(doubled.cpu().numpy(), 2.0 * expected(NORMAL, block((SIZE,))))


def test_cupys_current_stream(cupy):
    from agnostic_init.draws.engines.cuda import cupy as engine

    out = cupy.zeros(SIZE, dtype=np.float32)
    cupy.cuda.Device().synchronize()
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        out.fill(5.0)
        engine.fill(NORMAL, KEY, block((SIZE,)), out)
        doubled = out * np.float32(2.0)
    stream.synchronize()
    assert np.array_equal(doubled.get(), 2.0 * expected(NORMAL, block((SIZE,))))


def test_another_device_of_torch(torch):
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU only")
    from agnostic_init.draws.engines.cuda import torch as engine

    outs = [torch.zeros(SIZE, device=f"cuda:{n}") for n in (1, 0, 1)]
    for out in outs:
        engine.fill(NORMAL, KEY, block((SIZE,)), out)
        assert torch.cuda.current_device() == 0
    for out in outs:
        assert np.array_equal(out.cpu().numpy(), expected(NORMAL, block((SIZE,))))


def test_another_device_of_cupy(cupy):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("one GPU only")
    from agnostic_init.draws.engines.cuda import cupy as engine

    for number in (1, 0):
        with cupy.cuda.Device(number):
            out = cupy.zeros(SIZE, dtype=np.float32)
        engine.fill(NORMAL, KEY, block((SIZE,)), out)
        assert np.array_equal(out.get(), expected(NORMAL, block((SIZE,))))


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWS)
def test_more_than_2_32_elements(torch, name):
    """Every element is written, and those at the seams are right."""
    from agnostic_init.draws.engines.cuda import torch as engine

    count = (1 << 32) + 12345
    free, _ = torch.cuda.mem_get_info()
    if free < count * 4 * 1.2:
        pytest.skip("too little memory")
    out = torch.full((count,), torch.nan, device="cuda")
    engine.fill(DRAWS[name], KEY, block((count,)), out)
    for start in range(0, count, 1 << 28):
        assert not bool(out[start : start + (1 << 28)].isnan().any())
    for start in (0, (1 << 31) - 500, (1 << 32) - 500, count - 1000):
        part = block((count,), slice(start, start + 1000))
        found = out[start : start + 1000].cpu().numpy()
        assert np.array_equal(found, expected(DRAWS[name], part))
