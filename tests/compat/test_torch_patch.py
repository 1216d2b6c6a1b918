"""Other people's models under patch(): the same on every run, and torch's own in all but the draws."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
import types
import warnings

import pytest
from scipy import stats

from agnostic_init.arrays.errors import ParameterTypeError
from agnostic_init.compat import torch_init
from agnostic_init.compat.torch_init import patch, skip_init, uniform_

torch = pytest.importorskip("torch")
nn = torch.nn


class Block(nn.Module):
    """A residual block as torchvision has it."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + self.downsample(x)).relu()


class ResNet(nn.Module):
    """Small, and initialized as torchvision's are: a layer's own draws, and then others."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
        self.layers = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.fc = nn.Linear(64, 100)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
        for module in self.modules():
            if isinstance(module, Block):
                nn.init.constant_(module.bn2.weight, 0)

    def forward(self, x):
        return self.fc(self.layers(self.stem(x)).mean((2, 3)))


class Recurrent(nn.Module):
    """The other layers that have parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, 48, 2, bidirectional=True)
        self.bilinear = nn.Bilinear(16, 16, 8)
        self.transposed = nn.ConvTranspose1d(8, 16, 5, groups=2)
        self.norm = nn.LayerNorm(16)
        self.prelu = nn.PReLU()


MODELS = {
    "resnet": ResNet,
    "transformer": functools.partial(
        nn.Transformer, 64, 4, 2, 2, dim_feedforward=128, batch_first=True
    ),
    "recurrent": Recurrent,
}
GOLDEN = {
    "resnet": "c4cd44af0b6b86c91d5a1ab0db33630e6146364e023d68a5f02980c0f49c657c",
    "transformer": "ae59f5da37149a22dc08d71cb4940b761a01b01dddfc1cde65999e2a0d185f5b",
    "recurrent": "3e2b7e115b051c8cdebb2073b50d19abbd15cde45253a4fa3fa9c8604290b030",
}


@pytest.fixture
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def sha256(model) -> str:
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_of_torch_makes_the_same_model(name, rng):
    seen = set()
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        with patch():
            seen.add((seed, sha256(MODELS[name]())))
    assert len(seen) == 2


@pytest.mark.parametrize("name", MODELS)
def test_a_key_makes_the_same_model_on_every_machine(name, rng):
    for seed in (1, 2):
        torch.manual_seed(seed)
        with patch(key=0):
            assert sha256(MODELS[name]()) == GOLDEN[name]


@pytest.mark.parametrize("name", MODELS)
def test_only_the_draws_differ(name, rng):
    torch.manual_seed(0)
    theirs = dict(MODELS[name]().named_parameters())
    with patch(key=0):
        ours = dict(MODELS[name]().named_parameters())
    assert list(theirs) == list(ours)
    for parameter, other in theirs.items():
        one = ours[parameter].detach().flatten()
        two = other.detach().flatten()
        assert ours[parameter].requires_grad == other.requires_grad
        if len(set(two.tolist())) <= 2:
            assert torch.equal(one, two), parameter
            continue
        assert not torch.equal(one, two), parameter
        # Of fixed seeds; another one would fail one parameter in 10,000.
        assert stats.ks_2samp(one.numpy(), two.numpy())[1] > 1e-4, parameter
        n = one.numel()
        assert abs(one.std() / two.std() - 1) < 6 / n**0.5, parameter
        if n >= 1024 and two.abs().max() < 1.8 * two.std():  # a uniform: the same bounds
            assert abs(one.abs().max() / two.abs().max() - 1) < 20 / n, parameter


def test_a_patched_model_trains(rng):
    torch.manual_seed(0)
    with patch(key=1):
        model = ResNet()
    x, y = torch.randn(16, 3, 16, 16), torch.arange(16)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    losses = []
    for _ in range(6):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


# The block ----------------------------------------------------------------------------------------


def snapshot():
    return {n: getattr(nn.init, n) for n in torch_init.__all__ if hasattr(nn.init, n)}


def test_all_is_as_before_after_a_block():
    before, attention = snapshot(), nn.modules.activation.xavier_uniform_
    codes = {name: function.__code__ for name, function in before.items()}
    with patch():
        assert snapshot() == before
        assert nn.modules.activation.xavier_uniform_ is attention
    assert snapshot() == before
    assert {name: function.__code__ for name, function in before.items()} == codes


