"""The tables of torch's defaults, beside what the layers' own ``reset_parameters`` do."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.initializers.constant import constant, zeros
from agnostic_init.initializers.parts import zero_rows

torch = pytest.importorskip("torch")

from torch import nn

from agnostic_init.compat.torch_init.mode import Handler, drawing
from agnostic_init.models.torch_names import named_tensors
from agnostic_init.torch.by_convention import by_convention, conventions_of

LAYERS = {
    "Linear": lambda: nn.Linear(7, 5),
    "Linear, no bias": lambda: nn.Linear(7, 5, bias=False),
    "Bilinear": lambda: nn.Bilinear(7, 3, 5),
    "Conv1d": lambda: nn.Conv1d(4, 6, 3),
    "Conv2d, groups": lambda: nn.Conv2d(4, 6, (3, 2), groups=2),
    "Conv3d": lambda: nn.Conv3d(2, 3, 3),
    "ConvTranspose1d": lambda: nn.ConvTranspose1d(4, 6, 3),
    "ConvTranspose2d, groups": lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
    "ConvTranspose3d": lambda: nn.ConvTranspose3d(2, 3, 3, bias=False),
    "Embedding": lambda: nn.Embedding(9, 4),
    "Embedding, padding": lambda: nn.Embedding(9, 4, padding_idx=-2),
    "EmbeddingBag, padding": lambda: nn.EmbeddingBag(9, 4, padding_idx=1),
    "MultiheadAttention": lambda: nn.MultiheadAttention(6, 2),
    "MultiheadAttention, apart": lambda: nn.MultiheadAttention(6, 2, kdim=4, vdim=5),
    "MultiheadAttention, more biases": lambda: nn.MultiheadAttention(6, 2, add_bias_kv=True),
    "MultiheadAttention, no biases": lambda: nn.MultiheadAttention(6, 2, bias=False),
    "RNN": lambda: nn.RNN(3, 5, num_layers=2),
    "LSTM, projections": lambda: nn.LSTM(3, 5, proj_size=2, bidirectional=True),
    "GRU": lambda: nn.GRU(3, 5, bias=False),
    "RNNCell": lambda: nn.RNNCell(3, 5),
    "LSTMCell": lambda: nn.LSTMCell(3, 5),
    "GRUCell": lambda: nn.GRUCell(3, 5),
    "BatchNorm1d": lambda: nn.BatchNorm1d(5),
    "BatchNorm2d, not affine": lambda: nn.BatchNorm2d(5, affine=False),
    "SyncBatchNorm": lambda: nn.SyncBatchNorm(5),
    "InstanceNorm2d": lambda: nn.InstanceNorm2d(5, affine=True, track_running_stats=True),
    "LayerNorm": lambda: nn.LayerNorm((3, 2)),
    "LayerNorm, no bias": lambda: nn.LayerNorm(3, bias=False),
    "GroupNorm": lambda: nn.GroupNorm(2, 4),
    "RMSNorm": lambda: nn.RMSNorm(4),
    "PReLU": lambda: nn.PReLU(4, init=0.1),
    "TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(6, 2, 8),
    "TransformerDecoderLayer": lambda: nn.TransformerDecoderLayer(6, 2, 8),
    "Transformer": lambda: nn.Transformer(6, 2, 1, 1, 8),
    "AdaptiveLogSoftmaxWithLoss": lambda: nn.AdaptiveLogSoftmaxWithLoss(32, 20, [5, 10]),
}


class Last(Handler):
    """Keeps the initializer that each tensor was last filled with."""

    def __init__(self):
        self.found = {}

    def draw(self, call):
        init = call.initializer
        self.found[id(call.tensor)] = zeros() if init == constant(0.0) else init
        return call.original()


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_as_torch_builds_it(name):
    last = Last()
    with drawing(last):
        layer = LAYERS[name]()
    said = by_convention(layer, conventions_of("torch")[0], {})
    tensors = named_tensors(layer)
    assert {each.name for each in tensors} <= set(said)
    assert sum(id(each.tensor) in last.found for each in tensors) * 3 >= len(tensors)
    for each in tensors:
        expected = last.found.get(id(each.tensor), said[each.name])  # but for copies
        padding = getattr(each.module, "padding_idx", None)
        assert said[each.name] == (
            expected if padding is None else zero_rows(expected, padding % 9)
        ), each.name


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_in_bad_state_is_made_whole(name):
    layer, fresh = LAYERS[name](), LAYERS[name]()
    with torch.no_grad():
        for tensor in (*layer.parameters(), *layer.buffers()):
            tensor.fill_(77)
    assert ai.init_module(layer, key=3) is layer
    for each, other in zip(
        named_tensors(layer, buffers=True), named_tensors(fresh, buffers=True), strict=True
    ):
        assert not (each.tensor == 77).any(), each.name
        if not (other.tensor - other.tensor.flatten()[0]).any():  # constants are equal
            assert torch.equal(each.tensor, other.tensor), each.name
        elif each.tensor.numel() > 20:
            ratio = each.tensor.std() / other.tensor.std()
            assert 0.5 < ratio < 2, each.name


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
def test_no_layer_of_torch_is_missing():
    known = {type(LAYERS[name]()).__name__ for name in LAYERS}
    with_parameters = {
        name
        for name in nn.modules.__all__
        if any(
            hasattr(getattr(nn, name), reset) for reset in ("reset_parameters", "_reset_parameters")
        )
        and not name.startswith("Lazy")
    }
    bases = {"RNNBase", "RNNCellBase"}
    like = {"BatchNorm3d": "BatchNorm2d", "InstanceNorm1d": "InstanceNorm2d"}
    like |= {"InstanceNorm3d": "InstanceNorm2d"}
    missing = {like.get(name, name) for name in with_parameters} - bases - known
    assert not missing


@pytest.mark.parametrize("kind", [nn.LSTM, nn.LSTMCell])
def test_a_forget_bias(kind):
    layer, plain = kind(3, 4), kind(3, 4)
    ai.init_module(layer, key=0, forget_bias=1.5)
    ai.init_module(plain, key=0)
    names = [name for name, _ in layer.named_parameters() if name.startswith("bias")]
    total = sum(getattr(layer, name).detach() for name in names)
    assert (total[4:8] == 1.5).all()
    for name, tensor in layer.named_parameters():
        rows = [n for n in range(16) if n not in range(4, 8) or "weight" in name]
        assert torch.equal(tensor[rows], getattr(plain, name)[rows])


def test_a_forget_bias_without_an_lstm_is_refused():
    with pytest.raises(ai.ParameterError, match="`forget_bias` must be None where there is no"):
        ai.init_module(nn.GRU(3, 4), key=0, forget_bias=1)
