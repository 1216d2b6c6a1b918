"""Five initializers on digits: the same numbers again, to the last digit."""

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
