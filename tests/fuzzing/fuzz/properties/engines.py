"""The compiled library, with any instructions and threads, fills memory as NumPy's engine does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.memory import Memory
from agnostic_init.bits.block import block
from agnostic_init.draws import distributions
from agnostic_init.draws.engines import host
from agnostic_init.native import library
from fuzz import oracle, shapes, strategies
from fuzz.programs import Code, Fault, Program

__all__ = ["MISSING", "ROUND", "Case", "cases", "check", "memory_of", "serving"]

MISSING = "" if library.look().library else "the native library"
ROUND = 10
THREADS = "AGNOSTIC_INIT_NUM_THREADS"
MOST = 1 << 17  # elements


class Case(NamedTuple):
    """Draws of parameters and memory that share the threads, with some instructions."""

    jobs: tuple[tuple[Code, tuple[int, ...], Any, str, bool], ...]
    key: Any
    instructions: str
    threads: int

    def __str__(self) -> str:
        calls = [
            f"{draw[:-1]}, dtype={dtype!r}), {shape}, index={index!r}, turned={turned}"
            for draw, shape, index, dtype, turned in self.jobs
        ]
        how = f"{self.instructions} in {self.threads} threads, key={self.key!r}"
        return "\n".join([f"# by {how}, into memory that is turned or not:", *calls])


@st.composite
def cases(draw: Any) -> Case:
    """One to three draws, each of a size about that of a chunk, or small."""
    jobs = []
    for _ in range(draw(st.integers(1, 3))):
        made = draw(
            st.sampled_from(
                [
                    Code(f"distributions.{name}_draw({given})")
                    for name, given in (
                        ("normal", "0.0, 1.0"),
                        ("normal", "0.5, 1e-40"),
                        ("normal", "-1+2j, 3"),
                        ("uniform", "0.0, 1.0"),
                        ("uniform", "-0.1, 0.1"),
                        ("truncated_normal", "0, 1, -2, 2, 'sigma', 'parent'"),
                        ("truncated_normal", "0, 0.02, -1, 1e-3, 'absolute', 'parent'"),
                        ("truncated_normal", "0, 1, 5, float('inf'), 'sigma', 'parent'"),
                        ("truncated_normal", "0, 1, 35, 36, 'sigma', 'parent'"),
                        ("truncated_normal", "0, 1, -1, 1, 'sigma', 'result'"),
                    )
                ]
            )
        )
        shape = draw(st.one_of(shapes.shapes(), _near_chunks()))
        small = all(length <= 12 for length in shape)
        index = draw(shapes.indices(shape)) if small else draw(_cut(shape))
        dtype = draw(st.sampled_from(strategies.FLOATS))
        jobs.append((made, shape, index, dtype, draw(st.booleans())))
    instructions = draw(st.sampled_from(library.look().available or ("",)))
    return Case(tuple(jobs), draw(strategies.keys()), instructions, draw(st.integers(1, 8)))


@st.composite
def _near_chunks(draw: Any) -> tuple[int, ...]:
    size = max(1, draw(st.sampled_from(strategies.CHUNKS[:-1])) + draw(st.integers(-5, 5)))
    inner = draw(st.sampled_from([1, 1, 3, 7, 64, 1000]))
    return (size,) if inner == 1 else (size // inner, inner)


@st.composite
def _cut(draw: Any, shape: tuple[int, ...]) -> Any:
    ends = [(draw(st.integers(0, 5)), draw(st.integers(0, 5))) for _ in shape]
    step = draw(st.sampled_from([1, 1, 1, 2, -1]))
    items = [slice(first, length - last) for length, (first, last) in zip(shape, ends, strict=True)]
    if step != 1:
        items[-1] = slice(None, None, step)
    return tuple(items)


def check(case: Case) -> None:
    """The bytes are NumPy's, and so are those of all at once and of each alone."""
    key = ai.key(Program((repr(case.key),)).outcome().value)
    jobs, wanted = [], []
    for text, shape, index, dtype, turned in case.jobs:
        try:
            draw = eval(f"{text[:-1]}, dtype={dtype!r})", {"distributions": distributions})
        except ai.ParameterError:
            continue
        part = block(shape, index)
        out = memory_of(part.shape, draw.format.storage, turned)
        jobs.append((draw, key, part, Memory.of_numpy(out)))
        want = np.empty(part.shape, draw.format.storage)
        if want.size:
            host.fill_by_numpy(draw, key, part, Memory.of_numpy(want))
        wanted.append((draw, out, want))
    with serving(case.instructions, case.threads):
        host.fill_many(jobs)
    for draw, out, want in wanted:
        if not np.array_equal(oracle.bytes_of(out), oracle.bytes_of(want)):
            where = np.nonzero(np.atleast_1d(out != want))
            raise Fault(f"{draw} differs first at {[int(axis[0]) for axis in where if axis.size]}")


@contextlib.contextmanager
def serving(instructions: str, threads: int) -> Iterator[None]:
    """A block in which the compiled library has these instructions, and so many threads."""
    found = library.library()
    before = found.agnostic_init_instructions()
    found.agnostic_init_use(library.INSTRUCTIONS.index(instructions))
    try:
        with mock.patch.dict(os.environ, {THREADS: str(threads)}):
            yield
    finally:
        found.agnostic_init_use(before)


def memory_of(shape: tuple[int, ...], dtype: str, turned: bool) -> Any:
    """New memory; turned, it is transposed, backwards and not contiguous."""
    if not turned:
        return np.empty(shape, dtype)
    wide = np.empty(tuple(2 * n if axis == 0 else n for axis, n in enumerate(shape[::-1])), dtype)
    return wide[::-2].transpose() if shape else wide
