"""Names in Dask's graphs: those of equal weights are equal, in every process, and of others are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

import agnostic_init as ai

da = pytest.importorskip("dask.array")
import dask

INITS = {
    "normal": (lambda: ai.normal(), (8, 4)),
    "one number": (lambda: ai.normal(), ()),
    "orthogonal": (lambda: ai.orthogonal(layout="torch"), (8, 4, 3)),
    "sparse": (lambda: ai.sparse(0.5), (8, 4)),
    "delta": (lambda: ai.delta_orthogonal(layout="torch"), (8, 4, 3)),
    "convolution": (lambda: ai.conv_orthogonal(layout="torch"), (8, 4, 3)),
    "icnr": (lambda: ai.icnr("normal", 2, layout="torch"), (8, 4, 2)),
    "looks linear": (lambda: ai.looks_linear(), (8, 4)),
    "dirac": (lambda: ai.dirac(), (8, 4, 3)),
    "ones": (lambda: ai.ones(), (8, 4)),
    "array": (lambda: ai.constant([1.0, 2.0, 3.0, 4.0]), (8, 4)),
}
RANDOM = sorted(set(INITS) - {"dirac", "ones", "array"})


def name(which, key=0, **options):
    make, shape = INITS[which]
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        return make()(shape, key=key, xp=da, **options).name


@pytest.mark.parametrize("which", INITS)
def test_equal_weights_have_equal_names(which):
    assert len({name(which) for _ in range(4)}) == 1
    if INITS[which][1]:
        assert name(which, index=slice(1, 3)) == name(which, index=slice(1, 3))


@pytest.mark.parametrize("which", INITS)
def test_other_weights_have_other_names(which):
    others = [name(which, dtype="float64")]
    if which in RANDOM:
        others.append(name(which, key=1))
    if INITS[which][1]:
        others += [name(which, index=slice(1, 3)), name(which, index=slice(2, 4))]
    if which in {"ones", "array"}:  # whose blocks are equal
        others.pop()
    assert len({name(which), *others}) == 1 + len(others)


def test_parameters_shapes_and_chunks_make_a_name():
    found = {
        ai.sparse(sparsity)(shape, key=0, xp=da).name
        for sparsity in (0.5, 0.6)
        for shape in ((8, 4), (4, 8))
    }
    like = [da.zeros((8, 4), chunks=chunks, dtype="float32") for chunks in ((8, 4), (4, 4))]
    found |= {ai.normal()((8, 4), key=0, like=each).name for each in like}
    assert len(found) == 6


def test_the_names_of_another_process():
    code = (
        "import agnostic_init as ai, dask.array as da;"
        "print(ai.sparse(0.5)((8, 4), key=0, xp=da).name, ai.normal()((), key=0, xp=da).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [name("sparse"), name("one number")]


@pytest.mark.parametrize("which", INITS)
def test_an_array_beside_its_equal_is_computed_right(which):
    make, shape = INITS[which]
    one, two = (make()(shape, key=0, xp=da) for _ in range(2))
    assert not (one - two).compute().any()
