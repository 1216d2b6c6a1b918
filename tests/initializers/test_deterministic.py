"""Identity, dirac and bilinear weights: right at every position, alone or in the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agnostic_init as ai

CASES = [
    (ai.identity(), (4, 4)),
    (ai.identity(0.3), (2, 3, 5)),
    (ai.identity(layout="(2 o) i"), (6, 4)),
    (ai.identity(layout="i (o 2)"), (4, 6)),
    (ai.identity(layout="i o o"), (6, 2, 3)),
    (ai.identity(layout="torch", groups=2), (6, 3)),
    (ai.dirac(), (4, 4, 3, 4)),
    (ai.dirac(groups=2, gain=0.3), (6, 2, 4)),
    (ai.dirac(layout="keras", center="same"), (4, 3, 2, 5)),
    (ai.bilinear(layout="torch_transposed"), (3, 3, 4, 5)),
    (ai.bilinear(layout="*k o i", pairs="all", gain=0.3), (4, 3, 2)),
]


@pytest.mark.parametrize(("init", "shape"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_every_library_makes_the_same(backend, init, shape, dtype):
    made = init(shape, xp=backend.xp, dtype=dtype)
    np.testing.assert_array_equal(backend.to_numpy(made), init(shape, dtype=dtype))


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(CASES), data=st.data())
def test_a_block_is_a_slice_of_the_whole(case, data):
    init, shape = case
    index = tuple(
        data.draw(st.one_of(st.slices(n), st.integers(-n, n - 1)), label="index") for n in shape
    )
    np.testing.assert_array_equal(init(shape, index=index), init(shape)[index])


@pytest.mark.parametrize(("init", "shape"), CASES)
def test_blocks_and_fill_in_other_libraries(backend, init, shape):
    index = (slice(None, None, -1), Ellipsis, -1)
    made = init(shape, index=index, xp=backend.xp)
    np.testing.assert_array_equal(backend.to_numpy(made), init(shape)[index])
    if backend.name in ("numpy", "torch", "strict"):
        permute = getattr(backend.xp, "permute_dims", None) or backend.xp.permute
        out = permute(backend.xp.zeros(shape[::-1]), tuple(range(len(shape)))[::-1])
        if backend.name != "torch":
            out = backend.xp.astype(out, backend.xp.float32)
        init.fill(out)
        np.testing.assert_array_equal(backend.to_numpy(out), init(shape))


@pytest.mark.parametrize(("init", "shape"), CASES)
def test_describe_gives_the_mean_and_std(init, shape):
    found, w = init.describe(shape), init(shape, dtype="float64")
    assert found.mean == pytest.approx(w.mean(), abs=1e-12)
    assert found.std == pytest.approx(w.std(), abs=1e-12)
    assert ai.get(init.to_dict()) == init


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int32"])
def test_other_dtypes(dtype):
    if dtype != "int32":
        pytest.importorskip("ml_dtypes")
    w = ai.identity(2)((3, 4), dtype=dtype)
    np.testing.assert_array_equal(w.astype("float32"), 2 * np.eye(3, 4))


def test_a_block_of_an_array_beyond_all_memory():
    w = ai.identity()((2**40, 2**20), index=(slice(2**20 - 2, 2**20 + 1), slice(-3, None)))
    np.testing.assert_array_equal(w, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_identities_of_gates():
    w = ai.identity(layout="(2 o) i")((6, 3))
    np.testing.assert_array_equal(w, np.vstack([np.eye(3), np.eye(3)]))


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("kernel", [(1,), (3,), (4,), (3, 5), (2, 3, 4)])
def test_dirac_is_the_one_of_torch(groups, kernel):
    torch = pytest.importorskip("torch")
    shape = (8, 3, *kernel)
    theirs = torch.nn.init.dirac_(torch.empty(shape), groups=groups)
    np.testing.assert_array_equal(ai.dirac(groups)(shape), theirs)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_dirac_changes_nothing(length):
    torch = pytest.importorskip("torch")
    x = torch.arange(24.0).reshape(1, 3, 8)
    same = torch.from_numpy(ai.dirac(center="same")((3, 3, length)))
    left, right = (length - 1) // 2, length // 2
    padded = torch.nn.functional.pad(x, (left, right))  # what padding="same" does
    np.testing.assert_array_equal(torch.nn.functional.conv1d(padded, same), x)
    plain = torch.from_numpy(ai.dirac()((3, 3, length)))
    padded = torch.nn.functional.conv1d(x, plain, padding=length // 2)
    np.testing.assert_array_equal(padded[..., :8], x)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_bilinear_interpolates(factor):
    torch = pytest.importorskip("torch")
    length = 2 * factor - factor % 2
    w = torch.from_numpy(ai.bilinear(layout="torch_transposed")((3, 3, length, length)))
    x = torch.from_numpy(ai.normal()((1, 3, 6, 6), key=0))
    padding = (length - factor + 1) // 2 if factor % 2 == 0 else (length - factor) // 2
    ours = torch.nn.functional.conv_transpose2d(x, w, stride=factor, padding=padding)
    theirs = torch.nn.functional.interpolate(x, scale_factor=factor, mode="bilinear")
    inner = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(ours[inner], theirs[inner])


def test_bilinear_kernels_are_symmetric_and_sum_to_the_factor():
    for length in range(1, 10):
        w = ai.bilinear(layout="torch")((1, 1, length), dtype="float64")[0, 0]
        np.testing.assert_array_equal(w, w[::-1])
        assert (w > 0).all()
        if length % 2 == 0 or length == 1:
            assert w.sum() == pytest.approx((length + 1) // 2)


def test_bilinear_pairs():
    every = ai.bilinear(layout="torch", pairs="all")((3, 2, 4))
    diagonal = ai.bilinear(layout="torch")((3, 2, 4))
    assert (every == every[0, 0]).all()
    np.testing.assert_array_equal(diagonal, every * np.eye(3, 2)[:, :, None].astype(np.float32))
    depthwise = ai.bilinear(layout="torch_transposed", groups=3)((3, 1, 4))
    assert (depthwise == every[0, 0]).all()


def test_no_key_is_needed():
    np.testing.assert_array_equal(ai.identity()((2, 2), key=1), ai.identity()((2, 2)))


def test_meta_tensors_stay_empty():
    torch = pytest.importorskip("torch")
    cases = [*CASES, (ai.orthogonal(), (4, 4)), (ai.conv_orthogonal(layout="torch"), (4, 4, 3))]
    for init, shape in cases:
        made = init(shape, key=0, xp=torch, device="meta")
        assert made.device.type == "meta"
        assert tuple(made.shape) == shape


@pytest.mark.parametrize(("init", "shape"), CASES)
def test_what_is_made_can_be_written(backend, init, shape):
    """It is nobody else's memory, and no element is another's."""
    if backend.name not in ("numpy", "torch", "cupy"):
        pytest.skip("these arrays are never written")
    made = init(shape, xp=backend.xp)
    made += 1
    np.testing.assert_array_equal(backend.to_numpy(made), init(shape) + 1)


@pytest.mark.parametrize(
    ("dtype", "gain"),
    [("int32", 2**24 + 1), ("int64", -(2**53) + 1), ("uint64", 2**53), ("int8", -128), ("bool", 1)],
)
def test_integers_are_exact(backend, xp, dtype, gain):
    if backend.name == "jax" and dtype.endswith("64"):
        pytest.skip("JAX has them with x64 alone")
    if backend.name == "torch" and dtype.startswith("uint"):
        pytest.skip("torch has few operations for them")
    for init, shape in ((ai.identity(gain), (2, 2)), (ai.dirac(gain=gain), (2, 2, 1))):
        found = backend.to_numpy(init(shape, xp=xp, dtype=dtype)).reshape(2, 2)
        assert found.dtype == dtype
        assert found.tolist() == [[gain, 0], [0, gain]]
