"""CuPy's engine, with NumPy in the place of CuPy: in what it uses, they have the same functions."""

from __future__ import annotations

import contextlib
import importlib
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import Target
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits import key
from agnostic_init.linalg import haar_matrices, make
from agnostic_init.linalg.haar import Haar

ENGINES = "agnostic_init.linalg.engines"
# Both have these and mean the same; `norm` of rows, `matmul` into a view and views of any strides
# are those of the stand-in that this rests on.
FUNCTIONS = ("abs", "empty", "finfo", "linalg", "lib", "matmul", "multiply", "tri")


class Array(np.ndarray):
    """An array that has a device, which can be entered."""

    entered = 0

    @property
    def device(self):
        @contextlib.contextmanager
        def device():
            Array.entered += 1
            yield

        return device()


class Settings(ModuleType):
    """What CuPy computes products of a dtype with."""

    COMPUTE_TYPE_FP32 = "float32"
    now = "tf32"

    def get_compute_type(self, dtype):
        assert dtype == "float32"
        return Settings.now

    def set_compute_type(self, dtype, value):
        assert dtype == "float32"
        Settings.now = value


@pytest.fixture
def engine(monkeypatch):
    stand_in, core = ModuleType("cupy"), ModuleType("cupy._core")
    for name in FUNCTIONS:
        setattr(stand_in, name, getattr(np, name))
    core._routines_linalg = Settings("cupy._core._routines_linalg")
    stand_in._core = core
    monkeypatch.setattr(Settings, "now", "tf32")
    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    monkeypatch.setitem(sys.modules, "cupy._core", core)
    monkeypatch.setitem(sys.modules, "cupy._core._routines_linalg", core._routines_linalg)
    stand_in.cuda = stand_in.ndarray = None
    names = [f"{ENGINES}.cupy", "agnostic_init.arrays.libraries.cupy"]
    names.append("agnostic_init.arrays.libraries.cupy_precision")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(
        Library,
        "full_precision",
        importlib.import_module(names[1]).Library.full_precision,
        raising=False,
    )
    yield importlib.import_module(names[0])
    for name in names:
        sys.modules.pop(name, None)


class Library(type(library_named("numpy"))):
    """NumPy under CuPy's name."""

    name = "cupy"

    def device_of(self, array):
        return None

    def device(self, device):
        return device

    def is_gpu(self, device):
        return True

    def host_memory(self, array):
        return None

    def empty(self, shape, dtype, device):
        return empty(shape, dtype, device)


def empty(shape, dtype, device):
    assert device is None
    return np.full(shape, np.nan, dtype).view(Array)


@pytest.fixture
def library(monkeypatch):
    from agnostic_init.linalg.engines import gpu as draws

    def fill(draw, key, block, out, library):
        assert Settings.now == "float32"
        plain(draw, key, block, out, library_named("numpy"))

    plain = draws.fill_draw
    monkeypatch.setattr(draws, "fill_draw", fill)
    return Library(SimpleNamespace(empty=empty, astype=lambda array, dtype: array.astype(dtype)))


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16"])
@pytest.mark.parametrize(
    "shape", [(1, 1), (5, 1), (1, 5), (40, 40), (70, 20), (20, 70), (2, 3, 9, 17), (150, 150)]
)
def test_the_matrices_are_those_of_hosts(engine, library, shape, dtype, special):
    special = special and shape[-1] == shape[-2]
    entered = Array.entered
    haar = Haar(shape[:-2], *shape[-2:], dtype, 1.5, special)
    made = make.make(haar, key(3), Target(library, dtype, None))
    expected = haar_matrices(shape, 1.5, special=special, key=3, dtype=dtype)
    assert made.dtype == dtype
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-3 if dtype == "float16" else 4e-6)
    assert Array.entered == entered + 1
    assert Settings.now == "tf32"


def test_memory_is_written_and_several_are_made(engine, library):
    haar = Haar((), 30, 20, "float32")
    keys = [key(n) for n in (5, 1, 7)]
    outs = [empty((20, 30), "f4", None).T, empty((60, 20), "f4", None)[::2]]
    for out in outs:
        make.fill(haar, keys[0], out, library)
        np.testing.assert_allclose(out, haar_matrices((30, 20), key=5), rtol=0, atol=1e-6)
    made = make.make_several(haar, keys, Target(library, "float32", None))
    for one, its in zip(made, keys, strict=True):
        np.testing.assert_allclose(one, haar_matrices((30, 20), key=its), rtol=0, atol=1e-6)
        assert one.base.base is None


def test_precision_is_restored_after_an_error(engine, library, monkeypatch):
    from agnostic_init.linalg.engines import gpu as draws

    def fails(*args):
        assert Settings.now == "float32"
        message = "no kernel"
        raise RuntimeError(message)

    monkeypatch.setattr(draws, "fill_draw", fails)
    with pytest.raises(RuntimeError, match="no kernel"):
        make.make(Haar((), 3, 3, "float32"), key(3), Target(library, "float32", None))
    assert Settings.now == "tf32"
