"""torch's way to the kernel, with the host in the place of a GPU."""

from __future__ import annotations

import contextlib
import functools
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import bits_draw, normal_draw, uniform_draw
from agnostic_init.draws.engines import cuda
from agnostic_init.draws.engines.cuda.source import source
from agnostic_init.draws.engines.generic import compute

torch = pytest.importorskip("torch")

KEY = Key(3, 4)


class Program:
    """Stands for what compiles and launches; there is nothing in it that could wait or copy."""

    def __init__(self, library):
        self.library, self.launched = library, []

    def version(self):
        return 13, 5

    def function(self, text, index, capability):
        assert (index, capability) == (None, (9, 0))
        (variant,) = (variant for variant in self.variants if source(variant) == text)

        def run(blocks, threads, stream, arguments):
            assert (threads, stream) == (variant.threads, 77)
            self.launched.append(variant)
            self.library(variant).fill_grid(blocks, threads, arguments)

        return run


@functools.cache
def table(make, q, index):
    return torch.from_numpy(make(q).view("i4").copy())


@pytest.fixture
def engine(monkeypatch, host):
    from agnostic_init.draws.engines.cuda import torch as engine

    program = Program(host.library)
    program.variants = set()
    made = engine.source
    properties = SimpleNamespace(multi_processor_count=2)
    stream = SimpleNamespace(cuda_stream=77)
    monkeypatch.setattr(engine, "program", lambda: program)
    monkeypatch.setattr(engine.driver, "version", lambda: (13, 0))
    monkeypatch.setattr(engine, "source", lambda v: program.variants.add(v) or made(v))
    monkeypatch.setattr(engine, "_table", table)
    monkeypatch.setattr(torch.cuda, "device", lambda index: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda index: stream)
    monkeypatch.delattr(torch._C, "_cuda_getCurrentRawStream", raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    engine._processors.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (9, 0))
    caches = engine._kernel, engine._room, engine._ships, engine._architectures, engine._processors
    for cache in caches:
        cache.cache_clear()
    yield engine
    for cache in caches:
        cache.cache_clear()


def expected(draw, part):
    return np.asarray(compute(draw, KEY, part, backend("numpy"), None))


def test_without_a_gpu():
    from agnostic_init.draws.engines.cuda import torch as engine

    if torch.cuda.is_available() and not torch.version.hip:
        pytest.skip("there is a GPU")
    assert not engine.available()
    assert not engine.supports(normal_draw(0.0, 1.0, "float32"))


def test_switched_off(engine, monkeypatch):
    assert engine.supports(normal_draw(0.0, 1.0, "float32"))
    assert not engine.supports(normal_draw(0.0, 1.0, "float8_e5m2"))
    monkeypatch.setenv("AGNOSTIC_INIT_CUDA", "0")
    assert not engine.supports(normal_draw(0.0, 1.0, "float32"))


@pytest.mark.parametrize(
    "draw",
    [
        normal_draw(0.0, 1.0, "float32"),
        uniform_draw(0.0, 1.0, "float64"),
        bits_draw("int64"),
        normal_draw(1.0, 2.0, "complex64"),
    ],
    ids=lambda draw: draw.dtype,
)
def test_fill(engine, draw):
    part = block((40, 50), (slice(3, 30), slice(None)))
    out = torch.zeros(part.shape, dtype=getattr(torch, draw.dtype))
    version = out._version
    engine.fill(draw, KEY, part, out)
    assert np.array_equal(out.numpy(), expected(draw, part))
    assert out._version == version + 1

    transposed = torch.zeros(part.shape[::-1], dtype=out.dtype).T
    engine.fill(draw, KEY, part, transposed)
    assert torch.equal(transposed, out)


def test_parameters_and_conjugates(engine):
    draw, part = normal_draw(0.0, 1.0, "float32"), block((7, 9))
    weight = torch.nn.Parameter(torch.zeros(7, 9))
    engine.fill(draw, KEY, part, weight)
    assert np.array_equal(weight.detach().numpy(), expected(draw, part))

    draw = normal_draw(0.0, 1.0, "complex64")
    conjugate = torch.zeros(7, 9, dtype=torch.complex64).conj()
    engine.fill(draw, KEY, part, conjugate)
    assert np.array_equal(conjugate.resolve_conj().numpy(), expected(draw, part))


