"""bind: parameters that come without their names are filled as fill_tree fills them."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")

from tests.models.torch_architectures import ARCHITECTURES
from torch import nn

from agnostic_init.models import torch_bind

RULES = {"*norm*": "ones", "*bias": ai.uniform(), "*": ai.normal(std=0.02)}
MODELS = ["gpt, tied", "llama, tied", "experts", "residual"]


def rules_of(model):
    """Those that a model needs."""
    names = [name for name, _ in model.named_parameters()]
    has = {
        "*norm*": any("norm" in n for n in names),
        "*bias": any(n.endswith("bias") for n in names),
    }
    return {pattern: init for pattern, init in RULES.items() if has.get(pattern, True)}


def same(model, other):
    for (name, one), two in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two), name


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("way", ["parameters", "data", "modules", "other order"])
def test_every_way_to_give_parameters(name, way):
    want = ARCHITECTURES[name]()
    ai.fill_tree(want, rules_of(want), key=3)
    with torch.device("meta"):
        model = ARCHITECTURES[name]()
    init_fn = ai.bind(model, 3, rules_of(model))
    if way == "modules":  # which are given memory on the way, and stay tied
        for module in model.modules():
            assert init_fn(module) is module
        same(model, want)
        return
    model = model.to_empty(device="cpu")
    parameters = list(model.parameters())
    for parameter in reversed(parameters) if way == "other order" else parameters:
        given = parameter.data if way == "data" else parameter
        assert init_fn(given) is given
    for (path, one), two in zip(
        model.named_parameters(remove_duplicate=False),
        want.named_parameters(remove_duplicate=False),
        strict=False,
    ):
        assert torch.equal(one, two[1]), path  # also what to_empty has untied


def test_memory_that_a_module_is_given_keeps_what_its_parameters_say():
    with torch.device("meta"):
        layer = nn.Linear(2, 3)
    layer.weight.requires_grad_(False).mark = "kept"
    ai.bind(layer, 0, {"*": "ones"})(layer)
    assert (layer.weight.mark, layer.weight.requires_grad) == ("kept", False)
    assert layer.bias.requires_grad
    assert layer.weight.sum() == 6


def test_it_is_a_value_that_may_be_made_anew():
    model = ARCHITECTURES["mlp"]()
    init_fn = ai.bind(model, 3, {"*": ai.normal()})
    want = ai.fill_tree(copy.deepcopy(model), {"*": ai.normal()}, key=3)
    for other in (copy.deepcopy(init_fn), pickle.loads(pickle.dumps(init_fn))):
        assert other == init_fn
        nn.init.zeros_(model[0].weight)
        other(model[0].weight)
        assert torch.equal(model[0].weight, want[0].weight)
    two = ARCHITECTURES["mlp"]()
    assert ai.bind(two, 3, [("*", "normal")]) == init_fn
    assert ai.bind(two, 4, {"*": ai.normal()}) != init_fn
    for parameter in [*two.parameters(), *model.parameters()]:
        init_fn(parameter)
    same(two, want)
    same(model, want)


def test_wrapped_and_replaced_parameters_are_known_by_their_place():
    want = ai.fill_tree(ARCHITECTURES["mlp"](), {"*": ai.normal()}, key=3)
    model = ARCHITECTURES["mlp"]()
    init_fn = ai.bind(nn.DataParallel(model), 3, {"*": ai.normal()})
    gc.collect()  # only the wrapper is gone
    with pytest.raises(ParameterError, match="a model that was bound"):
        init_fn(model[0].weight)
    wrapper = nn.DataParallel(model)
    init_fn = ai.bind(wrapper, 3, {"*": ai.normal()})
    for _ in range(3):
        model[0].weight = nn.Parameter(torch.empty(7, 5))
        init_fn(model[0].weight)
        assert torch.equal(model[0].weight, want[0].weight)


def test_a_model_is_not_kept_alive():
    model = ARCHITECTURES["mlp"]()
    init_fn = ai.bind(model, 77, {"*": ai.normal()})
    assert len(torch_bind.MODELS[init_fn]) == 1
    ai.bind(model, 77, {"*": ai.normal()})
    assert len(torch_bind.MODELS[init_fn]) == 1
    del model
    gc.collect()
    ai.bind(nn.Linear(1, 1), 78, {"*": ai.normal()})
    assert torch_bind.MODELS[init_fn] == []


def test_a_stage_of_a_pipeline():
    stage = nn.ModuleDict({"h1": nn.Linear(3, 3)})
    names = ["h0.weight", "h0.bias", "h1.weight", "h1.bias"]
    rules = {"h0.*": "ones", "*": ai.normal()}
    init_fn = ai.bind(stage, 3, rules, names=names)
    init_fn(stage["h1"].weight)
    want = ai.init_tree({"h1.weight": (3, 3)}, {"*": ai.normal()}, key=3)
    assert torch.equal(stage["h1"].weight, torch.from_numpy(want["h1.weight"]))
    assert ai.bind(stage, 3, rules, unused="ignore") == init_fn
    with pytest.raises(ParameterError, match="must all be used"):
        ai.bind(stage, 3, rules)


def test_what_cannot_be_right_is_told():
    model = ARCHITECTURES["mlp"]()
    with pytest.raises(ParameterError, match=r"`rules` must match every parameter, .* '0.bias'"):
        ai.bind(model, 0, {"*.weight": ai.normal()})
    with pytest.raises(
        ParameterError, match=r"parameter '0.bias', rule '\*': `shape` must have two"
    ):
        ai.bind(model, 0, {"*": "orthogonal"})
    with pytest.raises(ParameterTypeError, match="`model` must be a module of torch"):
        ai.bind(dict(model.named_parameters()), 0, {"*": "ones"})
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    with pytest.raises(ParameterError, match=r"computed of others.*\['weight'\].*fill_tree"):
        ai.bind(normed, 0, {"*": "ones"})
    init_fn = ai.bind(model, 0, {"*": "ones"})
    for other in (torch.zeros(7, 5), nn.Linear(2, 3), nn.Parameter(torch.zeros(2, device="meta"))):
        with pytest.raises(ParameterError, match=r"a model that was bound.*ai\.bind\(model, key"):
            init_fn(other)
    with pytest.raises(ParameterTypeError, match="must be a parameter or module of torch"):
        init_fn("0.weight")
    model[0].weight = nn.Parameter(torch.zeros(35))
    with pytest.raises(
        ParameterError, match=r"'0.weight': `parameter` must have the shape \(7, 5\)"
    ):
        init_fn(model[0].weight)
    model.to("meta")
    with pytest.raises(ParameterError, match=r"'2.bias': `out` must be writable.* meta .*to_empty"):
        init_fn(model[2].bias)


TWO = """
import sys

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.distributed.fsdp import fully_shard
from torch.distributed.fsdp.wrap import ModuleWrapPolicy

