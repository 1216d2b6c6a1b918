"""Thousands of whole arrays at once: the launches that they would have one by one, and the same values."""

from __future__ import annotations

import contextlib
import functools
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda import many, runs
from agnostic_init.draws.engines.cuda.shared import LARGEST, room

FEW, MANY = room((9, 0), (12, 0)), room((9, 0), (12, 1), (13, 0))
NORMAL = normal_draw(0.0, 0.02, "float32")


def both(draws, sizes, which, most=MANY):
    """The launches of `runs`, and those of `many` for the same arrays."""
    which = np.array(which)
    addresses = np.arange(1, len(which) + 1, dtype=np.uint64) << np.uint64(40)
    keys = np.arange(2 * len(which), dtype=np.uint64).reshape(-1, 2)
    jobs = [
        (draws[kind], Key(*map(int, key)), block((sizes[kind],)), (1,), int(address))
        for kind, key, address in zip(which, keys, addresses, strict=True)
    ]
    found = runs.launches(draws, sizes, which, addresses, keys, lambda: most)
    return found, many.launches(jobs, lambda: most)


@pytest.mark.parametrize("most", [FEW, MANY])
@pytest.mark.parametrize("count", [1, 2, 3, 91, 1000])
def test_arrays_of_a_draw(count, most):
    found, wanted = both([NORMAL], [64 * 64], [0] * count, most)
    assert found == wanted


def test_arrays_of_several_sizes():
    found, wanted = both([NORMAL] * 4, [1, 5000, 4096, 7], [0, 1, 2, 2, 1, 3, 0, 1])
    assert found == wanted