def test_all_is_as_before_after_an_exception():
    before = snapshot()
    with pytest.raises(ZeroDivisionError), patch(key=0):
        1 / 0  # noqa: B018
    assert snapshot() == before
    state = torch.get_rng_state()
    uniform_(torch.empty(3))
    assert not torch.equal(state, torch.get_rng_state())  # the key of the block is forgotten


def test_blocks_nest():
    before = snapshot()
    with patch(key=0):
        outer = nn.init.normal_(torch.empty(3))
        with skip_init():
            kept = nn.init.normal_(torch.full((3,), 7.0))
        with patch(key=0):
            inner = nn.init.normal_(torch.empty(3))
        again = nn.init.normal_(torch.empty(3))
    assert kept.tolist() == [7, 7, 7]
    assert torch.equal(outer, inner)
    assert not torch.equal(outer, again)
    assert snapshot() == before


def test_a_function_may_be_decorated():
    make = patch(key=3)(lambda: nn.Linear(4, 4))
    assert sha256(make()) == sha256(make())


def test_other_threads_keep_torchs_own(rng):
    torch.manual_seed(0)
    expected = nn.Linear(8, 8).weight
    found = []

    def other():
        torch.manual_seed(0)
        found.append(nn.Linear(8, 8).weight)

    with patch(key=0):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert torch.equal(found[0], expected)


def test_blocks_of_many_threads():
    before, failures = snapshot(), []

    def work(key):
        for _ in range(20):
            with patch(key=key):
                one = nn.init.normal_(torch.empty(8))
            if not torch.equal(one, references[key]):
                failures.append(key)

    references = {}
    for key in range(4):
        with patch(key=key):
            references[key] = nn.init.normal_(torch.empty(8))
    threads = [threading.Thread(target=work, args=(key,)) for key in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert snapshot() == before


def test_names_imported_before_and_within_a_block():
    early = types.ModuleType("imported_early")
    sys.modules["imported_early"] = early
    late = types.ModuleType("imported_late")
    try:
        early.ones_ = nn.init.ones_
        with skip_init():
            assert early.ones_(torch.zeros(1)).item() == 0
            late.ones_ = nn.init.ones_  # of a module that is not yet known to be one
        assert early.ones_ is nn.init.ones_
        assert late.ones_(torch.zeros(1)).item() == 1
    finally:
        del sys.modules["imported_early"]


def test_skipping_leaves_tensors_and_the_generator_alone():
    state = torch.get_rng_state()
    with skip_init():
        model = MODELS["transformer"]()
        for function in ("uniform_", "zeros_", "dirac_"):
            tensor = torch.full((2, 2, 2), 5.0)
            assert getattr(nn.init, function)(tensor) is tensor
            assert tensor.unique().item() == 5
    assert torch.equal(state, torch.get_rng_state())
    with patch(key=0):
        other = MODELS["transformer"]()
    model.load_state_dict(other.state_dict())
    assert sha256(model) == GOLDEN["transformer"]


def test_deprecated_names_are_replaced_too():
    with patch(key=0), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        one = nn.init.normal(torch.empty(3))
    with patch(key=0):
        assert torch.equal(nn.init.normal_(torch.empty(3)), one)


def test_models_without_values():
    from torch._subclasses.fake_tensor import FakeTensorMode

    state = torch.get_rng_state()
    with patch():
        with torch.device("meta"):
            assert all(p.is_meta for p in ResNet().parameters())
        with FakeTensorMode():
            assert Recurrent().lstm.weight_ih_l0.shape == (192, 32)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("block", [lambda: patch(key=0), skip_init])
def test_what_runs_when_the_block_is_over_is_not_decorated(block):
    def layers():
        yield torch.nn.Linear(2, 3)

    with pytest.raises(ParameterTypeError, match="must run when it is called"):
        block()(layers)


def test_a_block_may_be_entered_again():
    block = patch(key=0)
    with block:
        one = torch.nn.Linear(2, 3)
    with block:
        two = torch.nn.Linear(2, 3)
    assert torch.equal(one.weight, two.weight)
