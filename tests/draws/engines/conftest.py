"""The CUDA source, run by the host: every thread of the grid, one after another; and on a GPU where there is one."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import shutil

import numpy as np
import pytest

from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import FORMS, PART_BYTES, source

REQUIRED = os.environ.get("AGNOSTIC_INIT_REQUIRE", "").split(",")
PROCESSORS = 3  # of the host's grid: few, so that threads take several units each

# What the tests need beside the kernel, on the host and on a GPU: the results of given words.
MORE = """
#if KIND != BITS && !MANY
extern "C" __global__ void evaluate_words(const u32* words, u64* results, u32 count,
                                          const CONSTANT Arguments arguments) {
  const u32* parameter = arguments.words;
  const uint4* table = arguments.table;
  const u32 each = UNIT * WORDS;
  for (u32 n = blockIdx.x * blockDim.x + threadIdx.x; n < count; n += gridDim.x * blockDim.x) {
    u32 own[UNIT * WORDS];
    for (u32 w = 0; w < each; ++w) own[w] = words[n * each + w];
    evaluate<REALS>(own, parameter, table, results + n * REALS);
  }
}
#endif
"""
HOST_MORE = """
#if KIND != BITS && !MANY
extern "C" void evaluate(const u32* words, u64* results, u32 count, const Arguments* arguments) {
  gridDim.x = blockDim.x = 1;
  blockIdx.x = threadIdx.x = 0;
  evaluate_words(words, results, count, *arguments);
}
#endif
#if KIND == TABLE
extern "C" u32 undecided(const u32* words, u32 count, const uint4* table) {
  u32 found = 0;
  float z;
  for (u32 n = 0; n < count; ++n) found += table_quantile(words[n], table, &z) != 0;
  return found;
}
#endif
#if KIND == COARSE
extern "C" void bounds_of(const u32* words, u32 count, const uint4* table, float* least, float* most) {
  for (u32 n = 0; n < count; ++n) coarse_quantile(words[n], (const u64*)table, least + n, most + n);
}
#endif
extern "C" void store_singles(const u32* singles, u32* results, u32 count) {
  for (u32 n = 0; n < count; ++n) results[n] = stored(singles[n]);
}
extern "C" void flush(u32 on) {
#ifdef __x86_64__
  u32 state = __builtin_ia32_stmxcsr() & ~0x8040u;
  __builtin_ia32_ldmxcsr(on ? state | 0x8040u : state);
#endif
}
"""
X86 = platform.machine() in {"x86_64", "AMD64"}
FLAGS = {
    "host": ["-ffp-contract=off"],
    "host-fused": ["-ffp-contract=fast", *(["-mfma"] if X86 else [])],
    "host-flushing": ["-ffp-contract=off"],  # as CuPy compiles
}


def unit_words(plan):
    """The words of a unit of a plan's kernel, in one run."""
    return 8 if plan.variant.form in {"HALF", "BRAIN"} else 4


def entries_of(plan):
    """The address of the quantile's table on the host, which is kept."""
    return 0 if plan.quantile is None else plan.table(plan.quantile).ctypes.data