def test_large_ones_have_a_launch_of_their_own():
    found, wanted = both([NORMAL, NORMAL], [LARGEST + 1, 100], [0, 1, 1, 0])
    assert [plan.variant.many for plan in found] == [0, 0, (MANY - 16) // 4]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_a_launch_for_each_kernel_and_each_table():
    draws = [
        NORMAL,
        truncated_normal_draw(0.0, 1.0, -2.0, 2.0, "sigma", "parent", "float32"),
        normal_draw(0.0, 0.1, "bfloat16"),
        uniform_draw(0.0, 1.0, "float32"),
        normal_draw(0.0, 0.3, "float32"),
    ]
    found, wanted = both(draws, [9] * 5, [0, 1, 2, 3, 4] * 3)
    assert [(plan.variant, plan.quantile) for plan in found] == [
        (plan.variant, plan.quantile) for plan in wanted
    ]
    assert [plan.units for plan in found] == [plan.units for plan in wanted]


def test_more_draws_than_a_launch_tells_of():
    draws = [normal_draw(0.0, 1.0 + n, "float32") for n in range(300)]
    found, wanted = both(draws, [8] * 300, list(range(300)) * 2)
    assert found == wanted
    told = [np.frombuffer(plan.arguments(0), np.uint32) for plan in found]
    assert {len(words) * 4 for words in told} == {MANY}
    assert [int(words[2]) for words in told] == [248, 248, 104]


@pytest.fixture
def torch(monkeypatch, host):
    """torch whose tensors on the host are taken to be on a GPU."""
    torch = pytest.importorskip("torch")
    from agnostic_init.arrays.libraries.torch import Library
    from agnostic_init.arrays.libraries.torch_tracing import all_plain
    from agnostic_init.draws.engines.cuda import torch as engine

    launched = []

    def kernel(variant, index):
        def run(blocks, threads, stream, arguments):
            launched.append(variant)
            host.library(variant).fill_grid(min(blocks, 2), 32, arguments)

        return run

    def table(make, q, index):
        return torch.from_numpy(make(q).view("i4").copy())

    monkeypatch.setattr(Library, "all_plain", lambda self, arrays: None)
    monkeypatch.setattr(Library, "all_on_gpu", lambda self, arrays: all_plain(arrays))
    monkeypatch.setattr(torch.cuda, "device", lambda index: contextlib.nullcontext())
    known = {
        "supports": lambda draw: True,
        "_ships": lambda draw: False,
        "_room": lambda index, whole: MANY,
        "_kernel": kernel,
        "_processors": lambda index: 2,
        "_stream": lambda index: 0,
        "_table": functools.cache(table),
    }
    for name, function in known.items():
        monkeypatch.setattr(engine, name, function)
    monkeypatch.setattr(torch, "launched", launched, raising=False)
    return torch


RULES = [
    ("*.bias", "zeros"),
    ("norm*", "ones"),
    ("*.small", ai.truncated_normal(std=0.02)),
    ("*.uniform", ai.uniform(-0.1, 0.1)),
    ("*", ai.normal(std=0.02)),
]


def test_a_model_is_what_it_is_on_the_host(torch):
    shapes = {f"layer.{n}.weight": (8, 9 + n % 3) for n in range(40)}
    shapes |= {f"layer.{n}.bias": (9,) for n in range(40)} | {"norm": (5,)}
    shapes |= {"a.small": (4, 4), "b.small": (2, 2), "a.uniform": (6,), "ö.weight": (3, 3)}
    outs = {name: torch.full(shape, float("nan")) for name, shape in shapes.items()}
    versions = {name: out._version for name, out in outs.items()}
    assert ai.fill_tree(outs, RULES, key=7) is outs
    wanted = ai.init_tree(shapes, RULES, key=7)
    for name, out in outs.items():
        assert out.numpy().tobytes() == wanted[name].tobytes(), name
        assert out._version > versions[name]
    assert len(torch.launched) == 3, torch.launched


def test_bfloat16_and_float32_together(torch):
    pytest.importorskip("ml_dtypes")
    outs = {
        f"w.{n}": torch.zeros(50, dtype=(torch.float32, torch.bfloat16)[n % 2]) for n in range(9)
    }
    ai.fill_tree(outs, {"*": ai.normal(std=0.5)}, key=1)
    for name, out in outs.items():
        wanted = ai.normal(std=0.5)((50,), key=ai.key(1).fold_in(name))
        assert torch.equal(out, torch.from_numpy(wanted).to(out.dtype))
    assert [variant.kind for variant in torch.launched] == ["TABLE", "COARSE"]


@pytest.mark.parametrize("value", [-0.0, 0.1, float("inf"), float("nan")])
def test_numbers_beside_draws(torch, value):
    outs = {"weight": torch.zeros(4), "a": torch.ones(3), "b": torch.ones(2)}
    ai.fill_tree(outs, {"weight": "normal", "*": ai.constant(value)}, key=1)
    for name in "ab":
        wanted = np.full(outs[name].shape, value, np.float32)
        assert outs[name].numpy().tobytes() == wanted.tobytes()


def test_what_cannot_be_compiled_goes_another_way(torch, monkeypatch):
    from agnostic_init.draws.engines.cuda import torch as engine
    from agnostic_init.draws.engines.cuda.errors import KernelError

    def fails(variant, index):
        raise KernelError("Compiling a CUDA kernel", "none")

    monkeypatch.setattr(engine, "_kernel", fails)
    outs = {"a": torch.zeros(4), "b": torch.zeros(4)}
    ai.fill_tree(outs, {"*": "normal"}, key=1)
    assert (outs["a"] != 0).all()  # by the host, as its memory is the host's


@pytest.fixture
def on_gpu(torch, monkeypatch):
    """A tensor by itself is taken to be on a GPU, too."""
    from agnostic_init.arrays.libraries.torch import Library

    monkeypatch.setattr(Library, "ready", lambda self, array: None)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    return torch


@pytest.mark.parametrize(
    "init", [ai.normal(std=0.02), ai.uniform(-1, 1), ai.he_normal("torch")], ids=repr
)
def test_one_tensor(on_gpu, init):
    out = on_gpu.nn.Parameter(on_gpu.zeros(24, 32))
    version = out._version
    assert init.fill(out, key=3) is out
    assert np.array_equal(out.detach().numpy(), init((24, 32), key=3))
    assert len(on_gpu.launched) == 1
    assert out._version == version + 1


@pytest.mark.parametrize("key", [None, "strided", "part"])
def test_one_tensor_of_another_kind(on_gpu, key):
    init, out = ai.normal(), on_gpu.zeros(6, 8)
    if key is None:
        with pytest.raises(TypeError, match="`key` must be given"):
            init.fill(out)
        return
    if key == "strided":
        init.fill(out.T, key=3)
        assert np.array_equal(out.numpy().T, init((8, 6), key=3))
    else:
        init.fill(out, key=3, index=slice(6), global_shape=(9, 8))
        assert np.array_equal(out.numpy(), init((9, 8), key=3)[:6])
    assert not on_gpu.launched  # by the host, whose memory it is


def test_few_functions_are_called_for_one_tensor(on_gpu):
    out, init, found = on_gpu.zeros(64, 64), ai.normal(std=0.02), []
    for _ in range(2):
        init.fill(out, key=0)
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: found.append(frame) if event == "call" else None)
    try:
        init.fill(out, key=0)
    finally:
        sys.setprofile(before)
    assert len(found) <= 60


@pytest.mark.gpu
def test_a_model_on_a_gpu():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available() or torch.version.hip:
        pytest.skip("torch finds no GPU of NVIDIA's")
    shapes = {f"layer.{n}.weight": (64, 60 + n % 9) for n in range(1000)}
    shapes |= {f"layer.{n}.bias": (9,) for n in range(100)} | {"norm": (5,), "a.small": (4, 4)}
    shapes |= {"large": (LARGEST + 3,), "a.uniform": (6,)}
    outs = {name: torch.full(shape, float("nan"), device="cuda") for name, shape in shapes.items()}
    ai.fill_tree(outs, RULES, key=7)
    wanted = ai.init_tree(shapes, RULES, key=7)
    for name, out in outs.items():
        assert np.array_equal(out.cpu().numpy(), wanted[name]), name
