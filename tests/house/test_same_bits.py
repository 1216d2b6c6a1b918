"""The page of what is promised: its table is what the libraries at hand do."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import agnostic_init as ai

ROWS = tomllib.loads(
    (Path(__file__).parents[2] / "docs" / "data" / "same_bits.toml").read_text(encoding="utf-8")
)
COLUMNS = ROWS.pop("columns")
CASES = [(name, dtype) for name, row in ROWS.items() for dtype in row["dtypes"]]
SMALL = ("bfloat16", "float8_e4m3fn")
LACKS = {"strict": (*SMALL, "float16"), "cupy": SMALL}
SHAPE, KEY = (48, 8), ai.key("same bits")


def made(name: str, dtype: str, xp: object = None) -> object:
    row = ROWS[name]
    if "init" not in row:
        return ai.draws.bits(SHAPE, key=KEY, xp=xp)
    return ai.get(row["init"])(SHAPE, key=KEY, dtype=dtype, xp=xp)


def hold(promise: str, found: np.ndarray, expected: np.ndarray) -> None:
    """Fail unless the values are as promised."""
    if promise.startswith("bits"):
        wide = expected.astype(found.dtype)  # a smaller one was widened, which is exact
        assert found.tobytes() == wide.tobytes()
    else:
        single = expected.dtype.itemsize <= (8 if expected.dtype.kind == "c" else 4)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if single else 1e-14, atol=1e-7)


def test_every_cell_is_a_promise():
    for row in ROWS.values():
        assert set(row) <= {"what", "init", "dtypes", "elsewhere", *COLUMNS}
        for column in COLUMNS:
            promise = row.get(column, row["elsewhere"])
            assert promise.startswith(("bits", "rounding")), promise


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_the_table_holds(backend, xp, name, dtype):
    if dtype in SMALL:
        pytest.importorskip("ml_dtypes")
    if dtype in LACKS.get(backend.name, ()):
        pytest.skip("it has no such dtype")
    if backend.name == "jax" and dtype in ("float64", "complex128"):
        pytest.skip("JAX has no 64 bits by default")
    column = {"jax": "jax_eager", "cupy": "cuda"}.get(backend.name, "host")
    promise = ROWS[name].get(column, ROWS[name]["elsewhere"])
    expected = made(name, dtype)
    if dtype in SMALL:
        expected = expected.astype(np.float32)
    found = backend.to_numpy(made(name, dtype, xp))
    if found.dtype != expected.dtype:  # of what this library widens to be seen, or sees as words
        found = found.astype(expected.dtype)
    hold(promise, found, expected)


@pytest.mark.parametrize(
    ("name", "dtype"), [case for case in CASES if case[1] in ("float32", "uint32")]
)
def test_the_column_of_programs_holds(name, dtype):
    jax = pytest.importorskip("jax")
    found = np.asarray(jax.jit(lambda: made(name, dtype, jax.numpy))())
    hold(ROWS[name].get("jax_cpu", ROWS[name]["elsewhere"]), found, made(name, dtype))
