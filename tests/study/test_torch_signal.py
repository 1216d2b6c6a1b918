"""The signal of modules of torch: figures, and the module as it was."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import agnostic_init as ai
from agnostic_init.study import Stack, signal

nn = torch.nn


@pytest.fixture
def picture_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.ReLU(inplace=True),
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8, 4),
    )


def images(number=6):
    return torch.randn(number, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_a_module_is_the_same_afterwards(picture_model):
    model, batch = picture_model, images()
    model(batch.clone()).sum().backward()
    model[3].eval()
    before = copy.deepcopy(model.state_dict())
    grads = [each.grad for each in model.parameters()]
    values = [each.clone() for each in grads]
    kept, random = batch.clone(), torch.get_rng_state()
    buffers = [id(each) for each in model.buffers()]
    found = signal(model, batch)
    assert found.problems == ()
    assert torch.equal(batch, kept)
    assert batch.grad is None
    assert not batch.requires_grad
    after = model.state_dict()
    assert all(torch.equal(after[name], each) for name, each in before.items())
    assert [id(each) for each in model.buffers()] == buffers
    assert all(each.grad is grad for each, grad in zip(model.parameters(), grads, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(grads, values, strict=True))
    assert model.training
    assert not model[3].training
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())


def test_figures_are_those_of_the_tensors(picture_model):
    model, batch = picture_model.eval(), images()
    found = {layer.name: layer for layer in signal(model, batch).layers}
    assert list(found) == ["input", *map(str, range(10))]
    with torch.no_grad():
        first = model[1](batch.clone().relu())
    assert found["1"].rms == pytest.approx(float(first.square().mean().sqrt()), rel=1e-5)
    assert found["1"].kind == "Conv2d"
    assert found["1"].shape == (8, 8, 8)
    assert 0.2 < found["3"].saturated < 0.8
    assert found["9"].gradient == pytest.approx(1, rel=0.5)
    assert found["1"].weight_gradient > 0
    assert found["2"].weight_gradient > 0
    assert found["3"].weight_gradient is None


def test_a_module_finds_what_a_stack_finds():
    stack = Stack(depth=3, width=16, activation="tanh", initializer="lecun_normal")
    x = ai.draws.normal((8, 16), key=4, xp=torch)
    ours = signal(stack, x, key=1, jacobian=False)
    model = nn.Sequential(*[part for _ in range(3) for part in (nn.Linear(16, 16), nn.Tanh())])
    for i in range(3):
        own = ai.key(1).fold_in("weights").fold_in(f"blocks.{i}.0").fold_in("weight")
        stack.initializer.fill(model[2 * i].weight.data, key=own)
        nn.init.zeros_(model[2 * i].bias)
    theirs = signal(model, x, key=1)
    rows = [theirs.layers[i] for i in (0, 2, 4, 6)]
    for layer, row in zip(ours.layers, rows, strict=True):
        assert row.rms == pytest.approx(layer.rms, rel=1e-4)
        assert row.gradient == pytest.approx(layer.gradient, rel=1e-3)
        assert row.saturated == layer.saturated
    assert len(theirs.singular_values) == 16


class Answers(nn.Module):
    """Embeds, reads, and answers with a dictionary."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(9, 4), nn.Linear(4, 3)

    def forward(self, words, scale=1.0):
        return {"logits": self.head(self.embedding(words)) * scale}


def test_a_module_whose_output_is_no_tensor_has_its_forward_half():
    words = torch.arange(12).reshape(4, 3) % 9
    found = signal(Answers(), words)
    (problem,) = found.problems
    assert "the module returns a dict and not a tensor of floating point; try: output=" in problem
    assert [layer.name for layer in found.layers] == ["embedding", "head"]
    assert found.layers[1].rms > 0
    whole = signal(Answers(), words, output=lambda result: result["logits"])
    assert whole.problems == ()
    assert whole.layers[0].gradient > 0
    assert whole.layers[0].weight_gradient > 0
    named = signal(Answers(), {"words": words, "scale": 2.0}, output=lambda it: it["logits"])
    assert named.problems == ()


