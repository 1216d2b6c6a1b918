"""Orthogonal matrices of the compiled library: NumPy's to rounding, and one set of bits for any threads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.memory import Memory
from agnostic_init.linalg.engines import native
from agnostic_init.linalg.engines import numpy as engine
from agnostic_init.linalg.haar import Haar
from agnostic_init.native import library
from fuzz import oracle
from fuzz.programs import Fault
from fuzz.properties.engines import MISSING, memory_of, serving

__all__ = ["MISSING", "ROUND", "Case", "cases", "check"]

ROUND = 10
ULPS = 64


class Case(NamedTuple):
    """Matrices of some keys, in memory that is turned or not, with some instructions."""

    haar: Haar
    keys: tuple[int, ...]
    turned: bool
    instructions: str
    threads: int

    def __str__(self) -> str:
        how = f"{self.instructions} in {self.threads} threads, turned={self.turned}"
        return f"# by {how}:\n{self.haar}, keys {self.keys}"


@st.composite
def cases(draw: Any) -> Case:
    """Single matrices and batches, of sizes about those of panels and blocks."""
    size = st.sampled_from([1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 200])
    batch = draw(st.sampled_from([(), (), (1,), (3,), (17,), (0,)]))
    rows = draw(size)
    columns = draw(size) if draw(st.booleans()) else rows
    haar = Haar(
        batch=batch,
        rows=rows,
        columns=columns,
        dtype=draw(
            st.sampled_from(
                ["float32", "float64", "complex64", "complex128", "bfloat16", "float16"]
            )
        ),
        gain=draw(st.sampled_from([1.0, 1.0, -2.5, 0.0, 1e-3])),
        special=rows == columns and draw(st.booleans()),
    )
    keys = tuple(draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3)))
    instructions = draw(st.sampled_from(library.look().available or ("",)))
    return Case(haar, keys, draw(st.booleans()), instructions, draw(st.integers(1, 8)))


def check(case: Case) -> None:
    """Equal to rounding, finite, and the same alone, in one thread, in plain memory."""
    keys, haar = [ai.key(each) for each in case.keys], case.haar
    storage = DTYPES[haar.dtype].storage
    outs = [memory_of(haar.shape, storage, case.turned) for _ in keys]
    with serving(case.instructions, case.threads):
        native.fill(haar, keys, [Memory.of_numpy(out) for out in outs])
    for key, out in zip(keys, outs, strict=True):
        want, alone = np.empty(haar.shape, storage), np.empty(haar.shape, storage)
        if haar.size:
            engine.fill(haar, key, want)
        with serving(case.instructions, 1):
            native.fill(haar, [key], [Memory.of_numpy(alone)])
        if not np.array_equal(oracle.bytes_of(out), oracle.bytes_of(alone)):
            raise Fault("the bits are others than alone, in one thread")
        dtype = np.dtype(oracle.numpy_dtype(haar.dtype))
        plain = np.ascontiguousarray(out)
        oracle.check_close(plain.view(dtype), want.view(dtype), ULPS)
