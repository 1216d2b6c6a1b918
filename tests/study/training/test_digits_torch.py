"""Five initializers on digits: torch has NumPy's numbers to rounding, also after hundreds of steps."""

from __future__ import annotations

import time

import numpy as np
import pytest

from agnostic_init.study.training.comparing import train

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

UNIFORM = {"name": "uniform", "low": -0.1, "high": 0.1}
FIVE = ["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", UNIFORM]
FEW = {"initializers": FIVE[2:], "seeds": 2, "epochs": 2, "hidden": (24,)}
ALL = {"initializers": FIVE, "seeds": 5, "epochs": 20, "hidden": (64,)}


@pytest.mark.parametrize("options", [FEW, pytest.param(ALL, marks=pytest.mark.slow)])
def test_torch_has_them_to_rounding(options):
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
