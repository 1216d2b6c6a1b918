"""CuPy's way to the kernel, with the host in the place of a GPU."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, uniform_draw
from agnostic_init.draws.engines.generic import compute

pytest.importorskip("cupy")


class Table:
    """A table as CuPy shows its arrays."""

    def __init__(self, words):
        self.words, self.data = words, SimpleNamespace(ptr=words.ctypes.data)


class Device(contextlib.nullcontext):
    """A device of CuPy's, as far as the engine looks at it."""

    def __init__(self):
        super().__init__()
        self.id, self.attributes = 0, {"MultiProcessorCount": 2}
        self.compute_capability = "90"

    def __enter__(self):
        return self


def seen_by_cupy(array):
    """A NumPy array as CuPy shows its own."""
    return SimpleNamespace(
        dtype=array.dtype,
        strides=array.strides,
        itemsize=array.itemsize,
        device=Device(),
        data=SimpleNamespace(ptr=array.ctypes.data),
    )


@pytest.fixture
def engine(monkeypatch, host):
    from agnostic_init.draws.engines.cuda import cupy as engine

    def kernel(variant, device):
        def run(blocks, threads, arguments):
            launched.append(variant)
            (record,) = arguments
            assert record.size == 1  # or CuPy would not pass it by value
            host.library(variant).fill_grid(*blocks, *threads, record.tobytes())

        return run

    launched = engine.launched = []
    monkeypatch.setattr(engine, "kernel", kernel)
    monkeypatch.setattr(engine, "device_table", lambda make, q: Table(make(q)))
    monkeypatch.setattr(engine, "_room", lambda device, whole: 32760)
    yield engine
    del engine.launched


@pytest.mark.parametrize(
    "draw",
    [normal_draw(0.0, 1.0, "float32"), uniform_draw(0.0, 1.0, "float16")],
    ids=lambda draw: draw.dtype,
)
def test_fill(engine, draw):
    key, part = Key(3, 4), block((40, 50), (slice(3, 30), slice(None)))
    expected = np.asarray(compute(draw, key, part, backend("numpy"), None))
    out = np.zeros(part.shape, draw.dtype)
    engine.fill(draw, key, part, seen_by_cupy(out))
    assert np.array_equal(out, expected)
    wide = np.zeros((part.shape[1], 2 * part.shape[0]), draw.dtype)[::-1, ::2].T
    engine.fill(draw, key, part, seen_by_cupy(wide))
    assert np.array_equal(wide, expected)


def test_strides_within_elements_are_an_error(engine):
    out = np.zeros(8, [("a", "f4"), ("b", "u2")])["a"]
    with pytest.raises(ValueError, match="`out` must have strides that are multiples"):
        engine.fill(normal_draw(0.0, 1.0, "float32"), Key(1), block((8,)), seen_by_cupy(out))


@pytest.mark.parametrize("where", ["table", "compile", "launch"])
def test_out_of_memory_is_cupys_own_error(engine, monkeypatch, where):
    """Nothing is said about compilers, and nothing is written."""
    import cupy

    error = cupy.cuda.memory.OutOfMemoryError(49152, 10)

    def fails(*arguments, **options):
        raise error

    if where == "table":
        monkeypatch.setattr(engine, "device_table", fails)
    elif where == "launch":
        monkeypatch.setattr(engine, "kernel", lambda variant, device: fails)
    else:
        monkeypatch.undo()
        monkeypatch.setattr(cupy.cuda, "Device", lambda device: Device())
        monkeypatch.setattr(cupy, "RawModule", fails)
        engine.kernel.cache_clear()
    out = np.full(8, -1.0, np.float32)
    with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match="Out of memory allocating 49,152"):
        engine.fill(normal_draw(0.0, 1.0, "float32"), Key(1), block((8,)), seen_by_cupy(out))
    assert np.all(out == -1.0)


def test_a_missing_compiler_is_said(engine, monkeypatch):
    import cupy

    from agnostic_init.draws.engines.cuda.errors import KernelError

    def fails(*arguments, **options):
        raise RuntimeError("CuPy failed to load libnvrtc.so.13: OSError: no such file")

    monkeypatch.undo()
    monkeypatch.setattr(cupy.cuda, "Device", lambda device: Device())
    monkeypatch.setattr(cupy, "RawModule", fails)
    engine.kernel.cache_clear()
    out = np.full(8, -1.0, np.float32)
    with pytest.raises(KernelError, match=r"load libnvrtc.so.13.*pip install \"nvidia-cuda-nvrtc"):
        engine.fill(normal_draw(0.0, 1.0, "float32"), Key(1), block((8,)), seen_by_cupy(out))
    assert np.all(out == -1.0)


