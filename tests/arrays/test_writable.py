"""NumPy's arrays that are written as a whole, and those that are refused."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

INITIALIZERS = {
    "normal": ai.normal(),
    "orthogonal": ai.orthogonal(),
    "sparse": ai.sparse(0.5),
    "zeros": ai.zeros(),
    "constant": ai.constant([1.0, 2.0, 3.0]),
    "identity": ai.identity(),
}


@pytest.fixture(params=INITIALIZERS)
def init(request):
    return INITIALIZERS[request.param]


def masked(hard):
    mask = np.eye(4, 3, dtype=bool)
    return np.ma.array(np.full((4, 3), 7.0, np.float32), mask=mask, hard_mask=hard)


@pytest.mark.parametrize("hard", [True, False])
def test_of_a_masked_array_all_is_written_and_the_mask_stays(init, hard):
    array = masked(hard)
    assert init.fill(array, key=0) is array
    assert np.array_equal(array.data, init((4, 3), key=0))
    assert np.array_equal(array.mask, np.eye(4, 3, dtype=bool))
    assert array.hardmask is hard


def test_a_model_of_masked_arrays_and_draws_into_them():
    array = masked(hard=True)
    ai.fill_tree({"w": array}, {"*": ai.ones()}, key=0)
    assert (array.data == 1).all()
    ai.draws.normal((4, 3), key=0, out=array)
    assert np.array_equal(array.data, ai.draws.normal((4, 3), key=0))
    assert array.mask.sum() == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros((4, 3), ">f4"),
        lambda: np.zeros((4, 3), np.float32).view(np.matrix),
        lambda: np.zeros((4, 3), np.float32, order="F"),
        lambda: np.zeros((8, 9), np.float32)[::2, ::3],
        lambda: np.zeros((4, 3), np.float32)[::-1, ::-1],
        lambda: np.zeros(49, np.int8)[1:].view(np.float32).reshape(4, 3),
        lambda: np.broadcast_to(np.zeros((4, 3), np.float32), (4, 3)).copy(),
        lambda: np.zeros((1, 4, 3), np.float32)[0],
    ],
    ids=["swapped", "matrix", "F", "strided", "reversed", "not aligned", "copied", "row"],
)
def test_memory_of_any_kind(init, make):
    array = make()
    init.fill(array, key=0)
    np.testing.assert_allclose(np.asarray(array), init((4, 3), key=0), atol=1e-7)


def test_a_file_in_memory(tmp_path, init):
    array = np.memmap(tmp_path / "w", np.float32, "w+", shape=(4, 3))
    init.fill(array, key=0)
    array.flush()
    read = np.fromfile(tmp_path / "w", np.float32).reshape(4, 3)
    np.testing.assert_allclose(read, init((4, 3), key=0), atol=1e-7)


def read_only():
    array = np.zeros((4, 3))
    array.flags.writeable = False
    return array


REFUSED = {
    "read-only": (read_only, "is read-only"),
    "a read-only file": (lambda: np.frombuffer(bytes(48), np.float32).reshape(4, 3), "read-only"),
    "broadcast": (
        lambda: np.lib.stride_tricks.as_strided(np.zeros(3), (4, 3), (0, 8)), "share memory"
    ),
    "windows": (
        lambda: np.lib.stride_tricks.as_strided(np.zeros(6), (4, 3), (8, 8)), "share memory"
    ),
    "a read-only masked array": (
        lambda: np.ma.array(read_only(), mask=np.eye(4, 3, dtype=bool), copy=False), "read-only"
    ),
    "a scalar": (lambda: np.float32(1), "read-only"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused(init, name):
    make, words = REFUSED[name]
    array = make()
    before = np.array(array)
    with pytest.raises(ai.ParameterError, match=f"`out` must be writable, but it .*{words}.*copy"):
        init.fill(array, key=0)
    assert np.array_equal(array, before)


def test_what_is_no_array_is_refused():
    for out in ([0.0], 3, "w", None, {"w": np.zeros(3)}):
        with pytest.raises(ai.ParameterTypeError, match="`out` must be an array of a supported"):
            ai.normal().fill(out, key=0)
