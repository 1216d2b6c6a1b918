"""Five initializers on digits: the same numbers again, to the last digit on NumPy, to rounding on torch."""

from __future__ import annotations

import time

import numpy as np
import pytest

from agnostic_init.study.training.comparing import train

pytest.importorskip("sklearn")

UNIFORM = {"name": "uniform", "low": -0.1, "high": 0.1}
FIVE = ["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", UNIFORM]


@pytest.fixture(params=["few", pytest.param("all", marks=pytest.mark.slow)])
def options(request):
    if request.param == "few":
        return {"initializers": FIVE[2:], "seeds": 2, "epochs": 2, "hidden": (24,)}
    return {"initializers": FIVE, "seeds": 5, "epochs": 20, "hidden": (64,)}


def test_a_second_run_has_the_same_numbers(options):
    began = time.process_time()
    found = train(data="digits", **options)
    took = time.process_time() - began
    again = train(data="digits", **options)
    for measure, curve in found.curves.items():
        np.testing.assert_array_equal(again.curves[measure], curve)
    assert set(found.verdicts().values()) == {"learns"}
    assert took < 60, "seconds of all cores together"


def test_torch_has_them_to_rounding(options):
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several wait for each other
    try:
        began = time.process_time()
        found = train(data="digits", xp="torch", **options)
        took = time.process_time() - began
    finally:
        torch.set_num_threads(threads)
    wanted = train(data="digits", **options)
    for measure, curve in wanted.curves.items():
        np.testing.assert_allclose(found.curves[measure], curve, rtol=1e-6, atol=1e-9)
    assert took < 60, "seconds"
