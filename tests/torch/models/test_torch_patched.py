"""Other people's models under patch: their authors' distributions, but for what was wrong with them."""

from __future__ import annotations

import os
import time

import pytest
from scipy import stats

from agnostic_init.compat.torch_init import patch

torch = pytest.importorskip("torch")
if "transformers" not in os.environ.get("AGNOSTIC_INIT_REQUIRE", ""):
    pytest.skip("for the session `models` of nox", allow_module_level=True)

from tests.torch.models.zoo import MODELS

pytestmark = pytest.mark.filterwarnings("ignore")

FALSE_ALARM = 1e-7  # of a comparison, of which there are some thousands
COMPARED = 5000  # elements of a tensor


@pytest.fixture(autouse=True)
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def tensors(model):
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


@pytest.mark.parametrize("name", MODELS)
def test_the_distributions_are_the_authors(name):
    torch.manual_seed(0)
    theirs = tensors(MODELS[name]())
    with patch(key=0):
        ours = tensors(MODELS[name]())
    assert list(ours) == list(theirs)
    for key, tensor in theirs.items():
        one, two = (each.detach().double().flatten() for each in (ours[key], tensor))
        if torch.equal(one, two) or two.numel() < 30:
            continue
        step = max(1, two.numel() // COMPARED)
        found = stats.ks_2samp(one[::step].numpy(), two[::step].numpy())
        assert found.pvalue > FALSE_ALARM, key
        assert abs(one.std() / two.std() - 1) < 8 / two.numel() ** 0.5, key


def test_no_weight_of_timms_is_a_hundred_sigmas():
    layers = pytest.importorskip("timm.layers")
    weight = torch.empty(1 << 24)
    torch.manual_seed(0)
    theirs = max(layers.trunc_normal_(weight, std=0.02).abs().max().item() for _ in range(4))
    with patch(key=0):
        ours = max(layers.trunc_normal_(weight, std=0.02).abs().max().item() for _ in range(4))
        assert layers.trunc_normal_tf_(weight, std=0.02).abs().max() <= 0.04
    assert theirs > 1.9
    assert ours < 0.14  # of 2^26 normals, 7 sigmas: one false alarm in 6,000 keys


def test_entering_is_quick_with_what_transformers_loads():
    times = []
    for _ in range(20):
        start = time.perf_counter()
        with patch(key=0):
            pass
        times.append(time.perf_counter() - start)
    assert min(times) < 0.001


def test_lightnings_empty_init_is_let_through():
    fabric = pytest.importorskip("lightning.fabric").Fabric(accelerator="cpu", devices=1)
    with patch(key=0):
        with fabric.init_module(empty_init=True):
            torch.nn.init.normal_(weight := torch.full((4,), 7.0))
        torch.nn.init.normal_(other := torch.empty(4))
    assert weight.tolist() == [7] * 4
    assert other.isfinite().all()