def test_an_empty_block_launches_nothing(engine):
    engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((0, 3)), torch.zeros(0, 3))
    assert not engine.program().launched


def test_shared_elements_are_an_error(engine):
    with pytest.raises(ValueError, match="`out` must not have elements that share memory"):
        engine.fill(
            normal_draw(0.0, 1.0, "float32"), KEY, block((4, 3)), torch.zeros(1, 3).expand(4, 3)
        )


def test_a_missing_compiler_is_said(engine, monkeypatch):
    from agnostic_init.draws.engines.cuda.errors import KernelError

    monkeypatch.setattr(engine, "program", lambda: None)
    out = torch.full((8,), -1.0)
    with pytest.raises(KernelError, match="there is nothing to compile it with; try: "):
        engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), out)
    assert bool((out == -1.0).all())


@pytest.mark.parametrize("where", ["table", "compile", "launch"])
def test_out_of_memory_is_torchs_own_error(engine, monkeypatch, where):
    """Nothing is said about compilers, and nothing is written."""

    def fails(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 48.00 KiB")

    if where == "table":
        monkeypatch.setattr(engine, "_table", fails)
    else:
        fake = SimpleNamespace(function=fails if where == "compile" else lambda *a: fails)
        monkeypatch.setattr(engine, "program", lambda: fake)
    out = torch.full((8,), -1.0)
    with pytest.raises(torch.OutOfMemoryError, match=r"^CUDA out of memory. Tried to"):
        engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), out)
    assert bool((out == -1.0).all())


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("CUDA_ERROR_OUT_OF_MEMORY: out of memory", "try: to free memory of the device"),
        ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION: ...", "try: a newer CUDA driver, or an NVRTC no"),
        ("CUDA driver version is insufficient for", "try: a newer CUDA driver, or an NVRTC no"),
        ("CUDA_ERROR_ILLEGAL_ADDRESS: an illegal", "try: CUDA_LAUNCH_BLOCKING=1, as it was an"),
        ("NVRTC_ERROR_INVALID_OPTION for sm_130", r"try: .* NVRTC that know this GPU \(pip"),
    ],
)
@pytest.mark.parametrize("where", ["Compiling", "Launching"])
def test_each_failure_has_its_remedy(engine, monkeypatch, reason, remedy, where):
    from agnostic_init.draws.engines.cuda.errors import KernelError

    def fails(*arguments):
        raise RuntimeError(reason)

    fake = SimpleNamespace(function=fails if where == "Compiling" else lambda *a: fails)
    monkeypatch.setattr(engine, "program", lambda: fake)
    out = torch.full((8,), -1.0)
    with pytest.raises(KernelError, match=f"^{where} a CUDA kernel failed: {reason}.*{remedy}"):
        engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), out)
    assert bool((out == -1.0).all())


class Elsewhere(torch.Tensor):
    """A tensor that says it is on the second GPU."""

    device = torch.device("cuda", 1)


def test_the_arrays_device_is_current_for_its_fill(engine, monkeypatch):
    entered, asked = [], []

    @contextlib.contextmanager
    def device(index):
        entered.append(index)
        yield
        entered.append("left")

    def function(text, index, capability):
        return lambda *given: asked.append((index, list(entered)))

    def table_of(make, q, index):
        asked.append(index)
        return table(make, q, index)

    monkeypatch.setattr(torch.cuda, "device", device)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: -1)
    monkeypatch.setattr(engine, "_table", table_of)
    monkeypatch.setattr(engine, "program", lambda: SimpleNamespace(function=function))
    out = torch.zeros(8).as_subclass(Elsewhere)
    engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), out)
    assert asked == [1, (1, [1])]
    assert entered == [1, "left"]


