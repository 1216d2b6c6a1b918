"""Fingerprints of what users have: arrays of any library, trees, modules and files."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

X = ai.normal()((6, 10), key=0)


def test_every_library_gives_the_same(backend):
    for dtype in ("float32", "int32", "uint8", "bool", "complex64", "float16"):
        if dtype == "float16" and backend.name == "strict":
            continue  # which has none
        x = (X * 3).astype(dtype)
        assert ai.fingerprint(backend.xp.asarray(x)) == ai.fingerprint(x), dtype
        tree = {"a": backend.xp.asarray(x), "b": backend.xp.asarray(x[0, 0])}
        assert ai.fingerprint(tree) == ai.fingerprint({"a": x, "b": x[0, 0]})


def test_a_library_that_nobody_knows():
    strict = pytest.importorskip("array_api_strict")
    index = (slice(2, 4), slice(1, None, 3))
    part = ai.fingerprint(strict.asarray(X[index]), index=index, global_shape=X.shape)
    assert part == ai.fingerprint(X[index], index=index, global_shape=X.shape)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4"])
def test_formats_that_numpy_has_not(dtype):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = X.astype(getattr(ml_dtypes, dtype))
    assert ai.fingerprint(x) == ai.fingerprint(x.view(f"u{x.itemsize}"))
    assert ai.fingerprint({"x": x}) != ai.fingerprint({"x": x.view(f"u{x.itemsize}")})


def test_other_orders_of_bytes_read_only_and_odd_arrays():
    assert ai.fingerprint(X.astype(">f4")) == ai.fingerprint(X)
    fixed = X.copy()
    fixed.flags.writeable = False
    assert ai.fingerprint(fixed) == ai.fingerprint(X)
    assert ai.fingerprint(np.broadcast_to(X[0], X.shape)) == ai.fingerprint(np.stack([X[0]] * 6))
    assert ai.fingerprint(X[::-1, ::-2]) == ai.fingerprint(X[::-1, ::-2].copy())
    assert ai.fingerprint(np.float32(3)) == ai.fingerprint(np.array(3, "f4"))
    odd = np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view("f4").reshape(X.shape)
    assert ai.fingerprint(odd) == ai.fingerprint(X)


def test_a_file_has_that_of_what_it_holds(tmp_path, monkeypatch):
    from agnostic_init.storage import checkpoint

    monkeypatch.setattr(checkpoint, "PIECE", 64)
    tree = {"w": X, "b": X[0], "half": X.astype("f2"), "none": X[:0], "scalar": np.array(X[0, 0])}
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tree, path)
    assert ai.fingerprint(path) == ai.fingerprint(str(path)) == ai.fingerprint(tree)
    assert ai.fingerprint(tmp_path) == ai.fingerprint(tree)


def test_a_plan_and_its_file(tmp_path):
    specs, rules = {"w": (300, 200), "b": (5,)}, {"b": "ones", "*": ai.normal()}
    plan = ai.init_tree(specs, rules, key=3, dry_run=True)
    ai.checkpoint.write_plan(plan, tmp_path / "model.safetensors")
    assert ai.fingerprint(tmp_path) == ai.fingerprint(ai.init_tree(specs, rules, key=3))


def test_parts_with_their_place():
    whole = ai.fingerprint(X)
    rows = [
        ai.Sharded(X[n::2].copy(), X.shape, [slice(r, r + 1) for r in range(n, 6, 2)])
        for n in (0, 1)
    ]
    assert sum(ai.fingerprint(each) for each in rows) == whole
    flat = X.reshape(-1)
    runs = [ai.Sharded(flat[a:b].copy(), X.shape, flat=slice(a, b)) for a, b in ((0, 13), (13, 60))]
    assert sum(ai.fingerprint(each) for each in runs) == whole
    apart = ai.Sharded(np.stack([flat, flat], axis=1)[:, 0], X.shape, flat=slice(0, 60))
    assert ai.fingerprint(apart) == whole
    with pytest.raises(ParameterError, match="`group` must be given where a tree holds parts"):
        ai.fingerprint({"w": rows[0]})


def test_bad_input(tmp_path):
    for what in (3, None, [X], object()):
        with pytest.raises(ParameterTypeError, match="must be an array of a supported library"):
            ai.fingerprint(what)
    with pytest.raises(ParameterTypeError, match=r"parameter 'a': .* array of a supported library"):
        ai.fingerprint({"a": [1, 2]})
    with pytest.raises(ParameterTypeError, match="must have names that are strings"):
        ai.fingerprint({1: X})
    with pytest.raises(ParameterError, match="`index` must say where the block is in the whole"):
        ai.fingerprint(X, global_shape=(12, 10))
    with pytest.raises(ParameterError, match=r"`index` must be that of a block of .* \(6, 10\)"):
        ai.fingerprint(X, index=slice(0, 5), global_shape=(12, 10))
    with pytest.raises(ParameterError, match="`index` must not be given with dict"):
        ai.fingerprint({"a": X}, index=slice(0, 5))
    with pytest.raises(ParameterError, match="`group` must not be given with str"):
        ai.fingerprint("a file", group=object())
    with pytest.raises(FileNotFoundError):
        ai.fingerprint(tmp_path / "none.safetensors")
    with pytest.raises(ParameterError, match="a folder with one or with an index"):
        ai.fingerprint(tmp_path)
    if np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(ParameterError, match="`dtype` must be one of numbers of at most 64"):
            ai.fingerprint(np.ones(3, np.longdouble))
    with pytest.raises((ParameterError, ParameterTypeError), match="dtype"):
        ai.fingerprint(np.array(["a"]))
