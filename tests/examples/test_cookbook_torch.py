"""Recipes of models whose authors' code is a formula: written here as they wrote it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.examples.cookbook import PAGE, compare, kind, recipes

import agnostic_init as ai

torch = pytest.importorskip("torch")

from torch import nn


def rows_of(factory):
    return list(ai.torch.plan(factory))


def test_the_page_has_ten_models():
    models = ("gpt2", "llama", "vit", "resnet", "lstm", "siren", "mamba", "unet", "lora", "dcgan")
    assert tuple(recipes()) == models
    assert len(PAGE.read_text(encoding="utf-8").split("\n## ")) == 11


def lstm():
    """Each gate alone, and a forget gate that remembers."""
    made = nn.LSTM(24, 16, num_layers=2)
    for name, tensor in made.named_parameters():
        for n, gate in enumerate(tensor.chunk(4)):
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(gate)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                nn.init.constant_(gate, float(n == 1 and name.startswith("bias_ih")))
    return made


def test_lstm():
    rows = rows_of(lstm)
    assert len(rows) == 8
    compare_gates(recipes()["lstm"], rows)


def compare_gates(rules, rows):
    """Gate by gate, as each is a matrix of its own."""
    theirs = {name: value.detach().numpy() for name, value in lstm().named_parameters()}
    plan = ai.plan_tree({row.name: row.shape for row in rows}, rules, key=0)
    ours = plan.make()
    for name, value in theirs.items():
        for one, other in zip(np.split(ours[name], 4), np.split(value, 4), strict=True):
            if name.startswith("bias"):
                assert np.array_equal(one, other)
            elif name.startswith("weight_hh"):
                assert np.allclose(one @ one.T, np.eye(16), atol=1e-5)
                assert np.allclose(other @ other.T, np.eye(16), atol=1e-5)
            else:
                bound = math.sqrt(6 / sum(other.shape))
                assert abs(one).max() <= bound * (1 + 1e-6)
                assert abs(other).max() <= bound * (1 + 1e-6)
                assert one.std() == pytest.approx(other.std(), rel=0.15)
                assert one.std() == pytest.approx(bound / math.sqrt(3), rel=0.1)


class Siren(nn.Module):
    def __init__(self, inputs=2, width=256, omega=30):
        super().__init__()
        self.net = nn.ModuleList(nn.Linear(inputs if n == 0 else width, width) for n in range(3))
        self.net.append(nn.Linear(width, 3))
        with torch.no_grad():
            for n, layer in enumerate(self.net):
                size = layer.weight.size(-1)
                bound = 1 / size if n == 0 else math.sqrt(6 / size) / omega
                layer.weight.uniform_(-bound, bound)


class UNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.down = nn.ModuleList([self.block(3, width), self.block(width, 2 * width)])
        self.decode = nn.Module()
        self.decode.up = nn.Conv2d(2 * width, 4 * width, 1)
        self.decode.out = nn.Conv2d(2 * width, 3, 3)
        with torch.no_grad():
            for name, module in self.named_modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight)
                    nn.init.zeros_(module.bias)
                if name.endswith("up"):
                    weight = module.weight
                    kernel = torch.empty(weight.shape[0] // 4, *weight.shape[1:])
                    nn.init.kaiming_normal_(kernel)
                    weight.copy_(kernel.repeat_interleave(4, 0))

    @staticmethod
    def block(inputs, outputs):
        made = nn.Module()
        made.conv = nn.Conv2d(inputs, outputs, 3)
        made.norm = nn.BatchNorm2d(outputs)
        return made


def dcgan():
    def init(module):
        name = type(module).__name__
        if "Conv" in name:
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif "BatchNorm" in name:
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)

    generator = nn.Sequential(
        nn.ConvTranspose2d(100, 64, 4, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(True),
        nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(3, 64, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(64, 128, 4, 2, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.Conv2d(128, 1, 4, bias=False),
    )
    both = nn.ModuleDict({"generator": generator, "discriminator": discriminator})
    return both.apply(init)


@pytest.mark.parametrize(
    ("recipe", "factory", "count"), [("siren", Siren, 8), ("unet", UNet, 11), ("dcgan", dcgan, 9)]
)
def test_parameter_by_parameter(recipe, factory, count):
    model = factory()
    values = {name: value.detach().numpy() for name, value in model.named_parameters()}
    said = compare(recipes()[recipe], rows_of(factory), values)
    assert said == count
    ai.fill_tree(model, recipes()[recipe], key=0)
    assert all(value.isfinite().all() for value in model.parameters())


def test_icnr_gives_what_is_shuffled_together_one_kernel():
    model = ai.fill_tree(UNet(), recipes()["unet"], key=0)
    image = nn.functional.pixel_shuffle(model.decode.up(torch.randn(1, 32, 5, 5)), 2)
    assert (
        image
        == image.unfold(2, 2, 2)
        .unfold(3, 2, 2)[..., 0, 0]
        .repeat_interleave(2, 2)
        .repeat_interleave(2, 3)
    ).all()


@pytest.mark.parametrize("wrong", ["std", "mean", "kind"])
def test_the_comparison_can_fail(wrong):
    changed = {
        "std": ai.normal(std=0.021),
        "mean": ai.normal(mean=0.1, std=0.02),
        "kind": ai.symmetric_uniform(0.02 * math.sqrt(3)),
    }
    rules = {
        "*.1.weight": ai.normal(mean=1, std=0.02),
        "*.3.weight": changed[wrong],
        **recipes()["dcgan"],
    }
    with pytest.raises(AssertionError):
        compare(rules, rows_of(dcgan))
    assert kind(ai.normal().describe(3)) == "normal"
