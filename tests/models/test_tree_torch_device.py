"""init_tree and fill_tree on torch's GPUs: nothing waits, and small arrays of the host are pinned."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.target import backend

torch = pytest.importorskip("torch")

RULES = {
    "orthogonal.*": ai.orthogonal(),
    "dirac": ai.dirac(),
    "sparse": ai.sparse(0.5),
    "bilinear": ai.bilinear(layout="torch_transposed"),
    "delta": ai.delta_orthogonal(layout="torch"),
    "conv": ai.conv_orthogonal(layout="torch"),
    "identity": ai.identity(),
    "icnr": ai.icnr(layout="torch"),
    "mirrored": ai.looks_linear(layout="torch"),
    "array": ai.constant([1.0, 2.0]),
    "bias": "zeros",
    "normal": ai.normal(),
    "truncated": ai.truncated_normal(),
    "uniform": ai.uniform(),
}
KERNELS = dict.fromkeys(("dirac", "bilinear", "delta", "conv", "icnr"), (4, 4, 3, 3))
SPECS = {
    name: KERNELS.get(name, (64, 2) if name == "array" else (64, 64))
    for name in [*list(RULES)[1:], "orthogonal.0", "orthogonal.1", "orthogonal.2"]
}


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_is_made_without_waiting(dtype):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    options = {"key": 0, "xp": torch, "dtype": dtype, "device": "cuda"}
    ai.init_tree(SPECS, RULES, **options)  # compiles the kernels and copies their tables
    torch.cuda.set_sync_debug_mode("error")
    try:
        made = ai.init_tree(SPECS, RULES, **options)
        filled = {name: torch.empty_like(array) for name, array in made.items()}
        ai.fill_tree(filled, RULES, key=0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = ai.init_tree(SPECS, RULES, key=0, xp=torch, dtype=dtype, device="cpu")
    for name, array in expected.items():
        exact = RULES.get(name) is not None and ai.get(RULES[name]).elementwise
        atol = 0 if exact else 1e-5 if dtype == "float32" else 1e-2
        for ours in (made[name], filled[name]):
            torch.testing.assert_close(ours.cpu(), array, rtol=0, atol=atol)


def test_what_is_copied_to_a_gpu_is_pinned_and_not_waited_for(monkeypatch):
    told = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: told.append("pinned") or self)
    monkeypatch.setattr(
        torch.Tensor, "to", lambda self, *where, **how: told.append((where, how)) or self
    )
    library = backend("torch")
    library.from_host(np.ones(3), torch.device("cuda", 1))
    assert told == ["pinned", ((torch.device("cuda", 1),), {"non_blocking": True})]
    told.clear()
    library.from_host(np.ones(3), torch.device("cpu"))
    assert "pinned" not in told


@pytest.mark.parametrize("capturing", [True, False])
def test_what_a_graph_reads_at_every_replay_is_kept(monkeypatch, capturing):
    """A copy from the host that is captured reads the same memory again."""
    kept = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: capturing)
    monkeypatch.setattr("agnostic_init.arrays.libraries.torch.CAPTURED", kept)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *where, **how: self)
    made = backend("torch").from_host(np.ones(3), torch.device("cuda", 1))
    assert [array is made for array in kept] == ([True] if capturing else [])


def test_the_rules_are_right():
    made = ai.init_tree(SPECS, RULES, key=0, xp=torch)
    assert set(made) == set(SPECS)


def test_the_default_device_of_torch_is_not_asked():
    expected = ai.init_tree(SPECS, RULES, key=0, xp=torch)
    torch.set_default_device("meta")
    try:
        made = ai.init_tree(SPECS, RULES, key=0, xp=torch, device="cpu")
    finally:
        torch.set_default_device(None)
    for name, array in expected.items():
        torch.testing.assert_close(made[name], array, rtol=0, atol=0)
