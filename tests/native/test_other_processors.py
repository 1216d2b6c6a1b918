"""The kernel of instructions that this machine may lack gives the same bits: AVX-512 by SIMDe, 64-bit ARM by qemu."""

from __future__ import annotations

import platform
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

import agnostic_init
from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits import Key
from agnostic_init.bits.block import block
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Wide
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines import native, native_header
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.reference import evaluate
from agnostic_init.linalg import reference
from agnostic_init.linalg.engines import native as native_matrices
from agnostic_init.linalg.haar import Haar

HERE = Path(__file__).parent
SOURCES = Path(agnostic_init.__file__).parent / "native"
SIMDE = Path("/usr/include/simde/x86/avx512.h")
FLAGS = ["-std=c++17", "-O3", "-w", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
FLAGS += ["-DNAMESPACE=other", f"-I{SOURCES}"]
INCLUDED = sorted(
    path for folder in (HERE, SOURCES) for path in folder.iterdir() if path.suffix in {".h", ".cpp"}
)
# The compiler, its flags, and what the program runs under.
PROCESSORS = {
    "avx512": (
        ["g++", "-march=x86-64-v3", "-DINSTRUCTIONS=2", f"-I{HERE}", '-DINTRINSICS="avx512.h"'],
        [],
    ),
    "aarch64": (["aarch64-linux-gnu-g++", "-static", "-DINSTRUCTIONS=0"], ["qemu-aarch64"]),
}
KEY = Key(2**64 - 3, 2**32 - 700)  # the counter's upper half is reached


def missing(name):
    """What is not here for a processor's test."""
    (compiler, *_), runner = PROCESSORS[name]
    if name == "avx512" and platform.machine() not in ("x86_64", "AMD64"):
        return "an x86-64 processor"
    if name == "avx512" and not SIMDE.exists():
        return "SIMDe"
    return next((tool for tool in (compiler, *runner) if shutil.which(tool) is None), None)


@pytest.fixture(params=PROCESSORS, scope="module")
def kernel(request, compiled):
    """The command that runs the kernel of a processor."""
    if lacks := missing(request.param):
        pytest.skip(f"there is no {lacks}")  # where AGNOSTIC_INIT_REQUIRE names it, nothing runs
    compiler, runner = PROCESSORS[request.param]
    program = compiled([*compiler, *FLAGS], [HERE / "one_set.cpp"], INCLUDED)
    return [*runner, str(program)]


@pytest.fixture(scope="module")
def ask(kernel):
    """Sends a job, and words if they are given, to the kernel of a processor."""

    def ask(draw, size, words=None, part=None):
        job = native.job_at(draw, KEY, part or block((size,)), 0)
        out = np.empty(size, DTYPES[draw.dtype].storage)
        given = np.empty(0, np.uint32) if words is None else words
        request = job.packed + struct.pack("=2Q", out.nbytes, given.size) + given.tobytes()
        run = subprocess.run(kernel, input=request, capture_output=True, check=True)
        out.view(np.uint8)[:] = np.frombuffer(run.stdout, np.uint8)
        return out

    return ask


def expected(draw, part):
    positions = part.positions()
    wide = Wide(np, np.uint64, None, signed=False)
    words = element_words(wide, KEY.words, KEY.offset, positions, draw.words)
    if draw.kind == "bits":
        return words[0].astype(draw.dtype)
    out = np.empty(part.shape, DTYPES[draw.dtype].storage)
    with np.errstate(all="ignore"):
        store(draw.dtype, evaluate(draw, np, np.float32, np.float64, words), out)
    return out


def test_every_input_of_the_lower_half(ask, quantile_table):
    words = np.arange(1 << 23, dtype=np.uint32)
    quantile_table.check(ask(quantile_table.draw, words.size, words))


def test_the_upper_half_mirrors_it(ask, quantile_table):
    draw = quantile_table.draw
    words = np.arange(0, 1 << 23, 97, dtype=np.uint32)
    values = ask(draw, words.size, words)
    np.testing.assert_array_equal(ask(draw, words.size, ~words), -values)


def test_what_is_nearly_a_quantile_is_as_near_as_its_rounding_takes_it_to_be(kernel):
    run = subprocess.run([*kernel, "61"], capture_output=True, check=True, text=True)
    products = 3 * 2.0**-24
    for error in map(float, run.stdout.split()):
        assert 2.0**-21 < error < native_header.ERROR - products


REAL = (
    lambda dtype: uniform_draw(-0.3, 0.3, dtype),
    lambda dtype: uniform_draw(1, 1.7, dtype),
    lambda dtype: normal_draw(0.5, 0.7, dtype),
    lambda dtype: truncated_normal_draw(0, 1, -2, 1, "sigma", "parent", dtype),
    lambda dtype: truncated_normal_draw(0, 1, 3, 9, "sigma", "parent", dtype),
    lambda dtype: truncated_normal_draw(0, 1, -40, -39, "sigma", "parent", dtype),
)
COMPLEX = (
    lambda dtype: uniform_draw(0.5, 2, dtype),
    lambda dtype: normal_draw(1 - 2j, 0.5, dtype),
    lambda dtype: truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", dtype),
)
MAKERS = {
    **dict.fromkeys(("float32", "float64", "float16", "bfloat16", "float8_e4m3fn"), REAL),
    **dict.fromkeys(("complex64", "complex128"), COMPLEX),
    **dict.fromkeys(("uint32", "int64"), (bits_draw,)),
}


@pytest.mark.parametrize("dtype", MAKERS)
def test_draws_have_the_bits_of_the_reference(ask, dtype):
    part = block((5000,), slice(3, None))
    for make in MAKERS[dtype]:
        draw = make(dtype)
        got, want = ask(draw, part.size, part=part), expected(draw, part)
        np.testing.assert_array_equal(got.view(np.uint8), want.view(np.uint8))


@pytest.fixture(params=PROCESSORS, scope="module")
def made(request, compiled):
    """Makes a matrix by the kernel of a processor."""
    if lacks := missing(request.param):
        pytest.skip(f"there is no {lacks}")
    compiler, runner = PROCESSORS[request.param]
    sources = [HERE / "one_matrix.cpp", SOURCES / "matrices.cpp", SOURCES / "draws.cpp"]
    program = compiled([*compiler, *FLAGS], sources, INCLUDED)

    def made(haar):
        out = np.empty(haar.shape, haar.dtype)
        (record,), _ = native_matrices._records(haar, [KEY], [Memory.of_numpy(out)])
        request = record + struct.pack("=Q", out.nbytes)
        run = subprocess.run([*runner, program], input=request, capture_output=True, check=True)
        return np.frombuffer(run.stdout, haar.dtype).reshape(haar.shape)

    return made


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (33, 70), (70, 33), (130, 130)])
def test_matrices_are_those_of_the_reference(made, shape, dtype):
    haar = Haar((), *shape, dtype, 1.5, special=shape[0] == shape[1])
    atol = 2e-6 if dtype in ("float32", "complex64") else 4e-15
    expected = reference.make(haar, KEY, library_named("numpy"), None)
    np.testing.assert_allclose(made(haar), expected, rtol=0, atol=atol)