def test_a_loss_of_the_callers():
    model, x = nn.Linear(3, 1), torch.ones(5, 3)
    found = signal(model, x, loss=lambda y: y.square().mean())
    expected = torch.autograd.grad(model(x).square().mean(), model.weight)[0].norm()
    bias = torch.autograd.grad(model(x).square().mean(), model.bias)[0].norm()
    (layer,) = found.layers[1:]
    assert layer.name == "the module"
    assert layer.weight_gradient == pytest.approx(float(torch.hypot(expected, bias)), rel=1e-5)
    assert "`loss` failed (ZeroDivisionError" in signal(model, x, loss=lambda y: 1 / 0).problems[0]
    assert "does not return a number" in signal(model, x, loss=lambda y: y).problems[0]


class Fails(nn.Module):
    """Its second layer does not fit its first."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(5, 2)

    def forward(self, x):
        return self.second(self.first(x))


def test_what_was_measured_before_a_failure_is_kept():
    found = signal(Fails(), torch.ones(2, 3))
    assert "the module failed after first (RuntimeError: mat1 and mat2" in found.problems[0]
    assert [layer.name for layer in found.layers] == ["input", "first"]
    broken = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    with torch.no_grad():
        broken[1].weight[0, 0] = float("nan")
    found = signal(broken, torch.ones(2, 3))
    assert found.problems[0] == "what 1 returns is not finite"
    assert np.isfinite(found.column("rms")[:2]).all()


def test_branches_that_begin_with_zeros_do_not_end_the_signal():
    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.norm, self.head = nn.Linear(6, 6), nn.LayerNorm(6), nn.Linear(6, 2)
            nn.init.zeros_(self.norm.weight)

        def forward(self, x):
            return self.head(x + self.norm(self.inside(x)))

    found = signal(Around(), torch.randn(8, 6))
    assert found.verdicts[0].startswith("the signal keeps its size")
    assert "norm returns 0, and the signal goes around" in found.verdicts
    assert not any("copies" in each for each in found.verdicts)


def test_layers_are_those_with_parameters_of_their_own_under_any_wrapper():
    attention, x = nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(2, 3, 8)
    found = signal(attention, (x, x, x), output=lambda both: both[0])
    assert [layer.name for layer in found.layers] == ["input", "the module"]
    assert found.layers[1].weight_gradient > 0
    normed = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), nn.ReLU())
    found = signal(normed, torch.randn(5, 4))
    assert [layer.name for layer in found.layers] == ["input", "0", "1"]
    assert found.layers[1].weight_gradient > 0
    compiled = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), backend="eager")
    found = signal(compiled, torch.randn(5, 4))
    assert found.name == "Sequential"
    assert [layer.name for layer in found.layers] == ["input", "0", "1"]


def test_a_module_without_gradients_says_so():
    model = nn.Linear(3, 2).requires_grad_(False)
    assert signal(model, torch.ones(2, 3)).problems == ()  # that of its input is there
    words = Answers().requires_grad_(False)
    found = signal(words, torch.ones(2, 3, dtype=torch.int64), output=lambda it: it["logits"])
    assert found.problems == ("there is no gradient, as nothing in the module takes one",)


def test_what_a_module_writes_into_its_parameters_is_told():
    class Writes(nn.Linear):
        def forward(self, x):
            with torch.no_grad():
                self.weight.mul_(2)
            return super().forward(x)

    assert "wrote its parameter weight" in signal(Writes(3, 2), torch.ones(2, 3)).problems[-1]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: signal(nn.Linear(2, 2)), ai.ParameterError, "`batch` must be given for a module"),
        (lambda: signal(nn.Linear(2, 2), "x"), ai.ParameterTypeError, "`batch` must be a tensor"),
        (lambda: signal(nn.Linear(2, 2), torch.ones(())), ai.ParameterError, "must have examples"),
        (
            lambda: signal(nn.Linear(2, 2), torch.full((1, 2), float("nan"))),
            ai.ParameterError,
            "`batch` must be finite",
        ),
        (
            lambda: signal(nn.Linear(2, 2, device="meta"), torch.ones(1, 2)),
            ai.ParameterError,
            "`model` must have parameters with values",
        ),
        (
            lambda: signal(torch.ones(2), key=0),
            ai.ParameterTypeError,
            "must be a Stack or a module",
        ),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
