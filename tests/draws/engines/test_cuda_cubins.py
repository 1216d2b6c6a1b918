"""The CUDA source compiles for every architecture, with no GPU at hand; needs cuda-bindings and NVRTC."""

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
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.shared import room
from agnostic_init.draws.engines.cuda.source import source

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


@pytest.fixture(scope="module")
def compiled():
    """As CuPy compiles, flushing to zero among its options."""
    program = pytest.importorskip("agnostic_init.draws.engines.cuda.program")
    try:
        program.version()
    except RuntimeError as error:
        pytest.skip(f"no NVRTC: {error}")
    options = ("-ftz=true", "--device-as-default-execution-space")
    return lambda text, architecture: program.compiled(text, f"sm_{architecture}", *options)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("draw", DRAWS, ids=range(len(DRAWS)))
def test_draws_compile(compiled, draw, architecture):
    plan = launch(draw, Key(0), *BLOCKS[0])
    binary = compiled(source(plan.variant), architecture)
    assert binary[:4] == b"\x7fELF"
    assert b"fill" in binary


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("part", BLOCKS[1:], ids=["transposed", "steps"])
def test_blocks_compile(compiled, part, architecture):
    plan = launch(normal_draw(0.0, 1.0, "float32"), Key(0), *part)
    assert compiled(source(plan.variant), architecture)[:4] == b"\x7fELF"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("draw", [DRAWS[0], DRAWS[7], DRAWS[9], DRAWS[14]], ids=range(4))
def test_kernels_of_many_arrays_compile(compiled, draw, architecture):
    """With as many arguments as a launch takes."""
    jobs = [(draw, Key(0), *BLOCKS[0], 4096 * n) for n in range(2)]
    for most in (4096, room((int(architecture[:-1]), 0), (13, 0))):
        (plan,) = launches(jobs, lambda most=most: most)
        assert len(plan.arguments(0)) == most
        assert compiled(source(plan.variant), architecture)[:4] == b"\x7fELF"
