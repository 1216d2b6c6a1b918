"""Golden rows, for good: the bytes of every elementwise initializer in every dtype, and the others' numbers."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.initializers.registry import names

DATA = Path(__file__).parent.parent / "data"
GOLDEN = json.loads((DATA / "golden.json").read_text())
WHOLE = json.loads((DATA / "golden_whole.json").read_text())

spec = importlib.util.spec_from_file_location("make_golden", DATA / "make_golden.py")
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)

ROWS = [(name, dtype) for name, dtypes in GOLDEN.items() for dtype in dtypes]
WHOLE_ROWS = [(name, dtype) for name, dtypes in WHOLE.items() for dtype in dtypes]


def test_every_initializer_has_a_row():
    rows = set(GOLDEN) | {name.partition(",")[0] for name in WHOLE}
    assert set(names()) - rows == set(), "add a case to tests/data/make_golden.py"
    assert set(WHOLE) == set(make_golden.WHOLE)


@pytest.mark.parametrize(("name", "dtype"), ROWS)
def test_the_bytes(name, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    assert make_golden.digest(name, dtype) == GOLDEN[name][dtype]


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_same_on_every_library(backend, xp, name):
    init = ai.get({"name": name, **make_golden.CASES[name]})
    made = init(make_golden.shape_of(name), key=make_golden.KEY, xp=xp)
    assert np.array_equal(
        backend.to_numpy(made), init(make_golden.shape_of(name), key=make_golden.KEY)
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_low_precision_is_the_float32_cast(name, dtype):
    """Or, where that would step over a bound, the number next to it on the inside."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    init = ai.get({"name": name, **make_golden.CASES[name]})
    wide = init(make_golden.shape_of(name), key=make_golden.KEY)
    small = init(make_golden.shape_of(name), key=make_golden.KEY, dtype=dtype).astype(np.float32)
    cast = wide.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else np.float16).astype(np.float32)
    about = init.describe(make_golden.shape_of(name), dtype)
    inside = np.ones(cast.shape, bool)
    if about.distribution in ("uniform", "truncated normal"):
        inside = (cast >= about.low) & (cast < about.high)
        assert (small >= about.low).all()
        assert (small < about.high).all()
    assert np.array_equal(small[inside], cast[inside])
    assert inside.mean() > 0.98


@pytest.mark.parametrize(("name", "dtype"), WHOLE_ROWS)
def test_whole_arrays_hold_to_rounding(backend, xp, name, dtype):
    if backend.name == "jax" and dtype in ("float64", "complex128"):
        pytest.skip("JAX has no 64 bits by default")
    found = make_golden.parts(backend.to_numpy(make_golden.whole(name, dtype, xp)))
    expected = np.array(WHOLE[name][dtype], found.dtype)
    if name == "sparse":
        assert np.array_equal(found, expected)
    else:
        atol = 1e-6 if dtype in ("float32", "complex64") else 2e-15
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
