"""ICNR and looks-linear weights: what the shuffle and the rectifier make of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agnostic_init as ai

CASES = [
    (ai.icnr("normal", 2, layout="torch"), (8, 3, 3, 3)),
    (ai.icnr(ai.he_normal(layout="keras"), 3, layout="keras", shuffle="tensorflow"), (3, 2, 6)),
    (ai.icnr("uniform", 2, layout="torch", dims=2), (12, 2)),
    (ai.looks_linear("normal"), (6, 4)),
    (ai.looks_linear("normal", "outputs", layout="(2 o) i"), (8, 3)),
    (ai.looks_linear("normal", "inputs", layout="keras"), (3, 4, 5)),
]


@pytest.mark.parametrize(("init", "shape"), CASES)
def test_every_library_makes_the_same(backend, init, shape):
    assert init.elementwise
    for dtype in ("float32", "complex64") if init.init != ai.uniform() else ("float32",):
        made = init(shape, key=1, xp=backend.xp, dtype=dtype)
        np.testing.assert_array_equal(backend.to_numpy(made), init(shape, key=1, dtype=dtype))


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(CASES), data=st.data())
def test_a_block_is_a_slice_of_the_whole(case, data):
    init, shape = case
    index = tuple(
        data.draw(st.one_of(st.slices(n), st.integers(-n, n - 1)), label="index") for n in shape
    )
    np.testing.assert_array_equal(init(shape, key=0, index=index), init(shape, key=0)[index])


@pytest.mark.parametrize(("init", "shape"), CASES)
def test_values_figures_and_fill(init, shape):
    assert init == ai.get(init.to_dict())
    assert hash(init) == hash(ai.get(init.to_dict()))
    assert "repeated" in init.describe(shape).distribution
    out = np.empty(shape[::-1], np.float32).T
    init.fill(out, key=0)
    np.testing.assert_array_equal(out, init(shape, key=0))


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn"])
def test_small_floats_are_the_float32_rounded(dtype):
    pytest.importorskip("ml_dtypes")
    for init, shape in CASES:
        small = init(shape, key=0, dtype=dtype)
        single = init(shape, key=0).astype(small.dtype)
        np.testing.assert_array_equal(small.view("u1"), single.view("u1"))


def test_a_pixel_shuffle_of_icnr_has_equal_pixels():
    torch = pytest.importorskip("torch")
    w = torch.from_numpy(ai.icnr(factor=3, layout="torch")((18, 4, 3, 3), key=0))
    x = torch.from_numpy(ai.normal()((1, 4, 5, 5), key=1))
    y = torch.nn.functional.pixel_shuffle(torch.nn.functional.conv2d(x, w, padding=1), 3)
    few = torch.from_numpy(ai.he_normal(layout="torch")((2, 4, 3, 3), key=0))
    small = torch.nn.functional.conv2d(x, few, padding=1)
    nearest = torch.nn.functional.interpolate(small, scale_factor=3, mode="nearest")
    torch.testing.assert_close(y, nearest, rtol=1e-5, atol=1e-5)


def test_depth_to_space_of_icnr_has_equal_pixels():
    w = ai.icnr("normal", 2, layout="keras", shuffle="tensorflow")((1, 1, 3, 8), key=0)
    x = ai.normal()((4, 4, 3), key=1)
    y = np.einsum("hwi,io->hwo", x, w[0, 0])
    shuffled = y.reshape(4, 4, 2, 2, 2).transpose(0, 2, 1, 3, 4).reshape(8, 8, 2)
    np.testing.assert_array_equal(shuffled[::2, ::2], shuffled[1::2, 1::2])
    np.testing.assert_array_equal(shuffled[::2, ::2], shuffled[::2, 1::2])


def test_a_network_that_looks_linear_is():
    def relu(x):
        return np.maximum(x, 0)

    first = ai.looks_linear(mirror="outputs", layout="o i")((16, 8), key=0)
    inner = [ai.looks_linear()((16, 16), key=n) for n in range(1, 5)]
    last = ai.looks_linear(mirror="inputs", layout="o i")((8, 16), key=9)

    def network(x):
        h = relu(first @ x)
        for w in inner:
            h = relu(w @ h)
        return last @ h

    x, y = ai.normal()((2, 8), key=5)
    np.testing.assert_allclose(network(x + 2 * y), network(x) + 2 * network(y), atol=1e-5)
    assert np.linalg.norm(network(x)) == pytest.approx(np.linalg.norm(x), rel=1e-5)


def test_the_blocks_of_a_mirrored_weight():
    w = ai.looks_linear()((6, 8), key=0)
    np.testing.assert_array_equal(w[:3, :4], ai.orthogonal()((3, 4), key=0))
    np.testing.assert_array_equal(w, np.block([[w[:3, :4], -w[:3, :4]], [-w[:3, :4], w[:3, :4]]]))
    assert not ai.looks_linear().elementwise
    gates = ai.looks_linear("normal", "outputs", layout="(2 o) i")((8, 3), key=0)
    np.testing.assert_array_equal(gates[:2], -gates[2:4])
    np.testing.assert_array_equal(gates[4:6], -gates[6:])


def test_a_constant_needs_no_key():
    assert not ai.looks_linear("ones").needs_key
    np.testing.assert_array_equal(ai.looks_linear("ones")((2, 2)), [[1, -1], [-1, 1]])


def test_a_weight_beside_its_negative_is_described_as_both():
    for init, shape in ((ai.normal(1.0, 0.5), (400, 200)), (ai.uniform(1.0, 3.0), (400, 200))):
        both = ai.looks_linear(init)
        about, made = both.describe(shape), both(shape, key=0)
        assert about.mean == 0.0
        assert about.std == pytest.approx(made.std(), rel=0.02)
    assert (about.low, about.high) == (-3.0, 3.0)
    assert ai.looks_linear(ai.constant([[1.0, 2.0]])).describe((4, 4)).mean == 0.0
    assert ai.looks_linear("hippo").describe((4, 4)).std is None
