"""NVIDIA's bindings of the compiler and the driver, with a stand-in for the driver."""

from __future__ import annotations

import ctypes
import enum

import pytest

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import source

program = pytest.importorskip("agnostic_init.draws.engines.cuda.program")


class CUresult(enum.IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222


class Driver:
    """Stands for the driver: notes what it is called with, and knows no call that waits or copies."""

    CUresult = CUresult

    def __init__(self):
        self.context, self.launches, self.status = 0, [], CUresult.CUDA_SUCCESS

    def cuDriverGetVersion(self):
        return CUresult.CUDA_SUCCESS, 12090

    def cuModuleLoadData(self, cubin):
        self.cubin = cubin
        return self.status, 5

    def cuModuleGetFunction(self, module, name):
        assert (module, name) == (5, b"fill")
        return CUresult.CUDA_SUCCESS, 6

    def cuCtxGetCurrent(self):
        return CUresult.CUDA_SUCCESS, self.context

    def cuDeviceGet(self, index):
        return CUresult.CUDA_SUCCESS, index

    def cuDevicePrimaryCtxRetain(self, device):
        return CUresult.CUDA_SUCCESS, 100 + device

    def cuCtxSetCurrent(self, context):
        self.context = context
        return (CUresult.CUDA_SUCCESS,)

    def cuLaunchKernel(self, function, *rest):
        grid, (shared, stream, places, extra) = rest[:6], rest[6:]
        assert (function, shared, extra) == (6, 0, 0)
        (place,) = (ctypes.c_void_p * 1).from_address(places)
        self.launches.append((grid, stream, ctypes.string_at(place, 24)))
        return (self.status,)

    def cuGetErrorString(self, status):
        text = b"the provided PTX was compiled with an unsupported toolchain."
        return CUresult.CUDA_SUCCESS, text


@pytest.fixture
def stand_in(monkeypatch):
    made = Driver()
    monkeypatch.setattr(program, "driver", made)
    monkeypatch.setattr(program, "version", lambda: (13, 5))
    monkeypatch.setattr(program, "cached", lambda key, make: b"cubin of " + key[1].encode())
    return made


def test_arguments_arrive(stand_in):
    function = program.Function("text", 3, (9, 0))
    records = [bytes(range(24)), b"\0\1" * 12]
    function(7, 256, 99, records[0])
    function(1, 512, 0, records[1])
    assert stand_in.launches == [
        ((7, 1, 1, 256, 1, 1), 99, records[0]),
        ((1, 1, 1, 512, 1, 1), 0, records[1]),
    ]
    assert stand_in.cubin == b"cubin of sm_90"


def test_a_thread_without_a_context_gets_that_of_the_device(stand_in):
    function = program.Function("text", 3, (9, 0))
    assert stand_in.context == 103
    stand_in.context = 0
    function(1, 256, 0, bytes(24))
    assert stand_in.context == 103
    stand_in.context = 55  # one that is there stays
    function(1, 256, 0, bytes(24))
    assert stand_in.context == 55


def test_the_drivers_words_are_said(stand_in):
    stand_in.status = CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION
    with pytest.raises(RuntimeError, match="CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX"):
        program.Function("text", 0, (9, 0))


def test_the_drivers_version(stand_in):
    program.driver_version.cache_clear()
    assert program.driver_version() == (12, 9)
    program.driver_version.cache_clear()


def test_a_kernel_is_compiled_once_for_each_compiler_and_architecture(monkeypatch, tmp_path):
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(program, "driver", Driver())
    made = []
    monkeypatch.setattr(program, "compiled", lambda *given: made.append(given) or b"cubin")
    for version, capability in (((13, 5), (9, 0)), ((13, 5), (8, 0)), ((12, 9), (9, 0))) * 2:
        monkeypatch.setattr(program, "version", lambda version=version: version)
        program.Function("text", 0, capability)
    assert made == [("text", "sm_90"), ("text", "sm_80"), ("text", "sm_90")]


def test_nvrtc_compiles():
    try:
        program.version()
    except RuntimeError as error:
        pytest.skip(str(error))
    variant = launch(normal_draw(0.0, 1.0, "float32"), Key(0), block((8,)), [1]).variant
    assert program.compiled(source(variant), "sm_90")[:4] == b"\x7fELF"
    with pytest.raises(RuntimeError, match=r"NVRTC_ERROR_COMPILATION for sm_90 (.|\n)*error: "):
        program.compiled("nonsense", "sm_90")
    with pytest.raises(RuntimeError, match="NVRTC_ERROR_INVALID_OPTION for sm_12345"):
        program.compiled(source(variant), "sm_12345")
