"""The assembly for GPUs, run by hosts: in torch, and in NumPy for CuPy."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from agnostic_init.arrays.target import Target
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits import key
from agnostic_init.linalg import make
from agnostic_init.linalg.engines import gpu
from agnostic_init.linalg.engines.blocking import WORKSPACE, Blocking, blocking
from agnostic_init.linalg.engines.cupy_operations import Operations
from agnostic_init.linalg.haar import Haar

MOST = {"float32": 2e-6, "complex64": 4e-6, "float64": 4e-15, "complex128": 4e-15}
SHAPES = [(1, 1), (2, 2), (5, 3), (3, 7), (16, 16), (33, 20), (130, 130), (300, 20), (20, 300)]
SHAPES += [(3, 40, 40), (2, 3, 9, 17), (1, 2, 17, 9), (5, 1, 1), (5, 1), (1, 5), (4, 3, 1)]


class InTorch:
    """The operations of torch's engine, on the host."""

    name = "torch"

    @staticmethod
    def empty(shape, dtype):
        torch = pytest.importorskip("torch")
        return torch.full(shape, float("nan"), dtype=getattr(torch, dtype))

    @staticmethod
    def operations(out):
        from agnostic_init.linalg.engines.torch import Operations

        return Operations(out)


class InNumpy:
    """Those of CuPy's, in NumPy."""

    name = "numpy"

    @staticmethod
    def empty(shape, dtype):
        return np.full(shape, np.nan, dtype)

    @staticmethod
    def operations(out):
        return Operations(np, out.dtype)


@pytest.fixture(params=[InTorch, InNumpy], ids=["torch", "numpy"])
def place(request):
    return request.param


def haar_of(shape, dtype="float32", **more):
    return Haar(shape[:-2], *shape[-2:], dtype, **more)


def filled(place, haar, out=None):
    out = place.empty(haar.shape, haar.dtype) if out is None else out
    draw = gpu.of_key(haar, key(3), library_named(place.name))
    gpu.assemble(place.operations(out), haar, draw, out)
    return np.asarray(out)


def expected(haar):
    return make.make(haar, key(3), Target(library_named("numpy"), haar.dtype, None))


def error_of(q):
    if q.shape[-2] < q.shape[-1]:
        q = q.swapaxes(-1, -2)
    return np.abs(q.conj().swapaxes(-1, -2) @ q - np.eye(q.shape[-1])).max()


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", MOST)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_matrices_are_those_of_hosts(place, shape, dtype, special):
    haar = haar_of(shape, dtype, gain=1.5, special=special and shape[-1] == shape[-2])
    made = filled(place, haar)
    assert error_of(made / 1.5) <= MOST[dtype]
    np.testing.assert_allclose(made, expected(haar), rtol=0, atol=MOST[dtype])


@pytest.mark.parametrize(
    "blocks", [Blocking(1, 1), Blocking(4, 8), Blocking(16, 16), Blocking(8, 400), Blocking(64, 64)]
)
@pytest.mark.parametrize("shape", [(40, 40), (33, 20), (20, 33), (2, 3, 20, 20), (128, 128)])
def test_blocks_and_sections_of_any_size_make_them(monkeypatch, place, shape, blocks):
    monkeypatch.setattr(gpu, "blocking", lambda haar: blocks)
    haar = haar_of(shape, special=shape[-1] == shape[-2])
    made = filled(place, haar)
    assert error_of(made) <= MOST["float32"]
    np.testing.assert_allclose(made, expected(haar), rtol=0, atol=MOST["float32"])


@pytest.mark.parametrize("shape", [(700, 700), (1500, 600)])
def test_larger_ones_are_orthogonal(place, shape):
    haar = haar_of(shape)
    made = filled(place, haar)
    assert error_of(made) <= MOST["float32"]
    np.testing.assert_allclose(made, expected(haar), rtol=0, atol=MOST["float32"])


@pytest.mark.parametrize("most", [1, 2 * 400, 3 * 400])
@pytest.mark.parametrize("shape", [(7, 20, 20), (2, 3, 20, 10), (3, 2, 10, 20)])
def test_large_batches_are_made_in_stacks(monkeypatch, place, shape, most):
    monkeypatch.setattr(gpu, "WORKSPACE", most)
    haar = haar_of(shape)
    np.testing.assert_allclose(filled(place, haar), expected(haar), rtol=0, atol=1e-6)
    out = place.empty((*shape[:-2], shape[-1], shape[-2]), "float32").swapaxes(-1, -2)
    np.testing.assert_allclose(filled(place, haar, out), expected(haar), rtol=0, atol=1e-6)
    part = filled(place, haar_of((6, 7, 7)).part(slice(2, 5)))
    np.testing.assert_allclose(part, expected(haar_of((6, 7, 7)))[2:5], rtol=0, atol=1e-6)


