"""Modules without memory, what may happen to them before they get it, and shards."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch was built without torch.distributed", allow_module_level=True)

import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import ColwiseParallel, parallelize_module

pytestmark = pytest.mark.filterwarnings("ignore:::torch", "ignore:::multiprocessing")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 8, padding_idx=3)
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.a_log = nn.Parameter(torch.log(torch.arange(1.0, 9.0)))
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.emb.weight
        nn.init.orthogonal_(self.blocks[1].weight)

    def forward(self, x):
        x = self.emb(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


@pytest.fixture
def alone(tmp_path):
    """A group of this process."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield dist.init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def empty():
    with ai.torch.empty_parameters():
        return Net()


def assert_built(model):
    whole = ai.torch.build(Net, key=7)
    for name, tensor in whole.named_parameters():
        found = model.get_parameter(name)
        found = found.full_tensor() if isinstance(found, DTensor) else found
        assert torch.equal(found, tensor), name
    for name, tensor in whole.named_buffers():
        assert torch.equal(model.get_buffer(name), tensor), name


def test_parameters_have_no_memory_and_buffers_have():
    model = empty()
    assert all(each.is_meta for each in model.parameters())
    assert (model.norm.running_var == 1).all()
    assert model.head.weight is model.emb.weight
    assert_built(ai.torch.materialize(model, key=7))
    assert model.head.weight is model.emb.weight


def test_what_was_loaded_is_left_alone():
    model = empty()
    model.blocks[0] = nn.Linear(8, 8)
    before = model.blocks[0].weight.clone()
    ai.torch.materialize(model, key=7)
    assert torch.equal(model.blocks[0].weight, before)
    assert ai.torch.plan(model)["blocks.0.weight"].source == "left alone"
    again = {name: tensor.clone() for name, tensor in model.named_parameters()}
    ai.torch.materialize(model, key=8)
    assert all(torch.equal(tensor, again[name]) for name, tensor in model.named_parameters())


def test_fully_sharded(alone):
    model = empty()
    for block in model.blocks:
        fully_shard(block, mesh=alone)
    fully_shard(model, mesh=alone)
    assert all(isinstance(each, DTensor) for each in model.parameters())
    ai.torch.materialize(model, key=7)
    assert_built(model)
    assert model.head.weight is model.emb.weight
    model(torch.tensor([1, 3])).sum().backward()
    assert model.blocks[0].weight.grad is not None


def test_parallel_in_columns(alone):
    model = empty()
    parallelize_module(model, alone, {"blocks.0": ColwiseParallel(), "blocks.1": ColwiseParallel()})
    ai.torch.materialize(model, key=7)
    assert isinstance(model.blocks[0].weight, DTensor)
    assert_built(model)


def test_modules_in_a_row_and_copies():
    with ai.torch.empty_parameters():
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        model = nn.TransformerEncoder(layer, 3)
    ai.torch.materialize(model, key=0)
    first, last = model.layers[0].linear1.weight, model.layers[2].linear1.weight
    assert torch.equal(first, last)  # as torch has it: they are copies of one layer


def test_a_block_inside_a_block_is_its_own():
    with ai.torch.empty_parameters():
        inner = ai.torch.build(lambda: nn.Linear(2, 3), key=0)
        outer = nn.Linear(2, 3)
    assert not inner.weight.is_meta
    assert outer.weight.is_meta
    ai.torch.materialize(outer, key=0)
    assert torch.equal(outer.weight, inner.weight)


@pytest.mark.parametrize(
    "read",
    [
        lambda: float(torch.rand(())),
        lambda: torch.randn(3).tolist(),
        lambda: torch.randn(3).numpy(),
        lambda: nn.Linear(2, 2) if torch.rand(1) < 0.5 else nn.Identity(),
    ],
    ids=["item", "tolist", "numpy", "bool"],
)
def test_what_depends_on_draws_waits_for_their_key(read):
    with (
        pytest.raises(ParameterError, match="must ask for no values of parameters and of draws"),
        ai.torch.empty_parameters(),
    ):
        read()
    with ai.torch.empty_parameters():
        assert torch.linspace(0, 1, 3).tolist() == [0, 0.5, 1]  # what no key decides is there
        assert torch.randn(2, generator=torch.Generator().manual_seed(0)).numpy().shape == (2,)
