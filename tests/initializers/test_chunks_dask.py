"""Arrays of Dask: lazy, in the chunks of `like=`, and small enough to be sent to another process."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import agnostic_init as ai

da = pytest.importorskip("dask.array")

INITS = {
    "zeros": (ai.zeros(), (8, 4)),
    "number": (ai.constant(2.5), (8, 4)),
    "NaN": (ai.constant(float("nan")), (8, 4)),
    "array": (ai.constant([[1.0, 2.0, 3.0, 4.0]]), (8, 4)),
    "normal": (ai.normal(), (8, 4)),
    "identity": (ai.identity(), (8, 4)),
    "sparse": (ai.sparse(0.5), (8, 4)),
    "orthogonal": (ai.orthogonal(), (8, 4)),
    "gates": (ai.orthogonal(layout="(2 o) i"), (8, 4)),
    "delta": (ai.delta_orthogonal(layout="torch"), (8, 4, 3)),
    "convolution": (ai.conv_orthogonal(layout="torch"), (8, 4, 3)),
    "icnr": (ai.icnr("normal", 2, layout="torch", dims=2), (8, 4)),
    "looks linear": (ai.looks_linear(), (8, 4)),
    "nothing": (ai.sparse(0.5), (0, 4)),
}


def made(which, chunks=None, **options):
    init, shape = INITS[which]
    like = None if chunks is None else da.zeros(shape, chunks=chunks, dtype="float32")
    return init(shape, key=0, **({"xp": da} if like is None else {"like": like}), **options)


@pytest.mark.parametrize("which", INITS)
@pytest.mark.parametrize("chunks", [3, -1])
def test_the_chunks_are_those_of_like(which, chunks):
    init, shape = INITS[which]
    found = made(which, chunks)
    assert found.chunks == da.zeros(shape, chunks=chunks).chunks
    right = init(shape, key=0)
    if "orthogonal" in repr(init):  # equal to rounding
        np.testing.assert_allclose(found.compute(), right, atol=1e-6)
    else:
        np.testing.assert_array_equal(found.compute(), right)


@pytest.mark.parametrize("which", INITS)
def test_another_process_can_take_it(which):
    for array in (made(which), made(which, 3), made(which, index=slice(1, None, 3))):
        sent = pickle.dumps(array)
        assert len(sent) < 20_000
        np.testing.assert_array_equal(pickle.loads(sent).compute(), array.compute())


def test_one_number_can_be_sent_too():
    array = ai.normal()((), key=0, xp=da)
    assert pickle.loads(pickle.dumps(array)).compute() == array.compute()


def test_a_constant_array_beyond_all_memory_is_lazy():
    value = np.arange(4.0)
    found = ai.constant(value)((2**40, 4), xp=da, dtype="float64")
    np.testing.assert_array_equal(found[-2:].compute(), [value, value])
    like = da.zeros((2**30, 4), chunks=(2**20, 4), dtype="int8")
    assert ai.ones()((2**30, 4), like=like).chunks == like.chunks