@pytest.mark.parametrize("missing", ["package", "compiler"])
def test_without_a_compiler_torchs_operations_are_used_after_a_warning(monkeypatch, missing):
    from agnostic_init.draws.engines.cuda import torch as engine

    name = "agnostic_init.draws.engines.cuda.program"

    def no_compiler():
        raise RuntimeError("there is no libnvrtc")

    found = None if missing == "package" else SimpleNamespace(version=no_compiler)
    monkeypatch.setitem(sys.modules, name, found)
    monkeypatch.setattr(cuda, "program", found, raising=False)
    if missing == "package":
        monkeypatch.delattr(cuda, "program")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", "12.6")
    engine.program.cache_clear()
    try:
        with pytest.warns(
            RuntimeWarning, match=r"slow, as there is no compiler .*bindings==12\.\*"
        ):
            assert not engine.supports(normal_draw(0.0, 1.0, "float32"))
        assert engine.program() is None  # and nothing is said twice
    finally:
        engine.program.cache_clear()


def test_nothing_is_said_where_the_kernel_is_switched_off(monkeypatch):
    from agnostic_init.draws.engines.cuda import torch as engine

    monkeypatch.setenv("AGNOSTIC_INIT_CUDA", "0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("looked for a GPU"))
    engine.program.cache_clear()
    assert not engine.available()


SMALL = normal_draw(0.0, 0.02, "float32")


def test_many_tensors(engine):
    """Small ones in one launch for each kernel; what is not contiguous, or large, in its own."""
    draws = [SMALL, normal_draw(0.0, 0.1, "float32"), uniform_draw(-1.0, 1.0, "bfloat16")]
    jobs = []
    for n in range(1, 40):
        draw = draws[n % 3]
        out = torch.zeros(n, 9, dtype=getattr(torch, draw.dtype))
        jobs.append((draw, Key(n, 7), block((n, 9)), out))
    jobs.append((SMALL, Key(50, 7), block((6, 8)), torch.zeros(8, 6).T))
    jobs.append((SMALL, Key(51, 7), block((0, 8)), torch.zeros(0, 8)))
    versions = [out._version for *_, out in jobs]
    engine.fill_many(jobs)
    for *job, out in jobs:
        wanted = np.asarray(compute(*job, backend("numpy"), None)).astype(np.float32)
        assert np.array_equal(out.float().numpy(), wanted)
    assert [out._version for *_, out in jobs] == [version + 1 for version in versions]
    launched = engine.program().launched
    assert len(launched) == 3
    assert sorted(bool(variant.many) for variant in launched) == [False, True, True]


def test_many_tensors_with_conjugates_among_them(engine):
    draw, part = normal_draw(0.0, 1.0, "complex64"), block((7, 9))
    outs = [torch.zeros(7, 9, dtype=torch.complex64) for _ in range(3)]
    engine.fill_many(
        [(draw, KEY, part, out.conj() if n == 1 else out) for n, out in enumerate(outs)]
    )
    assert torch.equal(outs[0], outs[2])
    assert torch.equal(outs[0], outs[1].conj())
    assert np.array_equal(outs[0].numpy(), expected(draw, part))


def test_nothing_is_written_if_one_of_many_is_refused(engine):
    jobs = [(SMALL, KEY, block((4, 3)), torch.zeros(4, 3)) for _ in range(3)]
    jobs.append((SMALL, KEY, block((4, 3)), torch.zeros(1, 3).expand(4, 3)))
    with pytest.raises(ValueError, match="`out` must not have elements that share memory"):
        engine.fill_many(jobs)
    assert not any(out.any() for *_, out in jobs)
    assert not engine.program().launched


def test_tensors_of_several_devices(engine, monkeypatch):
    """Each device's in a launch of their own, while it is current."""
    entered = []

    @contextlib.contextmanager
    def device(index):
        entered.append(index)
        yield

    def function(text, index, capability):
        return lambda *given: entered.append(f"launched on {index}")

    monkeypatch.setattr(torch.cuda, "device", device)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: -1)
    fake = SimpleNamespace(function=function, version=lambda: (13, 0))
    monkeypatch.setattr(engine, "program", lambda: fake)
    jobs = [(SMALL, KEY, block((8,)), torch.zeros(8)) for _ in range(6)]
    jobs[::2] = [(*job, out.as_subclass(Elsewhere)) for *job, out in jobs[::2]]
    engine.fill_many(jobs)
    assert entered == [1, "launched on 1", None, "launched on None"]
