"""What a factory may not do while its parameters have no memory, in words."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.compat import torch_init

torch = pytest.importorskip("torch")
nn = torch.nn


def net(does):
    """A factory of a model that does something with its weight."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 5)
            does(self, self.layer.weight)

    return Net


def patched(model, weight):
    with torch_init.patch(key=1):
        model.other = nn.Linear(3, 3)


def from_the_caller(model, weight, storage=torch.ones(20).untyped_storage()):  # noqa: B008
    weight.data.set_(storage, 0, (5, 4))


REFUSED = {
    "patch": (patched, "`patch` must not be entered while ai.torch.build"),
    "fill_tree": (
        lambda model, weight: ai.fill_tree(model, {"*": "zeros"}, key=0),
        "no memory before the factory of ai.torch.build.*has ended",
    ),
    "fill": (
        lambda model, weight: ai.normal().fill(weight, key=0),
        "no memory before the factory of ai.torch.build.*rules= of build",
    ),
    "init_module": (
        lambda model, weight: ai.init_module(model, key=0),
        "must not be initialized while ai.torch.build",
    ),
    "set_": (from_the_caller, "must not lay parameters into memory.*copy_"),
    "numpy": (
        lambda model, weight: weight.detach().numpy().fill(0),
        "must not write parameters through NumPy",
    ),
    "from_dlpack": (
        lambda model, weight: np.from_dlpack(weight.detach()),
        r"must not call `__dlpack\w*__` of parameters",
    ),
    "to_dlpack": (
        lambda model, weight: torch.utils.dlpack.to_dlpack(weight.detach()),
        "must not share the memory of parameters",
    ),
    "share_memory": (
        lambda model, weight: model.share_memory(),
        "must not call `share_memory_` of parameters",
    ),
    "apply_": (
        lambda model, weight: weight.data.apply_(lambda x: 1),
        "must not call `apply_` of parameters",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_factory_may_not_do(name):
    does, words = REFUSED[name]
    with pytest.raises(ParameterError, match=words):
        ai.torch.build(net(does), key=0)
    made = ai.torch.build(lambda: nn.Linear(4, 5), key=0)  # nothing is left behind
    ai.fill_tree(made, {"*": "zeros"}, key=0)
    assert not made.weight.any()


def test_the_functions_of_torch_init_are_recorded():
    def ours(model, weight):
        torch_init.normal_(weight, std=0.5)
        torch_init.constant_(model.layer.bias, 2.0)

    def theirs(model, weight):
        nn.init.normal_(weight, std=0.5)
        nn.init.constant_(model.layer.bias, 2.0)

    one, other = (ai.torch.build(net(does), key=0).layer for does in (ours, theirs))
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(one.bias, other.bias)
    given = ai.torch.build(net(lambda m, w: torch_init.normal_(w, generator=3)), key=0).layer.weight
    assert torch.equal(given, torch_init.normal_(torch.empty(5, 4), generator=3))


def test_set_is_as_an_assignment_of_data():
    def put(make):
        def does(model, weight):
            with torch.no_grad():
                weight.set_(make())

        return ai.torch.build(net(does), key=0).layer.weight

    assert (put(lambda: torch.full((5, 4), 3.0)) == 3).all()
    drawn = put(lambda: torch.randn(5, 4))
    expected = ai.normal()((5, 4), key=ai.key(0).fold_in("layer.weight"), xp=torch)
    assert torch.equal(drawn, expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda w: torch.tensor([1.0, 2.0], dtype=w.dtype, device=w.device),
        lambda w: torch.as_tensor([1.0, 2.0], device=w.device),
        lambda w: torch.asarray(np.array([1.0, 2.0], np.float32), device=w.device),
        lambda w: w.new_tensor([1.0, 2.0]),
        lambda w: w.new_tensor(np.array([1.0, 2.0])),
        lambda w: torch.arange(1.0, 3.0, device=w.device),
        lambda w: torch.linspace(1.0, 2.0, 2, device=w.device),
    ],
    ids=["tensor", "as_tensor", "asarray", "new_tensor", "of NumPy", "arange", "linspace"],
)
def test_numbers_on_the_device_of_parameters(make):
    def does(model, weight):
        model.p = nn.Parameter(torch.empty(2))
        with torch.no_grad():
            model.p.copy_(make(weight) * 2)
        model.q = nn.Parameter(make(weight))

    made = ai.torch.build(net(does), key=0)
    assert made.p.tolist() == [2, 4]
    assert made.q.tolist() == [1, 2]
    assert made.q.dtype == torch.float32


def one(make):
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = make()

    return One


def quantized():
    return nn.Parameter(torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), False)


