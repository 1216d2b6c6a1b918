"""The kernels of orthogonal matrices on a GPU are few, and the program that times them runs."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from agnostic_init.linalg import haar_matrices

torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "__main__.py").is_file(), reason="bench/ is not beside the tests"
)


@pytest.fixture
def model(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("bench.panels.model")


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("bench.panels.measure")


@pytest.mark.parametrize(
    ("shape", "most"), [((64, 64), 28), ((256, 256), 32), ((1024, 1024), 38), ((2048, 2048), 46)]
)
def test_few_kernels_are_launched(model, shape, most):
    assert model.cost(shape).launches <= most
    assert model.cost((2, *shape)).launches <= most + 2


def test_several_share_their_kernels(model):
    alone = model.cost((64, 64))
    many = model.cost((64, 64), several=64)
    assert many.launches <= alone.launches + 2 * 64
    assert many.time < 64 * alone.time / 8


def test_the_measuring_runs(monkeypatch, measure):
    def timed(device, call):
        call()
        return 1.0

    monkeypatch.setattr(measure, "measured", timed)
    host = torch.device("cpu")
    assert "*32: 1 (" in measure.widths_of(host, (64, 64))
    assert measure.several_of(host, (8, 8), 3).endswith("3 together 1, one by one 1")
    assert measure.factors_of(host, 2, 8, 20).endswith("halving 1, solved 1")


def test_the_program_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT)
    program = importlib.import_module("bench.panels.__main__")
    assert program.main(["--measure", "--device", "cpu", "--most", "4096"]) == 0
    assert "*32: " in capsys.readouterr().out
    if not torch.cuda.is_available():
        with pytest.raises(SystemExit):
            program.main(["--measure"])
        assert "needs a GPU that torch finds" in capsys.readouterr().err


@pytest.mark.gpu
def test_a_gpu_launches_as_many_kernels_as_are_counted(model):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    gpu = torch.device("cuda")
    from torch.profiler import ProfilerActivity, profile

    haar_matrices((256, 256), key=3, xp=torch, device=gpu)
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        haar_matrices((256, 256), key=3, xp=torch, device=gpu)
        torch.cuda.synchronize()
    kernels = [event for event in seen.events() if event.device_type.name == "CUDA"]
    # A product may be several kernels, where it is split or small.
    assert len(kernels) <= 2 * model.cost((256, 256)).launches