def test_the_arrays_device_is_current_for_its_fill(engine, monkeypatch):
    entered, asked = [], []

    class Second(Device):
        def __init__(self):
            super().__init__()
            self.id = 1

        def __enter__(self):
            entered.append(self.id)
            return self

    def kernel(variant, device):
        return lambda blocks, threads, arguments: asked.append((device, list(entered)))

    monkeypatch.setattr(engine, "kernel", kernel)
    out = seen_by_cupy(np.zeros(8, np.float32))
    out.device = Second()
    engine.fill(normal_draw(0.0, 1.0, "float32"), Key(1), block((8,)), out)
    assert asked == [(1, [1])]


@pytest.mark.parametrize("given", [True, False])
def test_a_new_array_is_on_the_device_that_is_asked_for(monkeypatch, given):
    """Without one, on the current device."""
    from agnostic_init.arrays.libraries.cupy import Library
    from agnostic_init.arrays.target import Target
    from agnostic_init.draws import make

    current = []

    class Second(Device):
        def __enter__(self):
            current.append(self)
            return self

        def __exit__(self, *error):
            current.pop()

    device = Second() if given else None
    made = []

    def empty(shape, dtype, device):
        made.append(list(current))
        return np.empty(shape, dtype)

    library = Library(SimpleNamespace(empty=empty))
    monkeypatch.setattr(make, "fill", lambda draw, key, block, out, library: None)
    target = Target(library, "float32", device)
    make.make(normal_draw(0.0, 1.0, "float32"), Key(1), block((8,)), target)
    assert made == [[device] if given else []]


def test_many_arrays(engine):
    """Small ones in one launch, and what is not contiguous in one of its own."""
    draw = normal_draw(0.0, 0.02, "float32")
    jobs = [(draw, Key(n, 1), block((n, 7)), np.zeros((n, 7), np.float32)) for n in range(1, 30)]
    jobs.append((draw, Key(99), block((5, 6)), np.zeros((6, 5), np.float32).T))
    engine.fill_many([(*job, seen_by_cupy(out)) for *job, out in jobs])
    for *job, out in jobs:
        assert np.array_equal(out, np.asarray(compute(*job, backend("numpy"), None)))
    assert sorted(bool(variant.many) for variant in engine.launched) == [False, True]


def test_many_arrays_are_refused_before_any_is_written(engine):
    draw = normal_draw(0.0, 1.0, "float32")
    out = np.zeros(8, np.float32)
    shared = np.lib.stride_tricks.as_strided(out, (8, 8), (0, 4))
    with pytest.raises(ValueError, match="`out` must not have elements that share memory"):
        engine.fill_many(
            [
                (draw, Key(1), block((8,)), seen_by_cupy(out)),
                (draw, Key(1), block((8, 8)), seen_by_cupy(shared)),
            ]
        )
    assert not out.any()
    assert not engine.launched


@pytest.mark.parametrize(
    ("driver", "compiler", "capability", "expected"),
    [
        (13000, (13, 5), "90", 32760),
        (12000, (13, 5), "90", 4096),
        (12090, (12, 0), "120", 4096),
        (12090, (12, 9), "61", 4096),
    ],
)
def test_how_much_a_launch_is_told(monkeypatch, driver, compiler, capability, expected):
    import cupy

    from agnostic_init.draws.engines.cuda import cupy as engine

    device = SimpleNamespace(compute_capability=capability)
    monkeypatch.setattr(cupy.cuda.runtime, "driverGetVersion", lambda: driver)
    monkeypatch.setattr(cupy.cuda.nvrtc, "getVersion", lambda: compiler)
    monkeypatch.setattr(cupy.cuda, "Device", lambda index: device)
    assert engine._room.__wrapped__(0, whole=False) == expected
    # What is shipped asks for no compiler.
    shipped = 32760 if driver >= 12010 and capability != "61" else 4096
    monkeypatch.setattr(cupy.cuda.nvrtc, "getVersion", lambda: pytest.fail("asked"))
    assert engine._room.__wrapped__(0, whole=True) == shipped


def test_cupys_engine_goes_as_far_as_there_is_a_driver():
    from agnostic_init.draws.engines.cuda import cupy as engine
    from agnostic_init.draws.engines.cuda.errors import KernelError
    from agnostic_init.draws.engines.cuda.parameters import launch

    draw = normal_draw(0.0, 1.0, "float32")
    import cupy

    if cupy.cuda.is_available():
        assert engine.supports(draw)
        return
    assert not engine.available()
    assert not engine.supports(draw)
    with pytest.raises(KernelError, match="Compiling a CUDA kernel failed: "):
        engine.kernel(launch(draw, Key(0), block((8,)), [1]).variant, 0)
