"""Twenty small architectures of torch, with the kinds of tensors that models have."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["ARCHITECTURES"]


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, bias=False), nn.BatchNorm2d(width)


class Rotary(nn.Module):
    def __init__(self, width):
        super().__init__()
        freq = 10000.0 ** (-torch.arange(0, width, 2) / width)
        self.register_buffer("inv_freq", freq, persistent=False)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attn_norm, self.ffn_norm = nn.RMSNorm(width), nn.RMSNorm(width)
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.w1, self.w3 = (nn.Linear(width, 3 * width, bias=False) for _ in range(2))
        self.w2 = nn.Linear(3 * width, width, bias=False)
        self.rotary = Rotary(width)


class Llama(nn.Module):
    def __init__(self, tied=False):
        super().__init__()
        self.tok_embeddings = nn.Embedding(11, 8)
        self.layers = nn.ModuleList(Block(8) for _ in range(2))
        self.norm, self.output = nn.RMSNorm(8), nn.Linear(8, 11, bias=False)
        if tied:
            self.output.weight = self.tok_embeddings.weight


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(13, 8), nn.Embedding(6, 8)
        self.attn = nn.MultiheadAttention(8, 2)
        self.mlp = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 13, bias=False)
        self.head.weight = self.wte.weight
        self.register_buffer("mask", torch.ones(6, 6, dtype=torch.bool).tril())
        self.register_buffer("position_ids", torch.arange(6))


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 4, bias=False)
        self.w1, self.w2 = (nn.Parameter(torch.empty(4, *shape)) for shape in ((8, 5), (5, 8)))
        self.register_buffer("counts", torch.zeros(4, dtype=torch.int32))
        self.register_buffer("bias", torch.zeros(4, dtype=torch.bfloat16))


class Odd(nn.Module):
    """Tensors of many dtypes and lengths that are no multiple of anything."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.halves = nn.Parameter(torch.ones(7, dtype=torch.float16))
        self.brain = nn.Parameter(torch.ones(3, 5, dtype=torch.bfloat16))
        self.doubles = nn.Parameter(torch.ones(3, dtype=torch.float64))
        self.phase = nn.Parameter(torch.ones(3, dtype=torch.complex64))
        self.nothing = nn.Parameter(torch.ones(0, 3))
        self.register_buffer("flag", torch.ones((), dtype=torch.bool))
        self.register_buffer("octet", torch.ones(1, dtype=torch.uint8))
        self.register_buffer("small", torch.ones(9, dtype=torch.int16))
        self.register_buffer("eighth", torch.ones(5).to(torch.float8_e4m3fn))
        self.register_buffer("wide", torch.ones(2, dtype=torch.complex128))


class Mapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ParameterDict({name: torch.empty(3, 4) for name in "abc"})
        self.steps = nn.ParameterList(torch.empty(n + 1) for n in range(4))


def convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.BatchNorm2d(4)
    )


ARCHITECTURES = {
    "mlp": lambda: nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)),
    "mlp in bfloat16": lambda: nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 3)).bfloat16(),
    "mlp with PReLU": lambda: nn.Sequential(nn.Linear(5, 7), nn.PReLU(7), nn.Linear(7, 3)),
    "convolutions": convolutions,
    "residual": lambda: nn.Sequential(Residual(4), Residual(4), nn.Linear(4, 2)),
    "depthwise": lambda: nn.Sequential(nn.Conv2d(6, 6, 3, groups=6), nn.Conv2d(6, 9, 1)),
    "transposed": lambda: nn.Sequential(nn.ConvTranspose2d(4, 6, 2), nn.Conv1d(6, 5, 3)),
    "channels last": lambda: convolutions().to(memory_format=torch.channels_last),
    "norms": lambda: nn.Sequential(
        nn.GroupNorm(2, 6), nn.InstanceNorm2d(6, affine=True, track_running_stats=True)
    ),
    "lstm": lambda: nn.LSTM(5, 6, num_layers=2, proj_size=3),
    "gru": lambda: nn.GRU(5, 6, bidirectional=True),
    "encoder": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "transformer": lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
    "gpt, tied": Gpt,
    "llama": Llama,
    "llama, tied": lambda: Llama(tied=True),
    "experts": Experts,
    "bilinear": lambda: nn.ModuleList([nn.Bilinear(3, 4, 5), nn.EmbeddingBag(7, 3)]),
    "many dtypes": Odd,
    "mapped": Mapped,
}