import agnostic_init as ai
from tests.models.torch_architectures import ARCHITECTURES, Block

meeting, rank = sys.argv[1:]
dist.init_process_group("gloo", init_method="file://" + meeting, rank=int(rank), world_size=2)
RULES = {"*norm*": "ones", "*": ai.normal()}
make = ARCHITECTURES["llama, tied"]
want = dict(ai.fill_tree(make(), RULES, key=3).named_parameters())


def check(found):
    assert set(found) == set(want), set(found) ^ set(want)
    for name, each in found.items():
        whole = each.full_tensor() if hasattr(each, "full_tensor") else each
        assert torch.equal(whole, want[name]), name


def fsdp_1(model, **options):
    policy = ModuleWrapPolicy({Block})
    return FSDP(model, auto_wrap_policy=policy, device_id=torch.device("cpu"), **options)


def summoned(model):
    with FSDP.summon_full_params(model):
        found = {name: each.clone() for name, each in model.named_parameters()}
    check({name.replace("_fsdp_wrapped_module.", ""): each for name, each in found.items()})


for use_orig_params in (True, False):
    with torch.device("meta"):
        model = make()
    for buffer in list(model.named_buffers()):
        path, _, attribute = buffer[0].rpartition(".")
        setattr(model.get_submodule(path), attribute, torch.zeros(buffer[1].shape))
    init_fn = ai.bind(model, 3, RULES)
    summoned(fsdp_1(model, param_init_fn=init_fn, use_orig_params=use_orig_params))
    model = fsdp_1(make(), use_orig_params=use_orig_params)
    with FSDP.summon_full_params(model):
        ai.fill_tree(model, RULES, key=3)
    summoned(model)
    try:
        ai.fill_tree(model, RULES, key=3)
    except ai.ParameterError as error:
        assert "is a flat shard of FSDP's" in str(error), error
    else:
        raise AssertionError("flat shards were filled")

with torch.device("meta"):
    model = make()
init_fn = ai.bind(model, 3, RULES)
for block in model.layers:
    fully_shard(block, mesh=init_device_mesh("cpu", (2,)))
fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
model.to_empty(device="cpu")
for parameter in model.parameters():
    init_fn(parameter)
check(dict(model.named_parameters()))
model.unshard()
try:
    ai.fill_tree(model, RULES, key=4)
except ai.ParameterError as error:
    assert "what is written there is lost" in str(error) and "reshard()" in str(error), error
else:
    raise AssertionError("what FSDP2 throws away was filled")
model.reshard()
check(dict(model.named_parameters()))
dist.destroy_process_group()
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="no torch.distributed")
def test_two_processes_with_fsdp(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", TWO, str(tmp_path / "meeting")]
    root = Path(__file__).parents[2]
    both = [subprocess.Popen([*command, rank], cwd=root) for rank in "01"]
    try:
        assert [process.wait(timeout=100) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
