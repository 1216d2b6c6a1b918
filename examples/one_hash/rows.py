"""The ways to lay the model out on processes: each gives this process's modules, without values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from model import DEPTH, Block, Llama
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    apply_activation_checkpointing,
)
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, fully_shard
from torch.distributed.tensor import Shard, distribute_tensor
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)

__all__ = ["ROWS", "Row"]

Laid = list[tuple[nn.Module, Llama]]  # modules, and the model inside each


class Row(NamedTuple):
    """A configuration, and the numbers of processes that it is for."""

    name: str
    lay: Callable[[int, int], Laid]
    sizes: tuple[int, ...]


def _meta(layers: range = range(DEPTH)) -> Llama:
    with torch.device("meta"):
        return Llama(layers)


def _given_memory(model: nn.Module, inside: Llama) -> Laid:
    inside.to_empty(device="cpu")
    return [(model, inside)]


def _alone(rank: int, size: int) -> Laid:
    model = _meta()
    return _given_memory(model, model)


def _data_parallel(rank: int, size: int) -> Laid:
    model = _meta().to_empty(device="cpu")
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.detach().zero_()  # which it sends to the others
    return [(nn.parallel.DistributedDataParallel(model), model)]


def _sharded(model: Llama, mesh: DeviceMesh, **options: object) -> Laid:
    for block in _blocks(model):
        fully_shard(block, mesh=mesh, **options)
    fully_shard(model, mesh=mesh, **options)
    return _given_memory(model, model)


def _blocks(model: Llama) -> Iterator[nn.Module]:
    yield from model.layers.values()


def _fsdp(rank: int, size: int) -> Laid:
    return _sharded(_meta(), init_device_mesh("cpu", (size,)))


def _offloaded(rank: int, size: int) -> Laid:
    offload = CPUOffloadPolicy(pin_memory=False)
    return _sharded(_meta(), init_device_mesh("cpu", (size,)), offload_policy=offload)


def _checkpointed(rank: int, size: int) -> Laid:
    model = _meta()
    apply_activation_checkpointing(model, check_fn=lambda module: isinstance(module, Block))
    return _sharded(model, init_device_mesh("cpu", (size,)))


def _compiled(rank: int, size: int) -> Laid:
    model = _meta()
    for number, block in list(model.layers.items()):
        model.layers[number] = torch.compile(block, backend="eager")
    laid = _sharded(model, init_device_mesh("cpu", (size,)))
    return [(torch.compile(each, backend="eager"), inside) for each, inside in laid]


def _hybrid(rank: int, size: int) -> Laid:
    return _sharded(_meta(), init_device_mesh("cpu", (2, size // 2), mesh_dim_names=("dp", "fsdp")))


def _cut_by_tensors(model: Llama, mesh: DeviceMesh) -> Llama:
    plan = {
        "tok_embeddings": RowwiseParallel(),
        "output": ColwiseParallel(),
        "layers.*.attention.w[qkv]": ColwiseParallel(),
        "layers.*.attention.wo": RowwiseParallel(),
        "layers.*.feed_forward.w[13]": ColwiseParallel(),
        "layers.*.feed_forward.w2": RowwiseParallel(),
    }
    return parallelize_module(model, mesh, plan)


def _tensor_parallel(rank: int, size: int) -> Laid:
    model = _cut_by_tensors(_meta(), init_device_mesh("cpu", (size,)))
    return _given_memory(model, model)


def _both(rank: int, size: int) -> Laid:
    mesh = init_device_mesh("cpu", (size // 2, 2), mesh_dim_names=("fsdp", "tp"))
    return _sharded(_cut_by_tensors(_meta(), mesh["tp"]), mesh["fsdp"])


def _pipeline(rank: int, size: int) -> Laid:
    model = _meta(range(rank * DEPTH // size, (rank + 1) * DEPTH // size))
    return _given_memory(model, model)


def _interleaved(rank: int, size: int) -> Laid:
    return [
        pair
        for number in range(rank, DEPTH, size)
        for model in [_meta(range(number, number + 1))]
        for pair in _given_memory(model, model)
    ]


def _expert_parallel(rank: int, size: int) -> Laid:
    model, mesh = _meta(), init_device_mesh("cpu", (size,))
    for block in _blocks(model):
        experts = getattr(block.feed_forward, "experts", None)
        if experts is not None:
            for name, whole in list(experts.named_parameters()):
                part = distribute_tensor(whole, mesh, [Shard(0)], src_data_rank=None)
                experts.register_parameter(name, nn.Parameter(part))
    return _given_memory(model, model)


ROWS = [
    Row("one process", _alone, (1,)),
    Row("DP (DDP)", _data_parallel, (2, 4, 8)),
    Row("FSDP2", _fsdp, (2, 4, 8)),
    Row("FSDP2, CPU offload", _offloaded, (2, 4, 8)),
    Row("FSDP2, activation checkpointing", _checkpointed, (2, 4, 8)),
    Row("FSDP2, torch.compile", _compiled, (2, 4, 8)),
    Row("HSDP", _hybrid, (4, 8)),
    Row("TP", _tensor_parallel, (2, 4, 8)),
    Row("TP x FSDP2", _both, (4, 8)),
    Row("PP", _pipeline, (2, 4)),
    Row("PP, interleaved", _interleaved, (2,)),
    Row("EP", _expert_parallel, (2, 4, 8)),
]
