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
    from agnostic_init.draws.engines.cuda.table import table

    launcher = Launcher(host.library)
    properties = SimpleNamespace(multi_processor_count=2)
    monkeypatch.setattr(engine, "launcher", lambda: launcher)
    monkeypatch.setattr(
        engine, "_table", lambda q, index: torch.from_numpy(table(q).view("i4").copy())
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


def test_torchs_own_entry_takes_signed_integers(monkeypatch):
    from agnostic_init.draws.engines.cuda import through_torch
    from agnostic_init.draws.engines.cuda.parameters import launch

    calls = []
    monkeypatch.setattr(
        torch.cuda,
        "_compile_kernel",
        lambda text, name, nvcc_options: lambda *a: calls.append(a),
        raising=False,
    )
    plan = launch(normal_draw(0.0, 1.0, "float32"), KEY, block((8,)), [1])
    out = torch.zeros(8)
    through_torch.kernel(plan.variant, 0, (9, 0))(3, out, out, plan.words)
    ((grid, threads, arguments),) = calls
    assert (grid, threads) == ((3, 1, 1), (512, 1, 1))
    assert tuple(word & 0xFFFFFFFF for word in arguments[2:]) == plan.words
    assert all(-(1 << 31) <= word < 1 << 31 for word in arguments[2:])
