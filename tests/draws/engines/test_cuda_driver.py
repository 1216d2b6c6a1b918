"""The driver and NVRTC through ctypes, with a stand-in for the driver."""

from __future__ import annotations

import ctypes
import struct

import pytest

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines.cuda import driver, nvrtc
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import STANDARD, source


class Driver:
    """Stands for libcuda: notes what it is called with."""

    def __init__(self):
        self.context, self.launches, self.status = 0, [], 0

    def cuModuleLoadData(self, module, cubin):
        module._obj.value = 5
        self.cubin = cubin
        return self.status

    def cuModuleGetFunction(self, function, module, name):
        assert (module.value, name) == (5, b"fill")
        function._obj.value = 6
        return 0

    def cuCtxGetCurrent(self, context):
        context._obj.value = self.context
        return 0

    def cuDeviceGet(self, device, index):
        device._obj.value = index
        return 0

    def cuDevicePrimaryCtxRetain(self, context, device):
        context._obj.value = 100 + device.value
        return 0

    def cuCtxSetCurrent(self, context):
        self.context = context.value
        return 0

    def cuLaunchKernel(self, function, *rest):
        grid, (shared, stream, places, extra) = rest[:6], rest[6:]
        assert (function.value, shared, places) == (6, 0, None)
        pointer, buffer, length, size, end = extra
        assert (pointer, length, end) == (1, 2, None)
        size = ctypes.c_size_t.from_address(size).value
        found = struct.unpack(f"=2Q{(size - 16) // 4}I", ctypes.string_at(buffer, size))
        self.launches.append((grid, stream.value or 0, list(found)))
        return self.status

    def cuGetErrorName(self, status, text):
        text._obj.value = b"CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
        return 0

    def cuGetErrorString(self, status, text):
        text._obj.value = b"the provided PTX was compiled with an unsupported toolchain."
        return 0


@pytest.fixture
def stand_in(monkeypatch):
    made = Driver()
    monkeypatch.setattr(driver, "library", lambda: made)
    return made


def test_arguments_arrive(stand_in):
    function = driver.Function(b"cubin", "fill", 3)
    words = [0, 1, 0xFFFFFFFF, 0x80000000]
    function.launch(7, 256, 99, (1 << 63, 0), words)
    function.launch(1, 512, 0, (16, 32), words)
    first, second = stand_in.launches
    assert first == ((7, 1, 1, 256, 1, 1), 99, [1 << 63, 0, *words])
    assert second == ((1, 1, 1, 512, 1, 1), 0, [16, 32, *words])
    assert stand_in.cubin == b"cubin"


def test_a_thread_without_a_context_gets_that_of_the_device(stand_in):
    function = driver.Function(b"cubin", "fill", 3)
    assert stand_in.context == 103
    stand_in.context = 0
    function.launch(1, 256, 0, (1, 2), [3])
    assert stand_in.context == 103
    stand_in.context = 55  # one that is there stays
    function.launch(1, 256, 0, (1, 2), [3])
    assert stand_in.context == 55


def test_the_drivers_words_are_said(stand_in):
    stand_in.status = 222
    with pytest.raises(RuntimeError, match="UNSUPPORTED_PTX_VERSION: the provided PTX"):
        driver.Function(b"cubin", "fill", 0)


def test_no_library_is_said(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(nvrtc, "packaged", lambda pattern: [])
    monkeypatch.setattr(ctypes, "CDLL", missing)
    for module, words in ((driver, "no CUDA driver"), (nvrtc, "no NVRTC of CUDA 13 or 12")):
        module.library.cache_clear()
        with pytest.raises(OSError, match=words):
            module.library()
    with pytest.raises(OSError, match="no NVRTC of CUDA 12"):
        nvrtc.version("12")


def test_nvrtc_compiles():
    try:
        nvrtc.version()
    except OSError as error:
        pytest.skip(str(error))
    variant = launch(normal_draw(0.0, 1.0, "float32"), Key(0), block((8,)), [1]).variant
    options = (f"-std={STANDARD}",)
    assert nvrtc.compiled(source(variant), "sm_90", options)[:4] == b"\x7fELF"
    with pytest.raises(RuntimeError, match=r"NVRTC_ERROR_COMPILATION for sm_90 (.|\n)*error: "):
        nvrtc.compiled("nonsense", "sm_90", options)
    with pytest.raises(RuntimeError, match="NVRTC_ERROR_INVALID_OPTION for sm_12345"):
        nvrtc.compiled(source(variant), "sm_12345", options)
