"""Equal matrices of several keys, made in one batch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.arrays.target import resolve
from agnostic_init.bits import key
from agnostic_init.linalg import select
from agnostic_init.linalg.haar import Haar

KEYS = [key(n) for n in (5, 1, 7)]
SHAPES = [(1, 1), (7, 7), (150, 150), (90, 33), (20, 70), (4, 12, 12), (2, 3, 9, 17)]


def haar_of(shape, dtype="float32", **more):
    return Haar(shape[:-2], *shape[-2:], dtype, **more)


def compared(backend, made, expected, atol):
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(backend.to_numpy(one), backend.to_numpy(other), atol=atol)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "complex64", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_those_of_single_calls(backend, shape, dtype, special):
    if backend.name == "jax" and dtype == "float64":
        pytest.skip("JAX has no float64 by default")
    haar = haar_of(shape, dtype, gain=1.5, special=special and shape[-1] == shape[-2])
    target = resolve(None, backend.xp, dtype)
    made = select.make_several(haar, KEYS, target)
    atol = 1e-13 if dtype == "float64" else 1.5e-6
    compared(backend, made, [select.make(haar, one, target) for one in KEYS], atol)


def test_results_have_the_dtype_and_memory_of_their_own():
    torch = pytest.importorskip("torch")
    haar = haar_of((20, 30), "bfloat16")
    made = select.make_several(haar, KEYS, resolve(None, torch, "bfloat16"))
    for one, again in zip(made, KEYS, strict=True):
        assert (one.dtype, one.shape, one.is_contiguous()) == (torch.bfloat16, (20, 30), True)
        assert one.untyped_storage().nbytes() == 2 * 20 * 30
        expected = select.make(haar, again, resolve(None, torch, "bfloat16"))
        torch.testing.assert_close(one.float(), expected.float(), atol=4e-3, rtol=0)


def test_numpy_results_are_no_views():
    made = select.make_several(haar_of((5, 4), "float16"), KEYS, resolve(dtype="float16"))
    assert all(one.base is None and one.flags.c_contiguous for one in made)
    assert {one.dtype for one in made} == {np.dtype("float16")}


def test_memory_of_any_strides_is_written():
    haar = haar_of((12, 9))
    expected = select.make_several(haar, KEYS, resolve())
    outs = [np.empty((9, 12), "f4").T, np.empty((24, 9), "f4")[::-2], np.empty((12, 9), ">f4")]
    select.fill_several(haar, KEYS, outs, library_named("numpy"))
    for one, other in zip(outs, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_parameters_of_torch_are_written():
    torch = pytest.importorskip("torch")
    haar = haar_of((12, 9))
    target = resolve(None, torch, "float32")
    outs = [torch.nn.Parameter(torch.zeros(12, 9)) for _ in KEYS]
    select.fill_several(haar, KEYS, outs, target.library)
    for one, other in zip(outs, select.make_several(haar, KEYS, target), strict=True):
        assert torch.equal(one.detach(), other)
        assert one.requires_grad


def test_a_part_of_a_stack():
    whole, part = haar_of((6, 5, 5)), haar_of((2, 5, 5), stack=(3, 6))
    for n, one in enumerate(select.make_several(part, KEYS, resolve())):
        np.testing.assert_allclose(one, select.make(whole, KEYS[n], resolve())[3:5], atol=1e-6)


def test_none_one_and_empty_ones():
    assert select.make_several(haar_of((5, 4)), [], resolve()) == []
    (alone,) = select.make_several(haar_of((5, 4)), KEYS[:1], resolve())
    assert np.array_equal(alone, select.make(haar_of((5, 4)), KEYS[0], resolve()))
    assert [one.shape for one in select.make_several(haar_of((0, 4)), KEYS, resolve())] == [
        (0, 4)
    ] * 3


def test_the_meta_device():
    torch = pytest.importorskip("torch")
    target = resolve(None, torch, "bfloat16", "meta")
    made = select.make_several(haar_of((5, 4), "bfloat16"), KEYS, target)
    assert [(one.device.type, one.dtype) for one in made] == [("meta", torch.bfloat16)] * 3


def test_hosts_make_one_by_one(backend):
    library = resolve(None, backend.xp).library
    if backend.name == "cupy":
        pytest.skip("a GPU")
    assert select.together(haar_of((8, 8)), library, library.device(None)) == 1


def test_gpus_make_many_small_ones():
    cupy = SimpleNamespace(name="cupy", is_gpu=lambda device: True)
    counts = {n: select.together(haar_of((n, n)), cupy, None) for n in (64, 1024, 4096)}
    assert counts == {64: 2048, 1024: 8, 4096: 1}
    assert select.together(haar_of((16, 64, 64)), cupy, None) == 128
    assert select.together(haar_of((0, 64)), cupy, None) == 1


def test_gpus_of_torch_too():
    torch = pytest.importorskip("torch")
    library = library_named("torch")
    assert select.together(haar_of((64, 64)), library, torch.device("cuda:0")) == 2048
    assert select.together(haar_of((64, 64)), library, "cuda") == 2048
    assert select.together(haar_of((64, 64)), library, torch.device("cpu")) == 1
