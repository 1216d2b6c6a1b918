"""Constants: what a dtype can hold is held exactly, and an array is a value."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import time

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.target import library_of

NAN, INF = math.nan, math.inf
EXACT = [
    (2**53 + 1, "int64"),
    (-(2**63), "int64"),
    (2**64 - 1, "uint64"),
    ([2**53 + 1, -(2**60) - 1], "int64"),
    ([2**64 - 1, 0], "uint64"),
    ([2**63 + 1, 2**64 - 1], "uint64"),
    ([2**24 + 1, -(2**31)], "int32"),
    (255, "uint8"),
    (-128.0, "int8"),
    (1, "bool"),
]


@pytest.mark.parametrize(("value", "dtype"), EXACT)
def test_integers_are_exact(backend, xp, value, dtype):
    if not hasattr(xp, dtype) or (backend.name == "jax" and "64" in dtype):
        pytest.skip(f"{backend.name} has no {dtype} here")
    made = ai.constant(value)((2,), xp=xp, dtype=dtype)
    assert str(made.dtype).endswith(dtype)
    assert backend.to_numpy(made).tolist() == (value if isinstance(value, list) else [value] * 2)
    if backend.name in ("numpy", "torch"):
        out = xp.zeros(2, dtype=getattr(xp, dtype))
        assert ai.constant(value).fill(out).tolist() == made.tolist()


REFUSED = [
    (300, "uint8", "must be from 0 to 255 for dtype uint8, got 300"),
    (-1, "uint8", "must be from 0 to 255 for dtype uint8, got -1"),
    ([0, 128], "int8", "must be from -128 to 127 for dtype int8, got 128"),
    (2**63, "int64", "must be from -9223372036854775808 to"),
    (2**64, "uint64", "must be from 0 to 18446744073709551615"),
    (2, "bool", "must be from 0 to 1 for dtype bool"),
    (1.5, "int32", "must be an integer for dtype int32, got 1.5"),
    ([1.0, 1.5], "int32", "must be an integer for dtype int32, got"),
    (NAN, "int32", "must be an integer for dtype int32, got nan"),
    ([0.0, INF], "int32", "must be an integer for dtype int32"),
    (1j, "int32", "must be real for dtype int32"),
    ([1j], "float32", "must be real for dtype float32"),
    (1e39, "float32", "must be at most 3.40282e+38, the largest float32, got 1e+39"),
    ([0.0, -1e5], "float16", "must be at most 65504, the largest float16, got -100000"),
    (2**200 + 1, "float32", "must be at most 3.40282e+38"),
    (complex(0, 1e39), "complex64", "must be at most 3.40282e+38, the largest complex64"),
]


@pytest.mark.parametrize(("value", "dtype", "words"), REFUSED)
def test_what_a_dtype_cannot_hold_is_refused(value, dtype, words):
    init = ai.constant(value)
    for call in (
        lambda: init((2,), dtype=dtype),
        lambda: init.describe((2,), dtype),
        lambda: init.fill(np.zeros(2, dtype)),
    ):
        with pytest.raises(ai.ParameterError) as caught:
            call()
        assert str(caught.value).startswith("`value` " + words)


def test_an_integer_beyond_every_float_is_refused_at_once():
    with pytest.raises(ai.ParameterError, match=r"`value` must be at most 1\.79769e\+308 in magn"):
        ai.constant(10**400)


def test_infinities_need_a_dtype_that_has_them():
    pytest.importorskip("ml_dtypes")
    for value in (INF, [0.0, -INF]):
        assert np.isinf(ai.constant(value)((2,), dtype="float8_e5m2").astype("f4")).any()
        with pytest.raises(
            ai.ParameterError, match="`value` must be finite or NaN for dtype float8"
        ):
            ai.constant(value)((2,), dtype="float8_e4m3fn")
    assert np.isnan(ai.constant(NAN)((2,), dtype="float8_e4m3fn").astype("f4")).all()
    assert abs(ai.constant(complex(3e38, 3e38))((1,), dtype="complex64")[0].real) > 2e38


VALUES = [NAN, INF, -0.0, 2**53 + 1, 2**64 - 1, 1j, complex(NAN, -INF), [1.0, NAN], [[INF, 1j]]]
VALUES += [[2**64 - 1, 0], [2**60 + 1, -1], np.linspace(0, 1, 100), np.zeros((2, 3), np.float32)]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive(value):
    init = ai.constant(value)
    for again in (
        ai.get(json.loads(json.dumps(init.to_dict(), allow_nan=False))),
        pickle.loads(pickle.dumps(init)),
        copy.deepcopy(init),
        dataclasses.replace(init),
        ai.constant(value),
    ):
        assert again == init
        assert hash(again) == hash(init)
        assert repr(again) == repr(init)


def test_what_is_equal():
    assert ai.constant(1) == ai.constant(1.0) == ai.constant(np.int8(1)) == ai.constant(np.array(1))
    assert ai.constant([1, 2]) == ai.constant((1.0, 2.0)) == ai.constant(np.array([1, 2], "u1"))
    assert ai.constant(0.0) != ai.constant(-0.0)
    assert ai.constant([1.0]) != ai.constant(1.0)
    assert ai.constant([[1.0, 2.0]]) != ai.constant([1.0, 2.0])
    assert ai.constant(1.0) != ai.ones()
    assert ai.constant(np.array([NAN, -NAN])) == ai.constant([NAN, NAN])


def test_arrays_of_every_library(backend, xp):
    known = ai.constant([1.0, 2.0])
    for dtype in ("float32", "int32", "bfloat16", "float64"):
        if hasattr(xp, dtype) and not (backend.name == "jax" and dtype == "float64"):
            given = xp.asarray([1, 2], dtype=getattr(xp, dtype))
            assert ai.constant(given) == known
            assert ai.constant(given[1]) == ai.constant(2)


def test_tensors_of_a_graph():
    torch = pytest.importorskip("torch")
    assert ai.constant(torch.ones(2, requires_grad=True)) == ai.constant([1, 1])
    conjugate = torch.full((2,), 1 + 2j).conj()
    assert ai.constant(conjugate) == ai.constant([1 - 2j, 1 - 2j])
    assert ai.constant(torch.ones(2, dtype=torch.float8_e4m3fn)) == ai.constant([1, 1])
    with pytest.raises(TypeError, match=r"must be a number or an array .* a Tensor without values"):
        ai.constant(torch.ones(2, device="meta"))


def test_arrays_of_small_floats():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4):
        assert ai.constant(np.ones(2, dtype)) == ai.constant([1, 1])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [INF, NAN, [INF, -INF], [NAN, 1.0], [1e308, 1e308], 1j, [1j]])
def test_descriptions_without_warnings(value):
    found = ai.constant(value).describe((2,), "complex128" if value in (1j, [1j]) else "float64")
    assert "constant" in str(found)
    if value == INF:
        assert (found.mean, found.std, found.low, found.high) == (INF, 0.0, INF, INF)


def test_a_large_array_costs_little():
    array = np.random.default_rng(0).normal(size=(1024, 1024))
    start = time.perf_counter()
    init = ai.constant(array)
    assert init == ai.constant(array.copy())
    assert hash(init) == hash(ai.constant(array.copy()))
    about = init.describe(array.shape)
    assert time.perf_counter() - start < 1.0  # as tuples: 5 s
    assert len(repr(init)) < 100
    assert len(str(about)) < 300
    assert about.mean == pytest.approx(array.mean())
    np.testing.assert_array_equal(init(array.shape, dtype="float64"), array)
    assert len(pickle.dumps(init)) < array.nbytes * 1.1


def test_it_is_a_copy():
    array = np.ones(3)
    init = ai.constant(array)
    array[0] = 7.0
    assert init == ai.constant([1, 1, 1])
    made = init((3,), dtype="float64")
    made[0] = 7.0
    assert init == ai.constant([1, 1, 1])


def test_a_plan_stays_narrow():
    plan = ai.init_tree({"w": (100,)}, {"*": ai.constant(np.arange(100))}, key=0, dry_run=True)
    assert max(map(len, str(plan).splitlines())) < 160


def test_a_block_of_an_array_beyond_all_memory():
    init = ai.constant([[1.0, 2.0, 3.0]])
    made = init((2**60, 3), index=(slice(2**59, 2**59 + 2), slice(None, None, -2)))
    np.testing.assert_array_equal(made, [[3, 1], [3, 1]])
    np.testing.assert_array_equal(init((2**60, 3), index=(2**59, slice(0, 0))), [])
    assert init((2**60, 3), index=(-1, -1)) == 3.0
    assert init.describe((2**60, 3)).mean == 2.0


def test_no_array_of_more_axes_than_the_shape():
    for value, shape in [([[1.0]], (1,)), ([1.0, 2.0], ()), ([1.0, 2.0], (2, 1))]:
        with pytest.raises(ai.ParameterError, match="`value` must broadcast to the shape"):
            ai.constant(value).describe(shape)


@pytest.mark.parametrize("name", ["float64", "complex128", "int64", "uint64"])
def test_jax_without_64_bits_refuses_them(name):
    jax = pytest.importorskip("jax")
    if jax.config.jax_enable_x64:
        pytest.skip("JAX has 64 bits here")
    with pytest.raises(ai.ParameterError, match="`dtype` must have at most 32 bits"):
        ai.constant(2**40)((2,), xp=jax.numpy, dtype=name)


# Beside a tie between two numbers of the dtype, by less than a float32 has; and their float32, cast.
TIES = [
    (1 + 2**-11 + 2**-40, "float16", 1.0),
    (-1 - 3 * 2**-11 + 2**-40, "float16", -1 - 2**-9),
    (1 + 2**-8 + 2**-40, "bfloat16", 1.0),
    (1 + 2**-4 + 2**-40, "float8_e4m3fn", 1.0),
    (1 + 3 * 2**-3 - 2**-40, "float8_e5m2", 1.5),
    (2**-17 + 2**-60, "float8_e5m2", 0.0),
]


@pytest.mark.parametrize(("value", "dtype", "right"), TIES)
def test_a_small_float_is_the_float32_rounded_once(backend, xp, value, dtype, right):
    backend.needs(dtype)
    pytest.importorskip("ml_dtypes")
    for init in (ai.constant(value), ai.constant([value, value]), ai.constant([[value]] * 2)):
        shape = (2, 2)
        made = init(shape, xp=xp, dtype=dtype)
        single = ai.constant(np.float32(value))(shape, xp=xp, dtype=dtype)
        for each in (made, single):
            wide = library_of(each).cast(each, "float32")
            assert backend.to_numpy(wide).tolist() == [[right] * 2] * 2


@pytest.mark.parametrize(
    ("dtype", "code"), [("float16", 0x7E00), ("bfloat16", 0x7FC0), ("float8_e5m2", 0x7E)]
)
def test_nan_has_one_code_in_all_libraries(backend, xp, dtype, code):
    backend.needs(dtype)
    pytest.importorskip("ml_dtypes")
    other = np.array([0x7FC00001, 0xFFC12345, 0x3F800000], np.uint32).view(np.float32)
    for value in (NAN, -NAN, [NAN, 1.0], other, [[NAN] * 40 + [1.0]]):
        shape = np.shape(value) or (33,)
        made = ai.constant(value)(shape, xp=xp, dtype=dtype)
        found = np.asarray(library_of(made).to_host(made))
        found = found.view(f"u{found.itemsize}")
        assert (found[np.broadcast_to(np.isnan(value), shape)] == code).all()


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("dtype", "code"), [("float16", 0x7E00), ("bfloat16", 0x7FC0), ("float8_e5m2", 0x7E)]
)
def test_nan_has_that_code_on_a_gpu(dtype, code):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    for value in (NAN, [NAN, NAN]):
        made = ai.constant(value)((2,), xp=torch, device="cuda", dtype=dtype)
        for each in (made, ai.constant(value).fill(torch.empty_like(made))):
            codes = each.cpu().view(torch.uint8 if dtype.startswith("float8") else torch.int16)
            assert codes.tolist() == [code, code]


@pytest.mark.parametrize("dtype", ["float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn"])
def test_nan_is_refused_where_there_is_none(dtype):
    pytest.importorskip("ml_dtypes")
    for value in (NAN, [1.0, NAN]):
        with pytest.raises(ai.ParameterError, match=f"finite for dtype {dtype}, which has no NaN"):
            ai.constant(value)((2,), dtype=dtype)
    with pytest.raises(ai.ParameterError, match=f"must be finite for dtype {dtype}"):
        ai.constant(INF)((2,), dtype=dtype)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="no wider float")
@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_a_number_of_an_extended_format_that_float64_has_not(shape):
    wide = np.full(shape, np.longdouble(2) ** 2000)
    with pytest.raises(ai.ParameterError, match="`value` must be within the range of a float"):
        ai.constant(wide)
    with pytest.raises(ai.ParameterError, match="`value` must be within the range of a float"):
        ai.constant(wide * 1j)
    assert ai.constant(wide * 0 + np.longdouble(0.1)) == ai.constant(np.full(shape, 0.1))


def test_masked_numbers_are_none():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(ai.ParameterError, match=r"no masked numbers[\s\S]*value\.filled\(0\.0\)"):
        ai.constant(masked)
    assert ai.constant(masked.filled(0.0)) == ai.constant([1.0, 0.0])
    assert ai.constant(np.ma.masked_array([1.0, 2.0])) == ai.constant([1.0, 2.0])
