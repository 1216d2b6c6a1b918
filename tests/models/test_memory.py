"""Arrays that share memory are found, and their neighbours are not."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.target import library_of
from agnostic_init.models import memory

TABLE = np.zeros((6, 8))


def shared(arrays):
    libraries = [library_of(array) for array in arrays.values()]
    known = [own.host_memory(a) for own, a in zip(libraries, arrays.values(), strict=True)]
    return memory.shared(list(arrays), list(arrays.values()), libraries, known)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TABLE, TABLE[1:]),
        (TABLE[2:], TABLE[:3]),
        (TABLE[:, 2], TABLE[3]),
        (TABLE[:, ::2], TABLE[:, 4]),
        (TABLE[::-1], TABLE[0]),
        (TABLE.T, TABLE[5:, 7:]),
        (TABLE, TABLE.view(np.uint8)[0, 5:6]),
    ],
)
def test_overlapping_views_share(one, other):
    assert shared({"a": one, "b": other}) == ("a", "b")
    assert shared({"b": other, "a": one}) == ("b", "a")
    assert shared({"a": one, "x": np.zeros(3), "b": other}) == ("a", "b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TABLE[:3], TABLE[3:]),
        (TABLE[:, 0], TABLE[:, 1]),
        (TABLE[:, ::2], TABLE[:, 1::2]),
        (TABLE[::-2], TABLE[::2]),
        (TABLE[:, :4], TABLE[:, 4:]),
        (TABLE[:0], TABLE),
        (TABLE[3:3], TABLE[3:3]),
        (np.zeros(3), np.zeros(3)),
    ],
)
def test_neighbours_do_not_share(one, other):
    assert shared({"a": one, "b": other}) is None


def test_many_parts_of_one_buffer_are_told_apart():
    buffer = np.zeros(100_000, np.float32)
    parts = {str(n): buffer[n * 10 : n * 10 + 10] for n in range(10_000)}
    assert shared(parts) is None
    parts["late"] = buffer[70_005:70_006]
    assert shared(parts) == ("7000", "late")


def test_what_takes_too_long_to_find_out_is_taken_to_share(monkeypatch):
    odd = np.lib.stride_tricks.as_strided
    buffer = np.zeros(1 << 16, np.int8)
    one = odd(buffer, (9, 9, 9, 9), (1000, 1013, 1031, 1061))
    other = odd(buffer[1:], (9, 9, 9, 9), (997, 1009, 1021, 1051))
    monkeypatch.setattr(memory, "MOST_WORK", 1)
    assert shared({"a": one, "b": other}) == ("a", "b")


def test_devices_have_addresses_of_their_own():
    places = {"a": "cuda:0", "b": "cuda:1", "c": "cuda:1"}

    class Library:
        def memory(self, array):
            return Memory(places[array.name], 4096, (3,), (4,), 4)

    class Array:
        shape = (3,)

        def __init__(self, name):
            self.name = name

    def shared_of(names):
        unseen = [None] * len(names)
        return memory.shared(names, [Array(n) for n in names], [Library()] * len(names), unseen)

    assert shared_of("ab") is None
    assert shared_of("abc") == ("b", "c")


def test_fill_tree_refuses_overlap_and_takes_neighbours():
    whole = np.zeros((3, 2))
    with pytest.raises(ai.ParameterError, match="must not share memory, as 'a' and 'b' do"):
        ai.fill_tree({"a": whole, "b": whole[1:]}, {"*": "ones"}, key=0)
    assert not whole.any()
    ai.fill_tree({"a": whole[:, 0], "b": whole[:, 1]}, {"a": "ones", "b": "zeros"}, key=0)
    assert whole.tolist() == [[1, 0]] * 3
    ai.fill_tree({"a": whole[0:0], "b": whole}, {"*": "ones"}, key=0)
    assert whole.all()


def test_views_of_each_library(backend):
    xp = backend.xp
    if backend.name in ("jax", "dask", "strict"):
        pytest.skip("no memory that is written, or none that is told of")
    whole = xp.zeros((4, 3), dtype=xp.float32)
    assert shared({"a": whole[1:], "b": whole[:2]}) == ("a", "b")
    assert shared({"a": whole[:, 0], "b": whole[:, 1]}) is None
    assert shared({"a": whole[:0], "b": whole[:0]}) is None
    assert shared({"a": whole, "b": whole}) == ("a", "b")


def test_an_array_that_does_not_say_shares_with_itself():
    strict = pytest.importorskip("array_api_strict")
    one, other = strict.zeros(3), strict.zeros(3)
    assert shared({"a": one, "b": other}) is None
    assert shared({"a": one, "b": one}) == ("a", "b")


def test_memory_is_not_read():
    tracemalloc.start()
    far = {str(n): Memory("cpu", 1 << 60, (1 << 50,), (4,), 4) for n in range(2)}
    assert memory._overlapping(far) == ("0", "1")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
