"""What authors and other libraries initialize with, beside their published numbers and their own layers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")

from torch import nn


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.c_attn = nn.Linear(size, 3 * size)
        self.c_proj = nn.Linear(size, size)


class Layer(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.ln_1 = nn.LayerNorm(size)
        self.attn = Attention(size)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(size, 4 * size), "c_proj": nn.Linear(4 * size, size)}
        )


class GPT(nn.Module):
    def __init__(self, layers=6, size=64):
        super().__init__()
        self.wte = nn.Embedding(500, size)
        self.wpe = nn.Embedding(100, size)
        self.h = nn.ModuleList([Layer(size) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(size)


def close(tensor, std):
    """Normal of this std, within five sigmas of its own."""
    error = std / math.sqrt(2 * tensor.numel())
    return abs(tensor.std().item() - std) < 5 * error and abs(tensor.mean().item()) < 5 * std


@pytest.mark.parametrize("layers", [2, 6])
def test_gpt2_scales_by_the_number_of_residual_layers(layers):
    model = ai.init_module(GPT(layers), 0, conventions="gpt2")
    for layer in model.h:
        assert close(layer.attn.c_attn.weight, 0.02)
        assert close(layer.mlp["c_fc"].weight, 0.02)
        for projection in (layer.attn.c_proj, layer.mlp["c_proj"]):
            assert close(projection.weight, 0.02 / math.sqrt(2 * layers))
            assert not projection.bias.any()
        assert (layer.ln_1.weight == 1).all()
    assert close(model.wte.weight, 0.02)


def test_gpt2_of_transformers_own_model():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=3, n_embd=64, n_head=2, vocab_size=300)
    model = transformers.GPT2LMHeadModel(config)
    expected = {name: each.std().item() for name, each in model.named_parameters()}
    ai.init_module(model, 0, conventions="gpt2", buffers="keep")
    for name, each in model.named_parameters():
        assert abs(each.std().item() - expected[name]) <= 0.05 * expected[name], name


def test_llama():
    model = nn.Sequential(nn.Embedding(300, 64, padding_idx=3), nn.Linear(64, 200), nn.RMSNorm(9))
    ai.init_module(model, 0, conventions="llama")
    assert close(model[0].weight, 0.02)
    assert not model[0].weight[3].any()
    assert close(model[1].weight, 0.02)
    assert not model[1].bias.any()
    assert (model[2].weight == 1).all()


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.ones(1, 1, 64))
        self.pos_embed = nn.Parameter(torch.ones(1, 50, 64))
        self.patches = nn.Conv2d(3, 64, 8)
        self.attention = nn.MultiheadAttention(64, 2)
        self.qkv = nn.Linear(64, 192)
        self.fc1 = nn.Linear(64, 256)
        self.head = nn.Linear(64, 10)


def test_vit():
    model = ai.init_module(ViT(), 0, conventions="vit")
    assert not model.cls_token.any()
    assert close(model.pos_embed, 0.02)
    assert abs(model.patches.weight.std().item() - 192**-0.5) < 0.003
    assert model.patches.weight.abs().max() <= 2 * 192**-0.5 / 0.8796
    bound = math.sqrt(6 / 128)
    for weight in (model.qkv.weight, model.attention.in_proj_weight):
        assert 0.99 * bound < weight.abs().max() <= bound
    assert 0.99 * math.sqrt(6 / 320) < model.fc1.weight.abs().max() <= math.sqrt(6 / 320)
    assert close(model.fc1.bias, 1e-6)
    assert not model.head.weight.any()
    assert not model.qkv.bias.any()


LAYERS = {
    "Dense": (lambda: nn.Linear(60, 80), (60,), (1, 60)),
    "Conv": (lambda: nn.Conv2d(8, 24, 3, groups=2), (5, 5, 8), (1, 5, 5, 8)),
    "ConvTranspose": (lambda: nn.ConvTranspose2d(12, 20, 3), (5, 5, 12), (1, 5, 5, 12)),
}


def kernels(tensors):
    """Largest magnitude and std, which tell the distributions apart."""
    return [(np.abs(each).max(), each.std()) for each in tensors]


@pytest.mark.parametrize("name", LAYERS)
def test_flax(name):
    linen = pytest.importorskip("flax.linen")
    jax = pytest.importorskip("jax")
    make, _, shape = LAYERS[name]
    theirs = {
        "Dense": lambda: linen.Dense(80),
        "Conv": lambda: linen.Conv(24, (3, 3), feature_group_count=2),
        "ConvTranspose": lambda: linen.ConvTranspose(20, (3, 3)),
    }[name]()
    kernel = np.asarray(theirs.init(jax.random.key(0), np.zeros(shape))["params"]["kernel"])
    ours = ai.init_module(make(), 0, conventions="flax")
    (a, b), (c, d) = kernels([ours.weight.detach().numpy(), kernel])
    assert abs(a / c - 1) < 0.02
    assert abs(b / d - 1) < 0.1
    assert not ours.bias.any()


def test_flax_recurrent_and_embedding():
    model = nn.ModuleList([nn.LSTM(5, 8), nn.GRUCell(5, 8), nn.RNN(5, 8), nn.Embedding(400, 64)])
    ai.init_module(model, 0, conventions="flax")
    for layer, gates in [(model[0].weight_hh_l0, 4), (model[1].weight_hh, 3)]:
        for gate in layer.detach().reshape(gates, 8, 8):
            torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    assert close(model[3].weight, 1 / 8)
    assert not model[0].bias_ih_l0.any()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_keras(name):
    pytest.importorskip("keras")
    import keras

    make, shape, _ = LAYERS[name]
    theirs = {
        "Dense": lambda: keras.layers.Dense(80),
        "Conv": lambda: keras.layers.Conv2D(24, 3, groups=2),
        "ConvTranspose": lambda: keras.layers.Conv2DTranspose(20, 3),
    }[name]()
    theirs.build((None, *shape))
    ours = ai.init_module(make(), 0, conventions="keras")
    kernel = keras.ops.convert_to_numpy(theirs.kernel)
    (a, b), (c, d) = kernels([ours.weight.detach().numpy(), kernel])
    assert abs(a / c - 1) < 0.02
    assert abs(b / d - 1) < 0.1


def test_keras_recurrent_and_embedding():
    model = nn.ModuleList([nn.LSTM(5, 8), nn.GRU(5, 8), nn.Embedding(40, 8), nn.PReLU(3)])
    ai.init_module(model, 0, conventions="keras")
    hidden = model[0].weight_hh_l0.detach()
    torch.testing.assert_close(hidden.T @ hidden, torch.eye(8), atol=1e-5, rtol=0)
    forget = model[0].bias_ih_l0 + model[0].bias_hh_l0
    assert (forget[8:16] == 1).all()
    assert forget.sum() == 8
    assert not model[1].bias_ih_l0.any()
    assert 0.049 < model[2].weight.abs().max() <= 0.05
    assert not model[3].weight.any()


def test_what_a_preset_does_not_know_is_left_to_the_next():
    model = nn.Sequential(nn.Linear(3, 3), nn.LSTM(3, 3))
    with pytest.raises(ParameterError, match="4 parameters, of LSTM"):
        ai.init_module(model, 0, conventions="llama")
    ai.init_module(model, 0, conventions=["llama", "torch"])
    assert not model[0].bias.any()
    assert model[1].bias_ih_l0.any()
