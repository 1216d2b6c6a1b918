"""fill_tree of modules whose wrappers need a group of processes, or another library."""

from __future__ import annotations

import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")

from agnostic_init.models.torch_names import canonical_names, named_tensors

if not torch.distributed.is_available():
    pytest.skip("torch was built without torch.distributed", allow_module_level=True)

import torch.distributed as dist
from tests.models.torch_wrapping import NAMES, Net, checkpointed_inside
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import ColwiseParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

pytestmark = pytest.mark.filterwarnings("ignore:::torch", "ignore:::multiprocessing")

RULES = {"*bias": ai.uniform(-1, 1), "*": ai.normal(std=0.5)}


@pytest.fixture
def alone(tmp_path):
    """A group of this process."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield dist.init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def assert_filled(model):
    """The values of the bare model, and its names."""
    bare = {each.name: each.tensor for each in named_tensors(ai.fill_tree(Net(), RULES, key=7))}
    found = {each.name: each.tensor for each in named_tensors(model)}
    assert list(found) == NAMES
    for name, tensor in found.items():
        whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
        assert torch.equal(whole, bare[name]), name


@pytest.mark.parametrize("inside", [lambda model: model, checkpointed_inside])
def test_distributed_data_parallel(alone, inside):
    model = DistributedDataParallel(inside(Net()))
    assert_filled(ai.fill_tree(model, RULES, key=7))
    assert canonical_names(model)["module.head.weight"] == "emb.weight"


def test_fsdp2_from_meta(alone):
    with torch.device("meta"):
        model = Net()
    for block in model.blocks:
        fully_shard(block, mesh=alone)
    fully_shard(model, mesh=alone)
    model.to_empty(device="cpu")
    model.head.weight = model.emb.weight  # which `to_empty` parts
    assert_filled(ai.fill_tree(model, RULES, key=7))


def test_fsdp2_of_what_is_checkpointed_and_compiled(alone):
    model = checkpointed_inside(Net())
    for block in model.blocks:
        fully_shard(block, mesh=alone)
    assert_filled(ai.fill_tree(torch.compile(model), RULES, key=7))


def test_tensor_parallel(alone):
    model = parallelize_module(Net(), alone, {"blocks.*.module": ColwiseParallel()})
    assert isinstance(model.blocks[0].module.weight, DTensor)
    assert_filled(ai.fill_tree(model, RULES, key=7))


def test_a_parametrization_of_a_dtensor(alone):
    model = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    parallelize_module(model.parametrizations, alone, {})
    fully_shard(model, mesh=alone)
    bare = ai.fill_tree(nn.Linear(4, 3), RULES, key=7)
    ai.fill_tree(model, RULES, key=7)
    torch.testing.assert_close(model.weight.full_tensor(), bare.weight)


@pytest.mark.parametrize("inside", [lambda model: model, checkpointed_inside])
def test_fsdp1_summoned(alone, inside):
    model = FullyShardedDataParallel(inside(Net()), use_orig_params=True, device_id="cpu")
    with FullyShardedDataParallel.summon_full_params(model):
        names = canonical_names(model)
        given = {name: each.data for name, each in model.named_parameters()}
        ai.fill_tree(given, RULES, key=7, module=model)
        assert {names[name] for name in given} == set(NAMES)
        assert_filled(model)


def test_fabric(alone):
    fabric = pytest.importorskip("lightning.fabric")
    model = fabric.Fabric(accelerator="cpu", devices=1).setup(checkpointed_inside(Net()))
    assert_filled(ai.fill_tree(model, RULES, key=7))
    names = canonical_names(model)
    assert {names[name] for name in model.state_dict()} >= set(NAMES)


def test_an_average_of_timm():
    timm = pytest.importorskip("timm.utils")
    assert_filled(ai.fill_tree(timm.ModelEmaV3(Net()), RULES, key=7))


def adapted(**more):
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=2, target_modules=["module", "base_layer"], **more)
    return peft.get_peft_model(Net(), config)


def test_peft():
    model = adapted()
    rules = [("*.lora_B.*", "zeros"), ("*.lora_A.*", ai.normal(std=2)), *RULES.items()]
    ai.fill_tree(model, rules, key=7)
    bare = {each.name: each.tensor for each in named_tensors(ai.fill_tree(Net(), RULES, key=7))}
    found = {each.name: each.tensor for each in named_tensors(model)}
    adapters = {name for name in found if ".lora_" in name}
    assert set(found) - adapters == set(NAMES)
    assert "blocks.0.base_layer.lora_A.default.weight" in adapters
    for name in NAMES:
        assert torch.equal(found[name], bare[name]), name


def test_copies_that_peft_trains_whole_have_names_of_their_own():
    found = [each.name for each in named_tensors(adapted(modules_to_save=["head"]))]
    assert "head.bias" in found
    assert "head.modules_to_save.default.bias" in found


def test_tokens_that_peft_trains():
    found = [each.name for each in named_tensors(adapted(trainable_token_indices={"emb": [1]}))]
    assert "emb.weight" in found
