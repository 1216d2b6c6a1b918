"""Orthogonal weights: what is taken as a matrix, blocks, and memory of any order."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.target import library_of


def assert_orthonormal(matrices, gain=1.0):
    """The fewer of the rows and columns of every matrix are orthonormal, up to the gain."""
    matrices = np.asarray(matrices)
    if matrices.shape[-2] > matrices.shape[-1]:
        matrices = matrices.swapaxes(-1, -2)
    gram = matrices @ matrices.conj().swapaxes(-1, -2)
    identity = gain**2 * np.eye(matrices.shape[-2])
    np.testing.assert_allclose(gram, np.broadcast_to(identity, gram.shape), atol=4e-6 * gain**2)


@pytest.mark.parametrize(
    ("layout", "groups", "shape", "matrices"),
    [
        (None, 1, (5, 3), lambda w: w),
        ("torch", 1, (6, 4, 3, 3), lambda w: w.reshape(6, 36)),
        ("torch", 1, (40, 4, 3), lambda w: w.reshape(40, 12)),
        ("keras", 1, (3, 3, 4, 6), lambda w: w.reshape(36, 6)),
        ("mlx", 1, (6, 3, 3, 4), lambda w: w.reshape(6, 36)),
        ("torch_transposed", 1, (4, 6, 3), lambda w: w.transpose(1, 0, 2).reshape(6, 12)),
        ("b o i", 1, (7, 5, 3), lambda w: w),
        ("o b i", 1, (5, 7, 3), lambda w: w.transpose(1, 0, 2)),
        ("(4 o) i", 1, (32, 8), lambda w: w.reshape(4, 8, 8)),
        ("i (o 4)", 1, (8, 32), lambda w: w.reshape(8, 8, 4).transpose(2, 0, 1)),
        ("b (3 o) i", 1, (2, 15, 4), lambda w: w.reshape(6, 5, 4)),
        ("torch", 2, (6, 4, 5), lambda w: w.reshape(2, 3, 20)),
        ("keras", 2, (5, 4, 6), lambda w: w.reshape(20, 2, 3).transpose(1, 0, 2)),
        ("i o o", 1, (12, 3, 2), lambda w: w.reshape(12, 6)),
    ],
)
def test_what_is_orthogonal(backend, layout, groups, shape, matrices):
    init = ai.orthogonal(1.5, layout, groups)
    w = backend.to_numpy(init(shape, key=3, xp=backend.xp))
    assert w.shape == shape
    assert_orthonormal(matrices(w), 1.5)
    np.testing.assert_allclose(w, init(shape, key=3), atol=1e-6)


def test_stacked_matrices_are_independent():
    w = ai.orthogonal(layout="b o i")((3, 4, 4), key=0)
    assert len({each.tobytes() for each in w}) == 3


@pytest.mark.parametrize(
    "index",
    [
        (slice(1, 3), slice(None)),
        (slice(None), slice(None, None, -2)),
        (slice(4, 0, -3), slice(1, 2)),
        (2,),
        (Ellipsis, -1),
        (slice(0, 0),),
    ],
)
def test_a_block_is_a_slice_of_the_whole(backend, index):
    init = ai.orthogonal()
    whole = init((5, 6), key=1)
    made = backend.to_numpy(init((5, 6), key=1, index=index, xp=backend.xp))
    np.testing.assert_allclose(made, whole[index], atol=1e-6)
    assert made.shape == whole[index].shape


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16"])
@pytest.mark.parametrize(
    ("layout", "shape"),
    [("torch", (6, 4, 3, 3)), ("keras", (3, 3, 4, 6)), ("o b i", (5, 2, 4)), ("i (o 4)", (8, 32))],
)
def test_fill_writes_any_memory(backend, layout, shape, dtype):
    if backend.name not in ("numpy", "torch", "strict", "cupy"):
        pytest.skip("cannot be written")
    if backend.name == "strict" and dtype == "float16":
        pytest.skip("has no float16")
    xp, init = backend.xp, ai.orthogonal(1.5, layout)
    expected = init(shape, key=3, dtype=dtype)
    reverse = tuple(range(len(shape)))[::-1]
    place = {"dtype": getattr(xp, dtype)}
    permute = getattr(xp, "permute_dims", None) or xp.permute
    for out in (
        xp.zeros(shape, **place),
        permute(xp.zeros(shape[::-1], **place), reverse),
        xp.zeros((*shape[:-1], 2 * shape[-1]), **place)[..., ::2],
    ):
        assert init.fill(out, key=3) is out
        atol = {"float16": 2e-3, "float64": 1e-14}.get(dtype, 2e-6)
        np.testing.assert_allclose(backend.to_numpy(out), expected, atol=atol)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("b o i", (6, 4, 3)), ("o b i *k", (4, 6, 3, 2)), ("b (2 o) i", (6, 4, 3))],
)
@pytest.mark.parametrize("axis_index", [slice(2, 5), 3, slice(0, 6, 2), slice(4, 1, -1)])
def test_a_block_of_a_stack(backend, layout, shape, axis_index):
    init, axis = ai.orthogonal(layout=layout), layout.split().index("b")
    index = [slice(None), slice(None, None, -1), slice(1, 3), slice(None)][: len(shape)]
    index[axis] = axis_index
    whole = init(shape, key=1)[tuple(index)]
    made = init(shape, key=1, index=tuple(index), xp=backend.xp)
    np.testing.assert_allclose(backend.to_numpy(made), whole, atol=1e-6)


def test_only_the_matrices_of_a_block_are_made():
    init = ai.orthogonal(layout="b o i")
    w = init((10**9, 4, 4), key=1, index=slice(10**9 - 2, None))
    assert_orthonormal(w)
    assert w.shape == (2, 4, 4)


def test_fill_writes_a_block_of_a_larger_array():
    init, out = ai.orthogonal(), np.zeros((2, 4), np.float32)
    init.fill(out, key=1, index=slice(1, 3), global_shape=(6, 4))
    np.testing.assert_allclose(out, init((6, 4), key=1)[1:3], atol=1e-6)


def test_a_view_is_taken_only_where_the_memory_has_one():
    contiguous = np.zeros((6, 4, 3), np.float32)
    library = library_of(contiguous)
    view = library.rearranged(contiguous, (6, 4, 3), (0, 1, 2), (6, 12))
    assert np.shares_memory(view, contiguous)
    assert library.rearranged(contiguous[:, :2], (6, 2, 3), (0, 1, 2), (6, 6)) is not None
    assert library.rearranged(contiguous[:, ::2, :], (6, 2, 3), (0, 1, 2), (6, 6)) is None


def test_channels_last_and_parameters_in_torch():
    torch = pytest.importorskip("torch")
    init = ai.orthogonal(layout="torch")
    expected = init((8, 4, 3, 3), key=0)
    conv = torch.nn.Conv2d(4, 8, 3).to(memory_format=torch.channels_last)
    init.fill(conv.weight, key=0)
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(conv.weight.detach(), expected, atol=1e-6)
    weight = torch.nn.Parameter(torch.empty(8, 4, 3, 3))
    init.fill(weight, key=0)
    np.testing.assert_allclose(weight.detach(), expected, atol=1e-6)
    assert weight.grad_fn is None


def test_autograd_notices_the_write():
    torch = pytest.importorskip("torch")
    x, w = torch.ones(3, requires_grad=True), torch.ones(3, 3)
    y = (w @ x).sum()
    ai.orthogonal().fill(w, key=0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_special_gives_rotations():
    w = ai.orthogonal(special=True, layout="b o i")((20, 3, 3), key=0, dtype="float64")
    np.testing.assert_allclose(np.linalg.det(w), 1, atol=1e-13)


def test_it_is_a_value():
    init = ai.orthogonal(2, "(4 o) i")
    assert init == ai.get(init.to_dict()) == ai.orthogonal(2.0, layout="(4 o) i")
    assert hash(init) == hash(ai.get(init.to_dict()))
    assert not init.elementwise
    assert repr(init).startswith("orthogonal(gain=2.0, layout='(4 o) i'")


def test_describe():
    init = ai.orthogonal(3.0, "torch")
    found = init.describe((6, 4, 3, 3))
    assert (found.distribution, found.mean, found.std) == ("orthogonal", 0.0, 0.5)
    assert init((6, 4, 3, 3), key=0).std() == pytest.approx(0.5, rel=0.02)
    assert init.describe((6, 4, 3, 3), "complex64").distribution == "unitary"


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0)])
def test_empty_weights(backend, shape):
    assert tuple(ai.orthogonal()(shape, key=0, xp=backend.xp).shape) == shape


GOLDEN = [
    [[-0.10524356, 0.16436426], [0.24779674, 0.38794965]],
    [[-0.29124442, -0.08344096], [-0.35358402, 0.18218873]],
]


def test_golden_values():
    # Drawn once and never to change, to within the rounding of float32.
    w = ai.orthogonal(0.5, layout="torch")((2, 2, 2), key=2026)
    np.testing.assert_allclose(w, GOLDEN, rtol=0, atol=1e-6)
