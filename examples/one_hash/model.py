"""A small language model in the manner of Llama, with a mixture of experts in every second layer."""

from __future__ import annotations

import torch
from torch import nn

import agnostic_init as ai

__all__ = ["DEPTH", "RULES", "Llama"]

VOCABULARY, WIDTH, HIDDEN, HEADS, EXPERTS, DEPTH = 256, 64, 96, 4, 8, 4

#: One set of rules for every way to cut the model.
RULES = [
    ("*norm.weight", ai.ones()),
    ("tok_embeddings.weight", ai.normal()),
    ("*.wo.weight", ai.orthogonal()),
    ("*.experts.*", ai.he_normal(layout="b i o")),
    ("*", ai.truncated_normal(std=0.02)),
]


class Attention(nn.Module):
    """Four projections."""

    def __init__(self) -> None:
        super().__init__()
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in "qkvo")

    def forward(self, x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
        """Attend to what came before."""
        q, k, v = (_heads(w(x)) for w in (self.wq, self.wk, self.wv))
        q, k = _turned(q, angles), _turned(k, angles)
        made = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(made.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """A gated layer."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w3 = (nn.Linear(WIDTH, HIDDEN, bias=False) for _ in range(2))
        self.w2 = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of each position."""
        return self.w2(nn.functional.silu(self.w1(x)) * self.w3(x))


class Experts(nn.Module):
    """The weights of all experts, stacked along their first axis."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w3 = (nn.Parameter(torch.empty(EXPERTS, WIDTH, HIDDEN)) for _ in range(2))
        self.w2 = nn.Parameter(torch.empty(EXPERTS, HIDDEN, WIDTH))


class Mixture(nn.Module):
    """A router and its experts."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(WIDTH, EXPERTS, bias=False)
        self.experts = Experts()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of each position, by all experts in the router's proportions."""
        experts = self.experts
        hidden = nn.functional.silu(torch.einsum("bti,eio->bteo", x, experts.w1))
        hidden = hidden * torch.einsum("bti,eio->bteo", x, experts.w3)
        made = torch.einsum("bteo,eoi->btei", hidden, experts.w2)
        return (made * self.router(x).softmax(-1).unsqueeze(-1)).sum(2)


class Block(nn.Module):
    """A layer."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.attention_norm, self.ffn_norm = nn.RMSNorm(WIDTH), nn.RMSNorm(WIDTH)
        self.attention = Attention()
        self.feed_forward = Mixture() if number % 2 else FeedForward()

    def forward(self, x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
        """Add both parts."""
        x = x + self.attention(self.attention_norm(x), angles)
        return x + self.feed_forward(self.ffn_norm(x))


class Llama(nn.Module):
    """The model, or the layers of it that a stage of a pipeline has, under their own numbers."""

    def __init__(self, layers: range = range(DEPTH)) -> None:
        super().__init__()
        first, last = 0 in layers, DEPTH - 1 in layers
        self.tok_embeddings = nn.Embedding(VOCABULARY, WIDTH) if first else None
        self.layers = nn.ModuleDict({str(n): Block(n) for n in layers})
        self.norm = nn.RMSNorm(WIDTH) if last else None
        self.output = nn.Linear(WIDTH, VOCABULARY, bias=False) if last else None
        self.register_buffer("frequencies", torch.empty(WIDTH // HEADS // 2), persistent=False)

    def init_buffers(self) -> None:
        """Compute what is no parameter."""
        steps = torch.arange(self.frequencies.numel(), device=self.frequencies.device)
        self.frequencies.copy_(10000.0 ** (-steps / steps.numel()))

    def init_weights(self) -> None:
        """Initialize as most code does, in the order of the modules, by torch's own generator."""
        for name, parameter in self.named_parameters():
            if name.endswith("norm.weight"):
                nn.init.ones_(parameter)
            elif name == "tok_embeddings.weight":
                nn.init.normal_(parameter)
            else:
                nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of the next token at each position."""
        angles = torch.arange(tokens.shape[1]).outer(self.frequencies)
        x = tokens if self.tok_embeddings is None else self.tok_embeddings(tokens)
        for layer in self.layers.values():
            x = layer(x, angles)
        return x if self.output is None else self.output(self.norm(x))


def _heads(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(-1, (-1, WIDTH // HEADS)).transpose(1, 2)


def _turned(x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    one, other = x.chunk(2, -1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([one * cos - other * sin, one * sin + other * cos], -1)