def nested():
    return nn.Parameter(torch.nested.nested_tensor([torch.ones(3), torch.ones(2)]))


def partitioned():
    made = nn.Parameter(torch.empty(0))
    made.ds_shape = torch.Size((3, 4))
    return made


KINDS = {
    "lazy": (lambda: nn.LazyLinear(3), "waits for a first call", "a lazy layer"),
    "quantized": (quantized, "'a' is quantized", "'a' is quantized"),
    "nested": (nested, "'a' is nested", "'a' is nested"),
    "sparse": (
        lambda: nn.Parameter(torch.eye(3).to_sparse()),
        "'a' has the layout torch.sparse_coo",
        "layout torch.sparse_coo",
    ),
    "zero": (partitioned, "'a', which is partitioned by DeepSpeed's ZeRO-3", "ZeRO-3"),
}


@pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore:The PyTorch API of nested")
@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")
@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_parameters(name):
    make, built, initialized = KINDS[name]
    with pytest.raises((ParameterError, ParameterTypeError), match=built):
        ai.torch.build(one(make), key=0)
    rules = None if name == "lazy" else {"a": "ones"}
    with pytest.raises((ParameterError, ParameterTypeError), match=initialized):
        ai.init_module(one(make)(), key=0, rules=rules)


def test_transforms():
    model = nn.Linear(2, 3)
    torch.func.vmap(lambda x: ai.init_module(model, key=0).weight.sum() * x)(torch.ones(3))
    assert torch.equal(model.weight, ai.init_module(nn.Linear(2, 3), key=0).weight)
    with pytest.raises(ParameterError, match=r"must build outside of transforms"):
        torch.func.vmap(lambda x: ai.torch.build(lambda: model, key=0).weight * x)(torch.ones(3))


@pytest.mark.parametrize("initialize", ["build", "init_module"])
def test_rules_for_a_type_name_parameters_that_it_has(initialize):
    def run(model, rules):
        if initialize == "build":
            return ai.torch.build(lambda: model, key=0, rules=rules)
        return ai.init_module(model, key=0, rules=rules)

    rules = {nn.Linear: {"weight": "zeros", "bais": "ones"}}
    with pytest.raises(
        ParameterError, match=r"must name parameters of Linear, .*got 'bais'; try: 'bias'"
    ):
        run(nn.Linear(2, 3), rules)
    made = run(nn.Linear(2, 3, bias=False), {nn.Linear: {"weight": "zeros", "bias": "ones"}})
    assert not made.weight.any()


def test_a_model_that_draws_in_forward_is_called_in_its_factory():
    class Noisy(nn.Module):
        def __init__(self, call):
            super().__init__()
            self.layer, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
            if call:
                self(torch.ones(2, 3))

        def forward(self, x):
            return self.norm(self.layer(x) + torch.randn(2, 3))

    called, again, plain = (
        ai.torch.build(lambda n=n: Noisy(n), key=0) for n in (True, True, False)
    )
    for name, tensor in plain.named_parameters():
        assert torch.equal(tensor, called.get_parameter(name))
    assert torch.equal(called.norm.running_mean, again.norm.running_mean)
    assert called.norm.running_mean.any()
