"""Memory of any strides is filled with what a call makes, and nothing beside it is touched."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from agnostic_init.arrays.dtypes import DTYPES
from fuzz import oracle, shapes, strategies
from fuzz.libraries import LIBRARIES, Library
from fuzz.programs import Code, Fault, Program
from fuzz.properties.arrays import is_elementwise

__all__ = ["Case", "cases", "check"]

WRITABLE = tuple(each for each in LIBRARIES if each.writes)
FILLED = 0x5A


class Case(NamedTuple):
    """An initializer, and memory that is seen as the block to be written."""

    init: Code
    shape: tuple[int, ...]
    index: Any
    key: Any
    dtype: str
    library: Library
    view: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """The memory and the view, by the library's own operations."""
        return (*self.view, f"init = {self.init}")

    def __str__(self) -> str:
        where = (
            f", index={self.index!r}, global_shape={self.shape!r}" if self.index is not None else ""
        )
        return str(Program((*self.lines(), f"init.fill(view, key={self.key!r}{where})")))


@st.composite
def cases(draw: Any) -> Case:
    """Views by steps, from the middle, backwards where the library can, transposed."""
    init, shape = draw(strategies.initializers()), draw(shapes.shapes())
    if draw(strategies.rarely) and is_elementwise(init):
        shape = draw(shapes.huge_shapes())
    index = draw(shapes.indices(shape))
    if index is None and any(length > 12 for length in shape):
        index = shapes.corner(shape)
    library = draw(st.sampled_from(WRITABLE))
    dtype = draw(strategies.dtypes())
    if library.name == "strict" and dtype not in {"float64", "complex64", "complex128"}:
        dtype = "float32"
    _, block = oracle.positions(shape, index)
    return Case(
        init,
        shape,
        index,
        draw(strategies.keys()),
        dtype,
        library,
        draw(_views(block, library, dtype)),
    )


@st.composite
def _views(draw: Any, shape: tuple[int, ...], library: Library, dtype: str) -> tuple[str, ...]:
    order = draw(st.permutations(range(len(shape))))
    lengths, items, few = [], [], len(shape) < 6
    steps = [1, 1, 2, 3, -1, -2] if library.name == "numpy" else [1, 1, 2, 3]
    for axis in order:
        n, step = shape[axis], draw(st.sampled_from(steps)) if few else 1
        before, after = (draw(st.integers(0, 2)), draw(st.integers(0, 2))) if few else (0, 0)
        last = before + (n - 1) * abs(step) + 1 if n else before
        lengths.append(last + after)
        if step > 0 or not n:
            items.append(slice(before, last, abs(step)))
        else:
            items.append(slice(last - 1, before - 1 if before else None, step))
    back = tuple(order.index(axis) for axis in range(len(shape)))
    size = math.prod(lengths)
    index = f"[{tuple(items)!r}]" if items else ""
    if library.name == "strict":
        whole = f"strict.ones({tuple(lengths)!r}, dtype=strict.{dtype})"
        permuted = "strict.permute_dims"
    elif library.name == "torch":
        own, permuted = f"torch.{dtype}", "torch.permute"
        whole = f"torch.full(({size} * {own}.itemsize,), {FILLED}, dtype=torch.uint8)"
    else:
        own, permuted = f"np.dtype({_numpy(dtype)!r})", "np.transpose"
        whole = f"np.full({size} * {own}.itemsize, {FILLED}, np.uint8)"
    if library.name != "strict":
        whole = f"{whole}.view({own}).reshape({tuple(lengths)!r})"
    return (f"whole = {whole}", f"view = {permuted}(whole{index}, {back!r})")


def _numpy(dtype: str) -> Any:
    """What NumPy takes for a dtype."""
    return dtype if DTYPES[dtype].storage == dtype else Code(f"ml_dtypes.{dtype}")


def check(case: Case) -> None:
    """What is written is what NumPy makes; where it is refused, all is as it was."""
    try:
        Program((*case.view, "view")).outcome()
    except (AttributeError, TypeError):  # a dtype that the library has not
        return
    where = f"key={case.key!r}, index={case.index!r}"
    call = f"{case.init}({case.shape!r}, {where}, dtype={case.dtype!r})"
    want = Program((call,)).outcome()
    if case.index is not None:
        where += f", global_shape={case.shape!r}"
    fill = f"(whole, view, init.fill(view, {where}))"
    got = Program((*case.lines(), fill)).outcome()
    if got.refused or want.refused:
        if type(got.error) is not type(want.error):
            raise Fault(f"the call: {want}; fill: {got}")
        return
    whole, view, returned = got.value
    if returned is not view:
        raise Fault("fill does not return the array")
    _check_same(case, view, want.value)
    _check_untouched(case, whole)


def _check_same(case: Case, view: Any, want: Any) -> None:
    init = Program((case.init,)).outcome().value
    if init.elementwise and (case.library.name != "strict" or oracle.is_exact(init, case.dtype)):
        oracle.check_equal(view, want)
    else:
        oracle.check_close(view, want, 4 if init.elementwise else 64)


def _check_untouched(case: Case, whole: Any) -> None:
    """Every byte of the memory is as it was, but for those of the view."""
    if case.library.name == "strict":
        return
    names: dict[str, Any] = {}
    statement = case.view[1].replace("whole[", "mark[").replace("(whole,", "(mark,")
    mark = np.zeros(tuple(whole.shape), np.int8)
    if case.library.name == "torch":
        import torch

        names |= {"torch": torch}
        mark = torch.from_numpy(mark)
    exec(statement, names | {"np": np, "mark": mark}, names)
    names["view"][...] = 1
    memory = oracle.bytes_of(whole).reshape(-1, whole.itemsize)
    if not (memory[np.asarray(mark).reshape(-1) == 0] == FILLED).all():
        raise Fault("memory beside the view was written")
