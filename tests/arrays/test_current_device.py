"""Everything is made and filled with the array's device as the current one, as CuPy wants it."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.libraries.numpy import Library
from agnostic_init.initializers.deterministic import identity
from agnostic_init.linalg import functions, haar_matrices

SPECS = {"a": (3, 2), "b": (3, 2)}
CALLS = {
    "call": lambda: ai.identity()((3, 2)),
    "fill": lambda: ai.identity().fill(np.empty((3, 2))),
    "init_tree": lambda: ai.init_tree(SPECS, {"*": ai.identity()}, key=0),
    "fill_tree": lambda: ai.fill_tree({"a": np.empty((3, 2))}, {"*": ai.identity()}, key=0),
    "matrices": lambda: haar_matrices((3, 2), key=0),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_device_is_current(name, monkeypatch):
    depth, seen = [], []

    @contextmanager
    def on(self, device):
        depth.append(device)
        yield
        depth.pop()

    def watched(function):
        def run(*args, **options):
            seen.append(bool(depth))
            return function(*args, **options)

        return run

    monkeypatch.setattr(Library, "devices", True)
    monkeypatch.setattr(Library, "on", on)
    for owner, method in ((identity, "make"), (identity, "write"), (functions, "make")):
        monkeypatch.setattr(owner, method, watched(getattr(owner, method)))
    CALLS[name]()
    assert seen
    assert all(seen)
    assert not depth


def test_a_device_of_cupy_is_its_own_context():
    pytest.importorskip("cupy")
    from agnostic_init.arrays.libraries import cupy

    library, device = cupy.Library(None), object()
    assert library.on(device) is device
    with library.on(None):
        pass
