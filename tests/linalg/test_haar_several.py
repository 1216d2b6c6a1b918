"""Equal matrices of several keys, made in one batch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.arrays.target import resolve
from agnostic_init.bits import key
from agnostic_init.linalg import make, reference
from agnostic_init.linalg.engines import host
from agnostic_init.linalg.haar import Haar

KEYS = [key(n) for n in (5, 1, 7)]
SHAPES = [(1, 1), (7, 7), (150, 150), (90, 33), (20, 70), (4, 12, 12), (2, 3, 9, 17)]


def haar_of(shape, dtype="float32", **more):
    return Haar(shape[:-2], *shape[-2:], dtype, **more)


def compared(backend, made, expected, atol):
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(backend.to_numpy(one), other, rtol=0, atol=atol)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "complex64", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_those_of_single_calls(backend, shape, dtype, special):
    if backend.name == "jax" and dtype == "float64":
        pytest.skip("JAX has no float64 by default")
    haar = haar_of(shape, dtype, gain=1.5, special=special and shape[-1] == shape[-2])
    target = resolve(None, backend.xp, dtype)
    made = make.make_several(haar, KEYS, target)
    atol = 1e-13 if dtype == "float64" else 1.5e-6
    numpy = library_named("numpy")
    compared(backend, made, [reference.make(haar, one, numpy, None) for one in KEYS], atol)


def test_results_have_the_dtype_and_memory_of_their_own():
    torch = pytest.importorskip("torch")
    haar = haar_of((20, 30), "bfloat16")
    made = make.make_several(haar, KEYS, resolve(None, torch, "bfloat16"))
    for one, again in zip(made, KEYS, strict=True):
        assert (one.dtype, one.shape, one.is_contiguous()) == (torch.bfloat16, (20, 30), True)
        assert one.untyped_storage().nbytes() == 2 * 20 * 30
        expected = make.make(haar, again, resolve(None, torch, "bfloat16"))
        torch.testing.assert_close(one.float(), expected.float(), atol=4e-3, rtol=0)


def test_numpy_results_are_no_views():
    made = make.make_several(haar_of((5, 4), "float16"), KEYS, resolve(dtype="float16"))
    assert all(one.base is None and one.flags.c_contiguous for one in made)
    assert {one.dtype for one in made} == {np.dtype("float16")}


def test_memory_of_any_strides_is_written():
    haar = haar_of((12, 9))
    expected = make.make_several(haar, KEYS, resolve())
    outs = [np.empty((9, 12), "f4").T, np.empty((24, 9), "f4")[::-2], np.empty((12, 9), ">f4")]
    make.fill_several(haar, KEYS, outs, library_named("numpy"))
    for one, other in zip(outs, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_parameters_of_torch_are_written():
    torch = pytest.importorskip("torch")
    haar = haar_of((12, 9))
    target = resolve(None, torch, "float32")
    outs = [torch.nn.Parameter(torch.zeros(12, 9)) for _ in KEYS]
    make.fill_several(haar, KEYS, outs, target.library)
    for one, other in zip(outs, make.make_several(haar, KEYS, target), strict=True):
        assert torch.equal(one.detach(), other)
        assert one.requires_grad


def test_a_part_of_a_stack():
    whole, part = haar_of((6, 5, 5)), haar_of((6, 5, 5)).part(slice(3, 5))
    for n, one in enumerate(make.make_several(part, KEYS, resolve())):
        np.testing.assert_allclose(one, make.make(whole, KEYS[n], resolve())[3:5], atol=1e-6)


def test_none_one_and_empty_ones():
    assert make.make_several(haar_of((5, 4)), [], resolve()) == []
    (alone,) = make.make_several(haar_of((5, 4)), KEYS[:1], resolve())
    assert np.array_equal(alone, make.make(haar_of((5, 4)), KEYS[0], resolve()))
    assert [one.shape for one in make.make_several(haar_of((0, 4)), KEYS, resolve())] == [
        (0, 4)
    ] * 3


def test_the_meta_device():
    torch = pytest.importorskip("torch")
    target = resolve(None, torch, "bfloat16", "meta")
    made = make.make_several(haar_of((5, 4), "bfloat16"), KEYS, target)
    assert [(one.device.type, one.dtype) for one in made] == [("meta", torch.bfloat16)] * 3


def test_hosts_make_small_ones_in_one_call(backend, monkeypatch):
    if backend.name == "cupy":
        pytest.skip("a GPU")
    library = resolve(None, backend.xp).library
    device = library.device(None)
    served = backend.name in ("numpy", "torch", "jax")
    for in_use in (True, False):
        monkeypatch.setattr(host, "in_use", lambda in_use=in_use: in_use)
        counts = [make.together(haar_of((n, n)), library, device) for n in (8, 256, 4096)]
        assert counts[0] >= 16 * counts[1] >= 16 if served and in_use else counts == [1, 1, 1]
        assert counts[2] == 1
        assert make.together(haar_of((0, 8)), library, device) == 1


def test_gpus_make_many_small_ones():
    cupy = SimpleNamespace(name="cupy", is_gpu=lambda device: True)
    counts = {n: make.together(haar_of((n, n)), cupy, None) for n in (64, 1024, 4096)}
    assert counts == {64: 2048, 1024: 8, 4096: 1}
    assert make.together(haar_of((16, 64, 64)), cupy, None) == 128
    assert make.together(haar_of((0, 64)), cupy, None) == 1


def test_gpus_of_torch_too():
    torch = pytest.importorskip("torch")
    library = library_named("torch")
    assert make.together(haar_of((64, 64)), library, torch.device("cuda:0")) == 2048
    assert make.together(haar_of((64, 64)), library, "cuda") == 2048
    assert make.together(haar_of((64, 64)), library, torch.device("meta")) == 1
