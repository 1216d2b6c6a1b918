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


CHUNKS = {
    "a size": (3, ((3, 3, 2), (3, 1))),
    "one for each axis": ((8, 2), ((8,), (2, 2))),
    "all of them": (((1, 7), (4,)), ((1, 7), (4,))),
    "automatic": ("auto", ((8,), (4,))),
    "both": ((3, -1), ((3, 3, 2), (4,))),
    "by axis": ({0: 5}, ((5, 3), (4,))),
    "bytes": ("64B", ((4, 4), (4,))),
}


@pytest.mark.parametrize(("chunks", "found"), CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("which", ["normal", "orthogonal", "zeros", "sparse"])
def test_chunks_are_those_that_are_asked_for(which, chunks, found):
    init, shape = INITS[which]
    array = init(shape, key=0, xp=da, chunks=chunks)
    assert array.chunks == found
    np.testing.assert_array_equal(array.compute(), init(shape, key=0))
    again = init(shape, key=0, like=da.zeros(shape, chunks=1, dtype="float32"), chunks=chunks)
    assert (again.name, again.chunks) == (array.name, found)


def test_chunks_of_numbers_blocks_and_trees():
    whole = ai.draws.normal((8, 4), key=1)
    array = ai.draws.normal((8, 4), key=1, xp=da, chunks=(5, 2), index=slice(1, 7))
    assert array.chunks == ((5, 1), (2, 2))
    np.testing.assert_array_equal(array.compute(), whole[1:7])
    specs = {"a": (8, 4), "b": (8, 4), "c": 8}
    rules = {"*": ai.normal()}
    arrays = ai.init_tree(specs, rules, key=1, xp=da, chunks=3)
    assert [each.chunks[0] for each in arrays.values()] == [(3, 3, 2)] * 3
    some = ai.init_tree(specs, rules, key=1, xp=da, chunks={"b": (2, -1)})
    assert [each.chunks[0] for each in some.values()] == [(8,), (2,) * 4, (8,)]
    for name, each in ai.init_tree(specs, rules, key=1).items():
        np.testing.assert_array_equal(arrays[name].compute(), each)
        np.testing.assert_array_equal(some[name].compute(), each)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: ai.ones()((8, 4), chunks=3),
            "`chunks` must be given for Dask alone.*xp=dask.array",
        ),
        (lambda: ai.draws.uniform(8, key=0, chunks=3, xp=np), "must be given for Dask alone"),
        (
            lambda: ai.ones()((8, 4), xp=da, chunks=(3, 3, 3)),
            r"must be chunks of the shape \(8, 4\)",
        ),
        (lambda: ai.ones()((8, 4), xp=da, chunks=((3, 3), 4)), "`chunks` must be chunks"),
        (lambda: ai.ones()((8, 4), xp=da, chunks="half"), "'half'; try: chunks='auto'"),
        (
            lambda: ai.init_tree({"a": 3}, {"*": "ones"}, key=0, xp=da, chunks={"b": 2}),
            r"`chunks` must name parameters of the plan, got \['b'\]",
        ),
        (
            lambda: ai.init_tree({"a": 3}, {"*": "ones"}, key=0, chunks=2),
            "parameter 'a': `chunks` must be given for Dask alone",
        ),
        (
            lambda: ai.draws.normal(3, key=0, chunks=2, out=np.zeros(3)),
            "`chunks` must not be given together with `out`",
        ),
    ],
)
def test_chunks_that_cannot_be(call, words):
    with pytest.raises(ai.ParameterError, match=words):
        call()


@pytest.mark.slow
def test_two_processes_of_workers():
    """What crosses to a worker is small; each makes its chunks, and gives what one process gives."""
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("resource")

    def most_memory():  # sent as it is, which a function of this module would not be
        import resource
        import sys

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    shape = (512, 256)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        array = ai.normal()(shape, key=0, xp=da, chunks=(64, 256))
        held = client.persist(array)
        distributed.wait(held)
        workers = {name for names in client.who_has(held).values() for name in names}
        assert len(workers) == 2
        np.testing.assert_array_equal(held.compute(), ai.normal()(shape, key=0))
        matrix = ai.orthogonal()((64, 64), key=0, xp=da, chunks=32)
        np.testing.assert_allclose(
            client.compute(matrix).result(), ai.orthogonal()((64, 64), key=0), atol=1e-6
        )
        # 256 MiB in chunks of 4: what a worker needs for it is a few of these.
        client.compute(ai.normal()((1 << 21,), key=0, xp=da, chunks=1 << 20).max()).result()
        before = client.run(most_memory)
        large = ai.normal()((1 << 26,), key=0, xp=da, chunks=1 << 20)
        assert client.compute(large.max()).result() > 5
        after = client.run(most_memory)
        assert all(after[worker] - before[worker] < 1 << 26 for worker in before)
