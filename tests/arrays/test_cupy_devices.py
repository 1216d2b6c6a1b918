"""Devices as CuPy's users name them."""

from __future__ import annotations

import pytest

cupy = pytest.importorskip("cupy")

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.arrays.libraries.cupy import Library


@pytest.fixture
def library(monkeypatch):
    """Where there are two GPUs."""
    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", lambda: 2)
    return Library(None)


@pytest.mark.parametrize(
    ("device", "number"),
    [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1), (1, 1)],
)
def test_a_device_is_found_by_its_name(library, device, number):
    assert library.device(device) == cupy.cuda.Device(number)
    assert library.device(None) is None
    assert library.device(cupy.cuda.Device(number)) == cupy.cuda.Device(number)


@pytest.mark.parametrize(
    "device", ["", "cuda:", "cuda0", "cpu", ":1", True, 1.5, -1, "cuda:-1", "cuda:1e0"]
)
def test_another_name_is_refused(library, device):
    with pytest.raises(ParameterError, match=r"`device` must be a CUDA device, .*device='cuda:0'"):
        library.device(device)


@pytest.mark.parametrize("device", ["cuda:2", 2, 9999])
def test_a_device_that_is_not_there_is_refused(library, device):
    rule = "`device` must be one of the 2 CUDA devices that CuPy finds, numbered from 0"
    with pytest.raises(ParameterError, match=rule):
        library.device(device)


def test_without_a_driver_there_is_none(monkeypatch):
    if cupy.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ParameterError, match="must be one of the 0 CUDA devices"):
        Library(None).device("cuda")
