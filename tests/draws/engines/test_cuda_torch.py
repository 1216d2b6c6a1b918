"""torch's way to the kernel, with the host in the place of a GPU."""

from __future__ import annotations

import contextlib
import ctypes
from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import bits_draw, normal_draw, uniform_draw
from agnostic_init.draws.engines.generic import compute

torch = pytest.importorskip("torch")

KEY = Key(3, 4)


class Launcher:
    """Stands for one of the modules that compile and launch."""

    def __init__(self, library):
        self.library, self.calls = library, 0

    def kernel(self, variant, index, capability):
        assert (index, capability) == (None, (9, 0))

        def run(blocks, out, table, words):
            self.calls += 1
            self.library(variant).fill_grid(
                blocks,
                variant.threads,
                ctypes.c_void_p(out.data_ptr()),
                ctypes.c_void_p(table.data_ptr()),
                *map(ctypes.c_uint32, words),
            )

        return run


@pytest.fixture
def engine(monkeypatch, host):
    from agnostic_init.draws.engines.cuda import torch as engine

    launcher = Launcher(host.library)
    properties = SimpleNamespace(multi_processor_count=2)
    monkeypatch.setattr(engine, "launcher", lambda: launcher)
    monkeypatch.setattr(
        engine, "_table", lambda make, q, index: torch.from_numpy(make(q).view("i4").copy())
    )
    monkeypatch.setattr(torch.cuda, "device", lambda index: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (9, 0))
    engine._kernel.cache_clear()
    yield engine
    engine._kernel.cache_clear()


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
    assert engine.launcher().calls == 0


def test_shared_elements_are_an_error(engine):
    with pytest.raises(ValueError, match="`out` must not have elements that share memory"):
        engine.fill(
            normal_draw(0.0, 1.0, "float32"), KEY, block((4, 3)), torch.zeros(1, 3).expand(4, 3)
        )


def test_a_missing_compiler_is_said(engine, monkeypatch):
    from agnostic_init.draws.engines.cuda.errors import KernelError

    monkeypatch.setattr(engine, "launcher", lambda: None)
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
        fake = SimpleNamespace(kernel=fails if where == "compile" else lambda *a: fails)
        monkeypatch.setattr(engine, "launcher", lambda: fake)
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

    fake = SimpleNamespace(kernel=fails if where == "Compiling" else lambda *a: fails)
    monkeypatch.setattr(engine, "launcher", lambda: fake)
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

    def kernel(variant, index, capability):
        return lambda blocks, out, table, words: asked.append((index, table, list(entered)))

    monkeypatch.setattr(torch.cuda, "device", device)
    monkeypatch.setattr(engine, "_table", lambda make, q, index: f"table of {index}")
    monkeypatch.setattr(engine, "launcher", lambda: SimpleNamespace(kernel=kernel))
    out = torch.zeros(8).as_subclass(Elsewhere)
    engine.fill(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), out)
    assert asked == [(1, "table of 1", [1])]
    assert entered == [1, "left"]


def test_without_a_compiler_torchs_operations_are_used(monkeypatch):
    from agnostic_init.draws.engines.cuda import torch as engine

    missing = SimpleNamespace(usable=lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(engine.importlib, "import_module", lambda name: missing)
    engine.launcher.cache_clear()
    try:
        assert engine.launcher() is None
        assert not engine.supports(normal_draw(0.0, 1.0, "float32"))
    finally:
        engine.launcher.cache_clear()


def test_through_the_driver(monkeypatch, tmp_path):
    from agnostic_init.draws.engines.cuda import through_torch
    from agnostic_init.draws.engines.cuda.parameters import launch

    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path))
    compiled, launched = [], []

    class Function:
        def __init__(self, cubin, name, index):
            assert (cubin, name, index) == (b"cubin", "fill", 1)

        def launch(self, *arguments):
            launched.append(arguments)

    def compile_it(text, arch, options, major):
        compiled.append((arch, options, major))
        return b"cubin"

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(through_torch.nvrtc, "version", lambda major: "13.5")
    monkeypatch.setattr(through_torch.nvrtc, "compiled", compile_it)
    monkeypatch.setattr(through_torch.driver, "Function", Function)
    stream = SimpleNamespace(cuda_stream=77)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    plan = launch(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), [1])
    out, table = torch.zeros(8), torch.zeros(8)
    for _ in range(2):  # the second time from the disk
        through_torch.kernel(plan.variant, 1, (9, 0))(3, out, table, plan.words)
    assert compiled == [("sm_90", ("-std=c++17",), "13")]
    assert launched == 2 * [(3, 512, 77, (out.data_ptr(), table.data_ptr()), plan.words)]
