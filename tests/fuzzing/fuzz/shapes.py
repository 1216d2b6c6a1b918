"""Random shapes, of few elements or of more than can be made, and blocks of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fuzz.strategies import rarely

__all__ = ["corner", "huge_shapes", "indices", "shapes"]


@st.composite
def shapes(draw: Any, most: int = 300) -> tuple[int, ...]:
    """A shape of at most so many elements; sometimes with empty axes, or many."""
    rank = draw(st.sampled_from([2, 2, 2, 2, 3, 3, 4, 4, 1, 0, 5, 1]))
    if draw(rarely):
        rank = draw(st.integers(6, 30))
    lengths: list[int] = []
    left = most
    for _ in range(rank):
        length = draw(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 5, 7])) if rank < 6 else 1
        if length > left:
            length = 1
        left //= length
        lengths.append(length)
    if lengths and draw(rarely):
        lengths[draw(st.integers(0, rank - 1))] = 0
    return tuple(lengths)


@st.composite
def huge_shapes(draw: Any) -> tuple[int, ...]:
    """A shape whose positions pass 2^32, or come near 2^64; only blocks of it can be made."""
    if draw(st.booleans()):
        return draw(
            st.sampled_from(
                [(2**64,), (2**32, 2**32), (2**63, 2), (2**32 + 1, 3), (2**40, 1, 2**20)]
            )
        )
    long = draw(st.sampled_from([2**31, 2**32 - 1, 2**32 + 3, 2**33, 2**40, 2**61]))
    shape = (long, *draw(st.sampled_from([(), (2,), (3,), (5, 1)])))
    return shape[:: draw(st.sampled_from([1, -1]))]


def corner(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """The last few places of each axis that is long, and all of the others."""
    return tuple(slice(-3, None, 1) if length > 12 else slice(None) for length in shape)


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """A basic index of an array of the shape, or None; of a long axis a few places."""
    if draw(st.sampled_from([True, False, False])):
        return None
    items: list[Any] = []
    for length in shape:
        whole = length <= 12
        kind = draw(st.sampled_from(["slice", "slice", "slice", "at", "whole"]))
        if kind == "whole" and whole:
            items.append(slice(None))
        elif kind == "at" and length:
            items.append(draw(st.integers(-length, length - 1)))
        elif whole:
            end = st.one_of(st.none(), st.integers(-length - 2, length + 2))
            step = draw(st.sampled_from([None, 1, 2, 3, -1, -2, 10**20, -(10**20)]))
            items.append(slice(draw(end), draw(end), step))
        else:
            step = draw(st.sampled_from([1, 2, -1, -3, length // 3, -(length // 3)]))
            start = draw(st.one_of(st.integers(0, 3), st.integers(length - 4, length - 1)))
            start = draw(st.one_of(st.just(start), st.integers(0, length - 1)))
            count = draw(st.integers(0, 3))
            stop = start + step * count
            items.append(slice(start, stop if stop >= 0 else None, step))
            if stop < 0 and abs(step) < length // 8:
                items[-1] = slice(0, min(3, length))
    if draw(rarely) and all(length <= 12 for length in shape):
        cut = draw(st.integers(0, len(items)))
        items[cut:] = [Ellipsis]
    return tuple(items)
