"""Calls of NVIDIA's driver, which a library of the tests stands for."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agnostic_init.draws.engines.cuda import driver

SOURCE = Path(__file__).with_name("stand_in_driver.cpp")
UNSUPPORTED_PTX = 222


class Launch(ctypes.Structure):
    _fields_ = (
        ("grid", ctypes.c_uint * 6),
        ("stream", ctypes.c_void_p),
        ("record", ctypes.c_char * 24),
    )


class State:
    """What the stand-in has been called with, and what it answers."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))

    def __getattr__(self, name):
        kind = {"context": ctypes.c_void_p, "last": Launch, "cubin": ctypes.c_char * 32}
        return kind.get(name, ctypes.c_int).in_dll(self.library, f"state_{name}")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    if shutil.which("g++") is None:
        pytest.skip("no g++ on the path")
    path = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    subprocess.run(["g++", "-shared", "-fPIC", "-o", path, SOURCE], check=True)
    return path


@pytest.fixture
def state(compiled, monkeypatch):
    monkeypatch.setattr(driver, "NAMES", ("absent-libcuda.so.1", str(compiled)))
    driver.library.cache_clear()
    driver.version.cache_clear()
    found = State(compiled)
    found.status.value, found.context.value, found.launches.value = 0, None, 0
    yield found
    driver.library.cache_clear()
    driver.version.cache_clear()


def test_arguments_arrive(state):
    kernel = driver.Kernel(b"a cubin", 3)
    assert state.cubin.value == b"a cubin"
    for grid, threads, stream, record in (
        (7, 256, 99, bytes(range(24))),
        ((1 << 31) - 1, 512, (1 << 63) + 5, b"\0\1" * 12),
    ):
        kernel(grid, threads, stream, record)
        last = state.last
        assert list(last.grid) == [grid, 1, 1, threads, 1, 1]
        assert last.stream == stream
        assert ctypes.string_at(ctypes.addressof(last) + Launch.record.offset, 24) == record
    assert state.launches.value == 2


def test_a_thread_without_a_context_gets_that_of_the_device(state):
    kernel = driver.Kernel(b"a cubin", 3)
    assert state.context.value == 103
    state.context.value = None
    kernel(1, 256, 0, bytes(24))
    assert state.context.value == 103
    state.context.value = 55  # one that is there stays
    kernel(1, 256, 0, bytes(24))
    assert state.context.value == 55


def test_the_drivers_words_are_said(state):
    kernel = driver.Kernel(b"a cubin", 0)
    state.status.value = UNSUPPORTED_PTX
    words = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled"
    with pytest.raises(RuntimeError, match=re.escape(words)):
        kernel(1, 256, 0, bytes(24))
    with pytest.raises(RuntimeError, match=re.escape(words)):
        driver.Kernel(b"a cubin", 0)


def test_a_status_without_words(state):
    state.status.value = 999
    with pytest.raises(RuntimeError, match=r"^CUDA error 999$"):
        driver.Kernel(b"a cubin", 0)


def test_the_drivers_version(state):
    assert driver.version() == (12, 9)


def test_without_a_driver(monkeypatch):
    monkeypatch.setattr(driver, "NAMES", ("absent-libcuda.so.1", "absent-libcuda.so"))
    driver.library.cache_clear()
    with pytest.raises(RuntimeError, match=r"there is no CUDA driver \(absent-libcuda.so.1: "):
        driver.library()
    driver.library.cache_clear()
