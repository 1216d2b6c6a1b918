"""Haar matrices in torch: its precision settings, memory formats and modes."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.bits import key
from agnostic_init.linalg import haar_matrices, make
from agnostic_init.linalg.haar import Haar

torch = pytest.importorskip("torch")

SETTINGS = ["highest", "high", "medium"]


@pytest.fixture
def precision():
    """Torch's settings, put back after the test."""
    backends = torch.backends
    yield backends
    torch.set_float32_matmul_precision("highest")
    if hasattr(backends, "fp32_precision"):
        backends.fp32_precision = "none"
        for place in (backends.cuda.matmul, backends.mkldnn.matmul, backends.mkldnn):
            place.fp32_precision = "none"


@pytest.mark.parametrize("setting", SETTINGS)
def test_reduced_precision_is_off_and_restored(precision, setting):
    expected = haar_matrices((300, 300), key=1, xp=torch)
    torch.set_float32_matmul_precision(setting)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = haar_matrices((300, 300), key=1, xp=torch)
        assert torch.is_autocast_enabled("cpu")
    assert torch.get_float32_matmul_precision() == setting
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-6)


def test_inherited_precision_is_inherited_again(precision):
    if not hasattr(precision, "fp32_precision"):
        pytest.skip("torch before 2.9")
    precision.fp32_precision = "tf32"
    made = haar_matrices((300, 300), key=1, xp=torch)
    assert precision.cuda.matmul.fp32_precision == "tf32"
    assert precision.mkldnn.matmul.fp32_precision == "tf32"
    precision.fp32_precision = "ieee"
    assert precision.cuda.matmul.fp32_precision == "ieee"
    np.testing.assert_allclose(made.T @ made, np.eye(300), atol=2e-6)


@pytest.mark.parametrize("shape", [(40, 40), (300, 260), (260, 300), (4, 30, 70), (2, 2, 30, 20)])
def test_memory_of_any_order_is_written_in_place(shape):
    haar = Haar(shape[:-2], *shape[-2:], "float32")
    expected = haar_matrices(shape, key=4, xp=torch)
    for out in (
        torch.empty(shape[::-1]).permute(*range(len(shape) - 1, -1, -1)),
        torch.empty(*shape[:-1], 2 * shape[-1])[..., ::2],
        torch.empty(shape, requires_grad=True),
        torch.nn.Parameter(torch.empty(shape)),
    ):
        make.fill(haar, key(4), out, select_library(out))
        torch.testing.assert_close(out.detach(), expected, rtol=0, atol=1e-6)


def select_library(tensor):
    from agnostic_init.arrays.target import library_of

    return library_of(tensor)


def test_no_graph_is_recorded_and_meta_tensors_stay_empty():
    like = torch.nn.Parameter(torch.empty(3))
    assert not haar_matrices((300, 300), key=0, like=like).requires_grad
    assert haar_matrices((300, 300), key=0, xp=torch, device="meta").device.type == "meta"


def test_the_determinant_needs_no_other_precision(precision):
    with torch.inference_mode():
        q = haar_matrices((9, 9), special=True, key=0, xp=torch, dtype=torch.float64)
    assert abs(torch.linalg.det(q) - 1) < 1e-13
