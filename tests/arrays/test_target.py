"""Where an array is made, of `like=`, `xp=`, `dtype=` and `device=`."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays import target
from agnostic_init.arrays.errors import MissingExtraError
from agnostic_init.arrays.memory import overlaps
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.arrays.target import library_of, resolve


def test_raw_and_wrapped_modules_are_the_same_library(backend, xp):
    name = "array_api_strict" if backend.name == "strict" else backend.name
    expected = library_named(name)
    wrapped = importlib.import_module(expected.namespace)
    for given in (xp, wrapped, name):
        assert resolve(xp=given).library is expected
    array = ai.zeros()((2,), xp=xp)
    assert library_of(array) is expected
    found = resolve(like=array)
    assert (found.library, found.dtype) == (expected, "float32")


def test_numpy_is_the_default():
    assert resolve().library.name == "numpy"
    assert resolve().dtype == "float32"
    assert ai.normal()((2,), key=0, device="cpu").dtype == np.float32


def test_draws_do_without_the_namespace_of_numpy_which_takes_long_to_import():
    code = """
import sys, numpy as np, agnostic_init as ai
w = ai.normal()((3, 4), key=0)
ai.uniform().fill(w, key=0)
ai.zeros().fill(w)
ai.normal()((3, 4), key=0, like=w, xp=None)
ai.draws.bits(3, key=0, xp=np)
assert "array_api_compat" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_dtype_overrides_that_of_like(backend, xp):
    like = ai.zeros()((2,), xp=xp)
    dtype = "float16" if backend.name == "jax" else "float64"
    if backend.name == "jax":
        assert str(ai.normal()((2,), key=0, like=like, dtype=dtype).dtype) == dtype
    else:
        made = ai.normal()((2,), key=0, like=like, dtype=getattr(xp, dtype))
        assert str(made.dtype).endswith(dtype)


@pytest.fixture
def unloaded(monkeypatch):
    """As if CuPy had not been used yet."""
    monkeypatch.setattr(target, "backend", functools.cache(target.backend.__wrapped__))
    for name in ("cupy", "agnostic_init.arrays.libraries.cupy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_missing_library_names_its_extra(monkeypatch, unloaded):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "agnostic-init\[cupy\]"'):
        ai.normal()((2,), key=0, xp="cupy")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "raise ImportError('libnvrtc.so.13: cannot open shared object file')",
            "libnvrtc.so.13: c",
        ),
        ("import another_package_that_is_missing", "No module named 'another_package_that_is"),
        ("import cupy.a_part", "No module named 'cupy.a_part'"),
    ],
)
def test_a_broken_library_is_not_called_missing(monkeypatch, unloaded, tmp_path, source, words):
    (tmp_path / "cupy.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    rule = "The array library cupy needs cupy, which is installed and cannot be imported: "
    with pytest.raises(ImportError, match=f"{rule}{words}") as caught:
        ai.normal()((2,), key=0, xp="cupy")
    assert type(caught.value) is ImportError
    assert str(caught.value.__cause__) in str(caught.value)


def test_at_the_end_of_python_nothing_is_called_missing(monkeypatch):
    def ended(_):
        message = "sys.meta_path is None, Python is likely shutting down"
        raise ImportError(message)

    monkeypatch.setattr(target, "_made", ended)
    with pytest.raises(ImportError, match=r"numpy .* sys\.meta_path is None") as caught:
        library_named.__wrapped__("numpy")
    assert "pip install" not in str(caught.value)


def test_a_broken_package_of_dtypes_is_not_called_missing(monkeypatch, tmp_path):
    (tmp_path / "ml_dtypes.py").write_text("raise ImportError('built for another NumPy')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ml_dtypes", raising=False)
    monkeypatch.delitem(np.sctypeDict, "bfloat16", raising=False)
    with pytest.raises(ImportError, match=r"needs ml_dtypes, which .* built for another NumPy"):
        ai.normal()((2,), key=0, dtype="bfloat16")


def test_a_missing_dtype_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    monkeypatch.delitem(np.sctypeDict, "bfloat16", raising=False)
    with pytest.raises(MissingExtraError, match=r"agnostic-init\[low-precision\]"):
        ai.normal()((2,), key=0, dtype="bfloat16")


@pytest.mark.parametrize(
    ("shape", "strides", "expected"),
    [
        ((3, 4), (4, 1), False),
        ((3, 4), (1, 3), False),
        ((3, 4), (-4, 1), False),
        ((3, 4), (0, 1), True),
        ((3, 4), (2, 1), True),
        ((1, 4), (0, 1), False),
        ((0, 4), (0, 0), False),
        ((), (), False),
        ((2, 3), (6, 2), False),
    ],
)
def test_overlaps(shape, strides, expected):
    assert overlaps(shape, strides) is expected


def test_devices_of_array_api_strict():
    strict = pytest.importorskip("array_api_strict")
    for device in ("device1", strict.Device("device1")):
        made = ai.normal()((2,), key=0, xp=strict, device=device)
        assert made.device == strict.Device("device1")
    for device in ("nope", 3, ["device1"]):
        with pytest.raises(ai.ParameterError, match="`device` must be a device that array_api_str"):
            ai.normal()((2,), key=0, xp=strict, device=device)


@pytest.mark.parametrize("init", [ai.normal(), ai.zeros(), ai.orthogonal(), ai.sparse(0.5)])
def test_dask_has_the_host_alone(init):
    da = pytest.importorskip("dask.array")
    words = "`device` must be 'cpu' for Dask, whose chunks are made by NumPy, got 'cuda'.*try: xp="
    with pytest.raises(ai.ParameterError, match=words):
        init((3, 3), key=0, xp=da, device="cuda")


def test_dask_keeps_the_chunks_of_like():
    dask = pytest.importorskip("dask.array")
    like = dask.zeros((10, 12), chunks=((3, 7), (5, 5, 2)), dtype="float32")
    made = ai.normal()((10, 12), key=0, like=like)
    assert made.chunks == like.chunks
    assert np.array_equal(made.compute(), ai.normal()((10, 12), key=0))
    for chunks in (1, (4, 3), (10, 12), "auto"):
        other = ai.normal()((10, 12), key=0, like=like.rechunk(chunks))
        assert np.array_equal(other.compute(), made.compute())
    part = ai.normal()((10, 12), key=0, xp=dask, index=(slice(2, 9, 3), 4))
    assert np.array_equal(part.compute(), ai.normal()((10, 12), key=0)[2:9:3, 4])


@pytest.mark.parametrize("device", ["hpu", "privateuseone", "xpu", "cuda:99"])
def test_a_device_that_torch_has_not_here_is_refused_in_words(device):
    torch = pytest.importorskip("torch")
    for call in (ai.normal(), ai.zeros(), ai.orthogonal()):
        with pytest.raises(
            ai.ParameterError, match="`device` must be a device that torch has here"
        ):
            call((2, 2), key=0, xp=torch, device=device)