@pytest.mark.parametrize("strip", [1, 1000])
@pytest.mark.parametrize("shape", [(70, 30), (30, 70), (3, 30, 20)])
def test_strips_are_of_any_size(monkeypatch, shape, strip):
    monkeypatch.setattr("agnostic_init.linalg.engines.cupy_operations.STRIP", strip)
    haar = haar_of(shape)
    np.testing.assert_allclose(filled(InNumpy, haar), expected(haar), rtol=0, atol=2e-6)


def test_a_large_matrix_takes_little_more_than_its_memory(monkeypatch):
    monkeypatch.setattr(gpu, "blocking", lambda haar: Blocking(64, 128))
    monkeypatch.setattr("agnostic_init.linalg.engines.cupy_operations.STRIP", 1 << 15)
    out = InNumpy.empty((1024, 1024), "float32")

    def draw(part, start, stop, array):
        array[...] = 1.0

    def fill():
        gpu.assemble(Operations(np, out.dtype), haar_of(out.shape), draw, out)

    fill()
    tracemalloc.start()
    try:
        fill()
        assert tracemalloc.get_traced_memory()[1] <= 0.5 * out.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(24, 60), (60, 24), (3, 20, 20), (2, 3, 20, 10)])
def test_memory_of_any_strides_is_written(place, shape):
    haar = haar_of(shape)
    axes, rest = tuple(range(len(shape))), shape[:-2]
    outs = [
        place.empty((*rest, shape[-1], shape[-2]), "float32").swapaxes(-1, -2),
        place.empty((*rest, 3 * shape[-2], 2 * shape[-1]), "float32")[..., ::3, ::2],
        place.empty((*rest, 2 * shape[-2], 3 * shape[-1]), "float32")[
            ..., 1 : 1 + shape[-2], 2 : 2 + shape[-1]
        ],
    ]
    if place is InNumpy:
        outs.append(np.empty(shape[::-1], "f4").transpose(axes[::-1])[..., ::-1])
    else:
        outs.append(place.empty(shape[::-1], "float32").permute(axes[::-1]))
    for out in outs:
        made = filled(place, haar, out)
        np.testing.assert_allclose(made, expected(haar), rtol=0, atol=MOST["float32"])


def test_a_stack_that_is_reversed_is_written_in_parts(monkeypatch):
    monkeypatch.setattr(gpu, "WORKSPACE", 2 * 400)
    out = np.full((5, 20, 20), np.nan, "f4")[::-1]
    haar = haar_of(out.shape)
    np.testing.assert_allclose(filled(InNumpy, haar, out), expected(haar), rtol=0, atol=1e-6)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_single_column_of_any_stride_is_written(place, step):
    for out in (
        place.empty((9 * step, 4), "float32")[::step, 1:2],
        place.empty((1, 9 * step), "float32")[:, ::step],
    ):
        haar = haar_of(tuple(out.shape))
        np.testing.assert_allclose(filled(place, haar, out), expected(haar), rtol=0, atol=1e-6)


def test_a_part_of_a_stack(place):
    part = filled(place, haar_of((6, 7, 7)).part(slice(3, 5)))
    np.testing.assert_allclose(part, expected(haar_of((6, 7, 7)))[3:5], rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 2, 2)])
def test_empty_ones_are_left_alone(place, shape):
    assert filled(place, haar_of(shape)).shape == shape


@pytest.mark.parametrize("most", [1, 2 * 1200, WORKSPACE])
def test_equal_matrices_of_several_keys(monkeypatch, place, most):
    monkeypatch.setattr(gpu, "WORKSPACE", most)
    group = haar_of((3, 2, 20, 30))
    keys = [key(n) for n in (5, 1, 7)]
    out = place.empty(group.shape, "float32")
    single = haar_of((2, 20, 30))
    draw = gpu.of_keys(single, keys, library_named(place.name))
    gpu.assemble(place.operations(out), group, draw, out)
    target = Target(library_named("numpy"), "float32", None)
    for one, its in zip(np.asarray(out), keys, strict=True):
        np.testing.assert_allclose(one, make.make(single, its, target), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (64, 64), (1000, 300), (16384, 16384)])
@pytest.mark.parametrize("batch", [(), (7,), (4096,)])
def test_blocks_are_powers_of_two_and_sections_fit(batch, shape):
    haar = haar_of((*batch, *shape))
    blocks = blocking(haar)
    assert blocks.width & blocks.width - 1 == 0
    assert blocks.height % blocks.width == 0
    assert blocks.padded(haar.short) < 2 * haar.short or blocks.width == 1
    elements = haar.size // haar.short * blocks.height
    assert blocks.height == blocks.width or elements <= max(WORKSPACE // 2, haar.size // 8)


def test_blocks_of_known_sizes():
    found = {
        shape: blocking(haar_of(shape)).width
        for shape in [(64, 64), (256, 256), (1024, 1024), (4096, 4096), (8192, 512), (64, 256, 256)]
    }
    assert list(found.values()) == [32, 128, 256, 256, 128, 64]
    assert blocking(haar_of((2048, 2048))) == Blocking(256, 2048)
    assert blocking(haar_of((16384, 16384))) == Blocking(256, 2048)
