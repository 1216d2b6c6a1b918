"""init_module of what is sharded: a process has its part of the one-process values."""

from __future__ import annotations

import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch was built without torch.distributed", allow_module_level=True)

import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.testing._internal.distributed.fake_pg import FakeStore

pytestmark = pytest.mark.filterwarnings("ignore:::torch", "ignore:::multiprocessing")


@pytest.fixture
def mesh():
    """A place of a mesh that no other test has, as torch keeps what it knows of one by its shape."""
    dist.init_process_group("fake", store=FakeStore(), rank=4, world_size=6)
    yield dist.init_device_mesh("cpu", (2, 3), mesh_dim_names=("dp", "tp"))
    dist.destroy_process_group()


class Net(nn.ModuleDict):
    def forward(self, x):
        return x


def model():
    return Net(
        {
            "emb": nn.Embedding(7, 6, padding_idx=5),
            "up": nn.Linear(6, 10),
            "down": nn.Linear(10, 6),
            "attention": nn.MultiheadAttention(6, 2),
            "lstm": nn.LSTM(6, 5),
            "norm": nn.BatchNorm1d(6),
            "bilinear": nn.Bilinear(3, 2, 5),
        }
    )


WAYS = {
    "HSDP": lambda net, mesh: fully_shard(net, mesh=mesh),
    "FSDP": lambda net, mesh: fully_shard(net, mesh=mesh["dp"]),
    "TP and FSDP": lambda net, mesh: fully_shard(
        parallelize_module(
            net,
            mesh["tp"],
            {"up": ColwiseParallel(), "down": RowwiseParallel(), "emb": RowwiseParallel()},
        ),
        mesh=mesh["dp"],
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("conventions", ["torch", "keras"])
def test_a_process_has_its_part(mesh, way, conventions):
    given = {"conventions": conventions, "forget_bias": 1.0}
    if conventions == "keras":
        given["rules"] = {nn.Bilinear: "ones"}
    whole = dict(ai.init_module(model(), 3, **given).named_parameters())
    with torch.device("meta"):
        net = model()
    WAYS[way](net, mesh)
    net.to_empty(device="cpu")
    for each in net.parameters():
        each.data.fill_(99)
    ai.init_module(net, 3, **given)
    for name, tensor in net.named_parameters():
        assert isinstance(tensor, DTensor), name
        shape, start = compute_local_shape_and_global_offset(
            tensor.shape, tensor.device_mesh, tensor.placements
        )
        if tensor.to_local().numel():
            part = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
            torch.testing.assert_close(
                tensor.to_local(), whole[name][part].detach(), rtol=0, atol=1e-6
            )
    assert (net["norm"].running_var == 1).all()
    assert net["emb"].weight.shape == (7, 6)
