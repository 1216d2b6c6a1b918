"""How many Python functions a small call crosses: what it costs, without a clock."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.draws.engines import host

# With the few that torch adds to each once its compiler is loaded.
FILL, DROP_IN, MATRIX, EACH_OF_MANY = 40, 45, 60, 0.5


@pytest.fixture(autouse=True)
def native():
    if not host.in_use():
        pytest.skip("without the native library NumPy's own functions are most of it")


def calls_of(function):
    """Calls of Python functions, once all is imported and cached."""
    for _ in range(2):
        function()
    found = []

    def count(frame, event, argument):
        if event == "call":
            found.append(f"{frame.f_code.co_filename}: {frame.f_code.co_name}")

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what is called when other tests' garbage is collected is not the function's
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
        gc.enable()
    return found[1:]  # but the function's own


@pytest.mark.parametrize(
    "init", [ai.normal(std=0.02), ai.uniform(-1, 1), ai.he_normal("torch"), ai.zeros()], ids=repr
)
def test_fill(init):
    out = np.empty((64, 64), np.float32)
    found = calls_of(lambda: init.fill(out, key=0))
    assert len(found) <= FILL, found


@pytest.mark.parametrize(
    "init", [ai.normal(std=0.02), ai.uniform(-1, 1), ai.he_normal("torch"), ai.zeros()], ids=repr
)
def test_fill_of_torch(init):
    torch = pytest.importorskip("torch")
    out = torch.nn.Parameter(torch.empty(64, 64))
    found = calls_of(lambda: init.fill(out, key=0))
    assert len(found) <= FILL, found


@pytest.mark.parametrize(
    "name", ["kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "normal_", "uniform_"]
)
def test_drop_in(name):
    torch = pytest.importorskip("torch")
    from agnostic_init.compat import torch_init

    function, out = getattr(torch_init, name), torch.nn.Parameter(torch.empty(64, 64))
    found = calls_of(lambda: function(out))
    assert len(found) <= DROP_IN, found


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_fill_of_a_matrix(library):
    xp = pytest.importorskip(library)
    init, out = ai.orthogonal(), xp.empty((64, 64), dtype=xp.float32)
    found = calls_of(lambda: init.fill(out, key=0))
    assert len(found) <= MATRIX, found


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_each_of_many(library):
    xp = pytest.importorskip(library)
    arrays = {f"layer.{n}.weight": xp.empty((4, 4), dtype=xp.float32) for n in range(200)}
    found = calls_of(lambda: ai.fill_tree(arrays, {"*": ai.normal(std=0.02)}, key=0))
    assert len(found) <= EACH_OF_MANY * len(arrays), len(found) / len(arrays)