class Host:
    """Builds kernels by g++ and runs them."""

    negative_strides = True

    def __init__(self, name, compiled) -> None:
        self.name, self.compiled = name, compiled

    @functools.cache  # noqa: B019 - the fixture lives as long as the session
    def library(self, variant):
        flags = ["-std=c++17", "-O2", "-Wall", "-Wno-unknown-pragmas", "-Wno-unused"]
        flags += ["-Wno-builtin-declaration-mismatch", "-Wno-maybe-uninitialized"]
        command = ["g++", *flags, *FLAGS[self.name], "-shared", "-fPIC"]
        return ctypes.CDLL(str(self.compiled(command, [source(variant) + MORE + HOST_MORE])))

    def fill(self, draw, key, block, memory, offset, strides):
        """Fill an array that lies `offset` bytes into `memory`, with these strides in elements."""
        plan = launch(draw, key, block, strides, memory.ctypes.data + offset)
        if plan.units:
            self.run(plan, min(plan.blocks(PROCESSORS), 2), 32)

    def fill_many(self, jobs, memory, most=4096):
        """Fill arrays, each of a draw, a key, a block, strides, and so many bytes into `memory`."""
        start = memory.ctypes.data
        placed = [(*job, start + offset) for *job, offset in jobs]
        for plan in launches(placed, lambda: most):
            self.run(plan, plan.blocks(PROCESSORS), plan.variant.threads)

    def run(self, plan, blocks, threads):
        library = self.library(plan.variant)
        library.flush(self.name == "host-flushing")
        try:
            library.fill_grid(blocks, threads, plan.arguments(entries_of(plan)))
        finally:
            library.flush(0)

    def evaluate(self, plan, words):
        """The results of words: bits of float32 or float64 numbers."""
        results = np.empty(words.size, np.uint64)
        self.library(plan.variant).evaluate(
            ctypes.c_void_p(words.ctypes.data),
            ctypes.c_void_p(results.ctypes.data),
            ctypes.c_uint32(words.size // unit_words(plan)),
            plan.arguments(entries_of(plan)),
        )
        return results


class Cupy:
    """The same on a GPU, through CuPy."""

    name = "cupy"
    negative_strides = True

    def fill(self, draw, key, block, memory, offset, strides):
        import cupy

        from agnostic_init.draws.engines.cuda import cupy as engine

        held = cupy.asarray(memory)
        engine.fill(draw, key, block, self._view(held, draw, block, strides, offset))
        memory[:] = held.get()

    def fill_many(self, jobs, memory, most=None):
        import cupy

        from agnostic_init.draws.engines.cuda import cupy as engine

        held = cupy.asarray(memory)
        engine.fill_many(
            [
                (draw, key, block, self._view(held, draw, block, strides, offset))
                for draw, key, block, strides, offset in jobs
            ]
        )
        memory[:] = held.get()

    def _view(self, held, draw, block, strides, offset):
        import cupy

        dtype = storage(draw)
        steps = [s * dtype.itemsize for s in strides]
        return cupy.ndarray(block.shape, dtype, held.data + offset, strides=steps)

    def evaluate(self, plan, words):
        import cupy

        from agnostic_init.draws.engines.cuda import cupy as engine

        module = cupy.RawModule(code=source(plan.variant) + MORE, options=engine.OPTIONS)
        results = cupy.empty(words.size, dtype=np.uint64)
        entries = engine.device_table(plan.table, plan.quantile).data.ptr
        given = plan.arguments(entries)
        record = np.frombuffer(given, f"V{len(given)}")
        count = np.uint32(words.size // unit_words(plan))
        arguments = (cupy.asarray(words), results, count, record)
        module.get_function("evaluate_words")((256,), (256,), arguments)
        return results.get()


class Torch:
    """The same on a GPU, through torch."""

    name = "torch"
    negative_strides = False

    def fill(self, draw, key, block, memory, offset, strides):
        import torch

        from agnostic_init.draws.engines.cuda import torch as engine

        held = torch.from_numpy(memory).cuda()
        engine.fill(draw, key, block, self._view(held, draw, block, strides, offset))
        memory[:] = held.cpu().numpy()

    def fill_many(self, jobs, memory, most=None):
        import torch

        from agnostic_init.draws.engines.cuda import torch as engine

        held = torch.from_numpy(memory).cuda()
        engine.fill_many(
            [
                (draw, key, block, self._view(held, draw, block, strides, offset))
                for draw, key, block, strides, offset in jobs
            ]
        )
        memory[:] = held.cpu().numpy()

    def _view(self, held, draw, block, strides, offset):
        import torch

        size = storage(draw).itemsize
        dtypes = {2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.complex128}
        whole = held[offset % size :]
        whole = whole[: whole.numel() // size * size].view(dtypes[size])
        return whole.as_strided(block.shape, strides, offset // size)

    def evaluate(self, plan, words):
        pytest.skip("CuPy's kernel is the same")


def storage(draw):
    """A dtype of NumPy of the same size."""
    form, parts = FORMS[draw.dtype]
    size = parts * PART_BYTES[form]
    return np.dtype({2: "u2", 4: "u4", 8: "u8", 16: "c16"}[size])


def gpu(library):
    try:
        module = __import__(library)
    except ImportError:
        return None
    return module if module.cuda.is_available() else None


def require_compiler():
    if shutil.which("g++") is None:
        if "g++" in REQUIRED:
            pytest.fail("AGNOSTIC_INIT_REQUIRE names g++, and there is none")
        pytest.skip("no g++ to build the CUDA source for the host")


ON_GPU = [pytest.param(name, marks=pytest.mark.gpu) for name in ("cupy", "torch")]


@pytest.fixture(scope="session", params=[*FLAGS, *ON_GPU])
def device(request, compiled):
    """Each of the ways to run the kernel."""
    return runner(request, compiled)


@pytest.fixture(scope="session", params=["host", *ON_GPU])
def place(request, compiled):
    """The ways that differ in where the kernel writes, and not in how it is compiled."""
    return runner(request, compiled)


def runner(request, compiled):
    if request.param in FLAGS:
        require_compiler()
        if request.param == "host-flushing" and not X86:
            pytest.skip("flushing to zero is switched on for x86-64 only")
        return Host(request.param, compiled)
    if gpu(request.param) is None:
        pytest.skip(f"{request.param} finds no GPU")
    return {"cupy": Cupy, "torch": Torch}[request.param]()


@pytest.fixture(scope="session")
def host(compiled):
    """The kernels as the host runs them."""
    require_compiler()
    return Host("host", compiled)
