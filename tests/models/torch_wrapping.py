"""A small model, and everything of torch's that may stand around it or inside of it."""

from __future__ import annotations

import copy
import warnings

import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    apply_activation_checkpointing,
    checkpoint_wrapper,
    offload_wrapper,
)
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel


class Block(nn.Module):
    """Layers of the user's own with the names that wrappers use."""

    def __init__(self):
        super().__init__()
        self.module = nn.Linear(3, 3)
        self.base_layer = nn.Linear(3, 3, bias=False)

    def forward(self, x):
        return self.base_layer(self.module(x))


class Net(nn.Module):
    """An embedding, tied to the head, a block, and statistics."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(5, 3)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.norm = nn.BatchNorm1d(3)
        self.head = nn.Linear(3, 5)
        self.head.weight = self.emb.weight

    def forward(self, x):
        x = self.emb(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


#: The canonical names, of which keys are made: frozen.
NAMES = [
    "emb.weight",
    "blocks.0.module.weight",
    "blocks.0.module.bias",
    "blocks.0.base_layer.weight",
    "blocks.1.module.weight",
    "blocks.1.module.bias",
    "blocks.1.base_layer.weight",
    "norm.weight",
    "norm.bias",
    "head.bias",
]
BUFFERS = ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]


def old(function, module, **given):
    """One of the deprecated normalizations, without its warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return function(module, **given)


def compiled_inside(model):
    model.blocks[1] = torch.compile(model.blocks[1])
    return model


def checkpointed_inside(model):
    apply_activation_checkpointing(model, check_fn=lambda each: isinstance(each, Block))
    return model


def of_layers(function):
    def wrap(model):
        for block in model.blocks:
            function(block.module)
            function(block.base_layer)
        return model

    return wrap


WRAPPERS = {
    "bare": lambda model: model,
    "compile": torch.compile,
    "compile, of a part": compiled_inside,
    "DataParallel": nn.DataParallel,
    "checkpoint_wrapper": checkpoint_wrapper,
    "checkpoint_wrapper, of parts": checkpointed_inside,
    "offload_wrapper": offload_wrapper,
    "AveragedModel": AveragedModel,
    "QuantWrapper": torch.ao.quantization.QuantWrapper,
    "several": lambda model: torch.compile(nn.DataParallel(checkpointed_inside(model))),
    "a subclass": type("Parallel", (nn.DataParallel,), {}),
}
WITH_PARAMETRIZATIONS = {
    "weight_norm": of_layers(parametrizations.weight_norm),
    "spectral_norm": of_layers(parametrizations.spectral_norm),
    "old weight_norm": of_layers(lambda layer: old(nn.utils.weight_norm, layer)),
    "old spectral_norm": of_layers(lambda layer: old(nn.utils.spectral_norm, layer)),
    "pruning": of_layers(lambda layer: prune.l1_unstructured(layer, "weight", amount=3)),
    "weight_norm, compiled": lambda model: torch.compile(
        of_layers(parametrizations.weight_norm)(model)
    ),
}


def wrapped(name):
    """The model in a wrapper."""
    wrap = (WRAPPERS | WITH_PARAMETRIZATIONS)[name]
    return wrap(copy.deepcopy(Net()))
