"""Names of dtypes: one for each, from whatever it is called."""

from __future__ import annotations

import re

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.dtypes import FORMATS, itemsize_of


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        *((name, name) for name in FORMATS),
        ("double", "float64"),
        ("half", "float16"),
        ("single", "float32"),
        ("float", "float64"),
        ("f4", "float32"),
        ("<f4", "float32"),
        ("c16", "complex128"),
        ("int", "int64"),
        ("bool", "bool"),
        ("?", "bool"),
        ("int4", "int4"),
        ("float8_e8m0fnu", "float8_e8m0fnu"),
        ("torch.float", "float32"),
        ("torch.double", "float64"),
        ("torch.bfloat16", "bfloat16"),
        ("jax.numpy.float32", "float32"),
        (float, "float64"),
        (complex, "complex128"),
        (np.float32, "float32"),
        (np.dtype("float16"), "float16"),
        (np.dtype(">f4"), "float32"),
    ],
    ids=repr,
)
def test_a_dtype_has_one_name(dtype, name):
    assert name_of(dtype) == name


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "complex64", "int8", "bool"])
def test_a_dtype_of_a_library_has_its_name(backend, xp, name):
    dtype = getattr(xp, name, None)
    if dtype is None:
        pytest.skip(f"{backend.name} has no {name}")
    assert name_of(dtype) == name


def test_types_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    kinds = [each for each in vars(ml_dtypes).values() if isinstance(each, type)]
    kinds = [each for each in kinds if issubclass(each, np.generic)]
    assert len(kinds) > 10
    for kind in kinds:
        name = np.dtype(kind).name
        assert name_of(kind) == name_of(np.dtype(kind)) == name_of(name) == name
        assert itemsize_of(name) == np.dtype(kind).itemsize


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("bool", 1),
        ("int4", 1),
        ("uint64", 8),
        ("bfloat16", 2),
        ("complex128", 16),
        ("longdouble", np.dtype("longdouble").itemsize),
    ],
)
def test_bytes_an_element(name, size):
    assert itemsize_of(name_of(name)) == size
    assert ai.zeros().describe((10, 10), name).bytes == 100 * size


BAD = [
    (">f8", ValueError, "`dtype` must be the name of a dtype, got '>f8'"),
    ("BF16", ValueError, "must be the name of a dtype, got 'BF16'; try: 'bfloat16'"),
    ("fp32", ValueError, "must be the name of a dtype, got 'fp32'; try: 'float32'"),
    ("banana", ValueError, "`dtype` must be the name of a dtype, got 'banana'; try: 'float32'"),
    ("float33", ValueError, "got 'float33'; try: 'float32'"),
    ("float8", ValueError, "got 'float8'; try: 'float8_e5m2' or 'float8_e4m3fn'"),
    ("torch.float8", ValueError, "try: 'float8_e5m2' or 'float8_e4m3fn'"),
    ("float4", ValueError, "got 'float4'; try: 'float4_e2m1fn'"),
    ("bfloat15", ValueError, "got 'bfloat15'; try: 'bfloat16'"),
    ("finfo", ValueError, "got 'finfo'"),
    ("object", ValueError, "got 'object'"),
    ("f4,f4", ValueError, "got 'f4,f4'"),
    ("", ValueError, "got ''"),
    (32, TypeError, "`dtype` must be a dtype or the name of one, got 32; try: 'float32'"),
    (object, TypeError, "got <class 'object'>"),
    (np.dtype("S3"), TypeError, r"got dtype\('S3'\)"),
]


@pytest.mark.parametrize(("dtype", "error", "words"), BAD)
@pytest.mark.parametrize(
    "use",
    [
        lambda dtype: ai.zeros()(3, dtype=dtype),
        lambda dtype: ai.zeros().describe(3, dtype),
        lambda dtype: ai.zeros().describe(-3, dtype),  # the dtype first
        lambda dtype: ai.Spec(3, dtype),
        lambda dtype: ai.init_tree({"a": 3}, {"*": "zeros"}, key=0, dtype=dtype, dry_run=True),
    ],
    ids=["call", "describe", "first", "spec", "plan"],
)
def test_what_is_none_is_refused_everywhere(use, dtype, error, words):
    with pytest.raises(error, match=words):
        use(dtype)


@pytest.mark.parametrize("dtype", ["double", "half", "f4", np.float32, np.dtype("float64"), float])
def test_a_dtype_is_that_of_the_array(backend, xp, dtype):
    name = name_of(dtype)
    if backend.name == "strict" and name == "float16":
        with pytest.raises(ai.ParameterError, match="must be a dtype that array_api_strict has"):
            ai.normal()(3, key=0, xp=xp, dtype=dtype)
    elif backend.name == "jax" and name == "float64":
        with pytest.raises(ai.ParameterError, match="jax_enable_x64"):
            ai.normal()(3, key=0, xp=xp, dtype=dtype)
    else:
        made = ai.normal()(3, key=0, xp=xp, dtype=dtype)
        assert re.search(name, str(made.dtype))
        assert ai.normal().describe(3, dtype).dtype == name
