"""The CUDA source compiles for every architecture, with no GPU at hand; needs CuPy and NVRTC."""

from __future__ import annotations

import math

import pytest

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import source

cupy = pytest.importorskip("cupy")

ARCHITECTURES = ("75", "80", "90", "100", "120")


def truncated(lower, upper, dtype):
    return truncated_normal_draw(0.0, 1.0, lower, upper, "sigma", "parent", dtype)


DRAWS = [
    bits_draw("uint32"),
    bits_draw("int64"),
    uniform_draw(0.0, 1.0, "float32"),
    uniform_draw(1.0, 2.0, "float32"),
    uniform_draw(0.0, 1.0, "bfloat16"),
    uniform_draw(0.0, 1.0, "float64"),
    uniform_draw(-1.0, 1.0, "complex64"),
    normal_draw(0.0, 1.0, "float32"),
    normal_draw(1.0, 1.0, "float16"),
    normal_draw(0.0, 1.0, "bfloat16"),
    normal_draw(0.0, 1.0, "complex64"),
    normal_draw(0.0, 1.0, "complex128"),
    truncated(-2.0, 2.0, "bfloat16"),
    truncated(-1.0, 3.0, "float32"),
    truncated(40.0, math.inf, "float32"),
    truncated(-2.0, 2.0, "complex64"),
]
BLOCKS = [
    (block((1000,)), (1,)),
    (block((30, 40)), (1, 30)),
    (block((6, 8, 9), (slice(None), slice(1, 6), slice(None, None, 2))), (25, 5, 1)),
]


@pytest.fixture(scope="module", autouse=True)
def nvrtc():
    try:
        return cupy.cuda.nvrtc.getVersion()
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"no NVRTC: {error}")


def compiled(text, architecture):
    """As CuPy compiles, flushing to zero among its options."""
    options = (
        "-std=c++17",
        "-ftz=true",
        "--device-as-default-execution-space",
        f"-arch=sm_{architecture}",
    )
    nvrtc = cupy.cuda.nvrtc
    program = nvrtc.createProgram(text, "stream.cu", (), ())
    try:
        nvrtc.compileProgram(program, options)
        return nvrtc.getCUBIN(program)
    except nvrtc.NVRTCError as error:
        pytest.fail(f"{error}: {nvrtc.getProgramLog(program)}")
    finally:
        nvrtc.destroyProgram(program)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("draw", DRAWS, ids=range(len(DRAWS)))
def test_draws_compile(draw, architecture):
    plan = launch(draw, Key(0), *BLOCKS[0])
    binary = compiled(source(plan.variant), architecture)
    assert binary[:4] == b"\x7fELF"
    assert b"fill" in binary


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("part", BLOCKS[1:], ids=["transposed", "steps"])
def test_blocks_compile(part, architecture):
    plan = launch(normal_draw(0.0, 1.0, "float32"), Key(0), *part)
    assert compiled(source(plan.variant), architecture)[:4] == b"\x7fELF"


def test_cupys_engine_goes_as_far_as_there_is_a_driver():
    from agnostic_init.draws.engines.cuda import cupy as engine
    from agnostic_init.draws.engines.cuda.errors import KernelError

    draw = normal_draw(0.0, 1.0, "float32")
    if cupy.cuda.is_available():
        assert engine.supports(draw)
        return
    assert not engine.available()
    assert not engine.supports(draw)
    with pytest.raises(KernelError, match="Compiling a CUDA kernel failed: "):
        engine.kernel(launch(draw, Key(0), *BLOCKS[0]).variant, 0)
