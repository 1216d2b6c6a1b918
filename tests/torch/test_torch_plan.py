"""What a plan says of a module, what rules change, and what is refused."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")
nn = torch.nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 8)
        self.norm = nn.LayerNorm(8)
        self.a_log = nn.Parameter(torch.log(torch.arange(1.0, 9.0)))


def test_of_a_factory_and_of_what_it_made():
    plan = ai.torch.plan(Net)
    model = ai.torch.build(Net, key=3)
    after = ai.torch.plan(model)
    assert [row.name for row in plan] == [name for name, _ in model.named_parameters()]
    assert plan.rows == after.rows
    assert after.key == ai.key(3)
    assert after.sources == {"own code": 1, "recorded": 6}
    row = after["fc1.weight"]
    assert (row.source, row.distribution, row.fans) == ("recorded", "uniform", (8, 16))
    assert row.std == pytest.approx((1 / 24) ** 0.5)
    assert row.description.high == -row.description.low == pytest.approx(8**-0.5)
    assert after["norm.weight"].mean == 1
    assert after["a_log"].source == "own code"
    assert after["a_log"].initializer is None
    assert after["a_log"].fans is None
    assert "fc1.weight" in after
    assert "fc3.weight" not in after
    with pytest.raises(KeyError, match="fc3"):
        after["fc3.weight"]


def test_its_text():
    text = str(ai.torch.plan(Net)).splitlines()
    assert text[0].split()[:7] == [
        "name",
        "shape",
        "dtype",
        "source",
        "distribution",
        "std",
        "fan_in",
    ]
    assert text[2].split()[:7] == [
        "fc1.weight",
        "[16,",
        "8]",
        "float32",
        "recorded",
        "uniform",
        "0.204124",
    ]
    assert text[1].split()[:5] == ["a_log", "[8]", "float32", "own", "code"]
    assert repr(ai.torch.plan(Net)) == "Plan(7 tensors: 1 own code, 6 recorded; key=None)"


RULES = [
    {"fc1.weight": "ones"},
    {"re:fc1[.]weight": ai.ones()},
    [(nn.Linear, {"weight": "ones"})],
    [lambda name, shape, module: ai.ones() if shape == (16, 8) else None],
    lambda name, shape, module: ai.ones() if isinstance(module, nn.Linear) else None,
    [ai.Rule("fc1.weight", "ones"), ("*", ai.normal())],
    {nn.Linear: "ones"},
]


@pytest.mark.parametrize("rules", RULES)
def test_rules_go_first(rules):
    model = ai.torch.build(Net, key=0, rules=rules)
    assert (model.fc1.weight == 1).all()
    row = ai.torch.plan(model)["fc1.weight"]
    assert row.source == "rule"
    assert row.rule
    assert ai.torch.plan(Net, rules=rules)["fc1.weight"].source == "rule"


def test_a_rule_has_the_same_bits_as_fill_tree():
    model = ai.torch.build(Net, key=0, rules={"fc2.*": ai.normal(std=0.02)})
    other = Net()
    ai.fill_tree(other, {"*": ai.normal(std=0.02)}, key=0)
    assert torch.equal(model.fc2.weight, other.fc2.weight)
    assert not torch.equal(model.fc1.weight, other.fc1.weight)


def test_what_depends_on_a_ruled_parameter_sees_its_values():
    make = lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 5))
    model = ai.torch.build(make, key=0, rules={"weight": ai.normal(std=7)})
    norm = model.parametrizations.weight.original1.norm(dim=1, keepdim=True)
    assert torch.allclose(model.parametrizations.weight.original0, norm)


class Unwritten(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.bare = nn.Parameter(torch.empty(3))
        self.partly = nn.Parameter(torch.empty(4))
        nn.init.zeros_(self.partly[:2])


class TwoDtypes(nn.Module):
    def __init__(self):
        super().__init__()
        memory = torch.zeros(4)
        self.a = nn.Parameter(memory)
        self.b = nn.Parameter(memory.view(torch.int32), requires_grad=False)


class Quantized(nn.Module):
    def __init__(self):
        super().__init__()
        whole = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
        self.w = nn.Parameter(whole, requires_grad=False)


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))


class Sparse(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.eye(3).to_sparse())


def build(make, **more):
    return lambda: ai.torch.build(make, key=0, **more)


def other_net():
    return ai.torch.build(lambda: nn.Linear(2, 2), key=0)


BAD = {
    "rule for no name": (
        build(Net, rules={"fc1.wieght": "zeros"}),
        ParameterError,
        "'fc1.wieght' (the nearest name is 'fc1.weight')",
    ),
    "rule for no type": (build(Net, rules={nn.Conv2d: "zeros"}), ParameterError, "'Conv2d'"),
    "rule behind another": (
        build(Net, rules=[("*", "ones"), ("fc1.*", "zeros")]),
        ParameterError,
        "'fc1.*' (an earlier rule is for 'fc1.weight')",
    ),
    "rules of nothing": (build(Net, rules=3), ParameterTypeError, "`rules` must be a mapping"),
    "rule of another kind": (build(Net, rules=[3]), ParameterTypeError, "must have pairs"),
    "rule's shape": (
        build(Net, rules={"fc1.bias": ai.orthogonal()}),
        ParameterError,
        "parameter 'fc1.bias'",
    ),
    "function's answer": (
        build(Net, rules=lambda *_: 3),
        ParameterTypeError,
        "parameter 'a_log', rule 'a function'",
    ),
    "no module": (build(lambda: 3), ParameterTypeError, "`make` must return a module of torch"),
    "no factory": (build(nn.Linear(2, 2)), ParameterTypeError, "`make` must be a function"),
    "no key": (lambda: ai.torch.build(Net, key=None), TypeError, "key"),
    "unwritten": (
        build(Unwritten),
        ParameterError,
        "`make` must write every tensor, and leaves 2 as memory was, got ['bare', 'partly']",
    ),
    "lazy": (build(lambda: nn.LazyLinear(3)), ParameterError, "waits for a first call"),
    "two dtypes": (build(TwoDtypes), ParameterError, "'a' and 'b' share theirs"),
    "quantized": (build(Quantized), ParameterTypeError, "torch's own kind"),
    "nested": (build(Nested), ParameterTypeError, "torch's own kind"),
    "sparse": (build(Sparse), ParameterTypeError, "torch's own kind"),
    "otherwise": (build(Net, otherwise="skip"), ParameterError, "`otherwise` must be one of"),
    "own code": (build(Net, otherwise="error"), ParameterError, "a_log"),
    "dtype": (build(Net, dtype=torch.int32), ParameterError, "`dtype` must be real"),
    "device": (build(Net, device="nowhere"), ParameterError, "`device` must be"),
    "no model": (
        lambda: ai.torch.materialize(3, key=0),
        ParameterTypeError,
        "`model` must be a module",
    ),
    "meta from elsewhere": (
        lambda: ai.torch.materialize(nn.Linear(2, 2, device="meta"), key=0),
        ParameterError,
        "building it inside of empty_parameters()",
    ),
    "vmap": (
        lambda: torch.func.vmap(lambda x: other_net()(x))(torch.ones(3, 2)),
        ParameterError,
        "outside of transforms",
    ),
}


@pytest.mark.filterwarnings("ignore:::torch", "ignore:torch.quantize")
@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, kind, words = BAD[name]
    with pytest.raises(kind) as error:
        call()
    assert words in str(error.value)


def test_nothing_is_half_filled():
    with ai.torch.empty_parameters():
        model = Net()
    with pytest.raises(ParameterError, match="a_log"):
        ai.torch.materialize(model, key=0, otherwise="error")
    assert all(parameter.is_meta for parameter in model.parameters())
    ai.torch.materialize(model, key=0)
    assert not any(parameter.is_meta for parameter in model.parameters())


def test_reading_values_needs_the_factory():
    with (
        pytest.raises(ParameterError, match="must ask for no values"),
        ai.torch.empty_parameters(),
    ):
        nn.Linear(2, 2).weight.std().item()


def test_an_error_of_the_factory_is_its_own():
    def fails():
        nn.Linear(2, 2)
        message = "mine"
        raise LookupError(message)

    with pytest.raises(LookupError, match="mine"):
        ai.torch.build(fails, key=0)
    assert not nn.Linear(2, 2).weight.is_meta  # and nothing of the block is left
    with pytest.raises(RuntimeError, match="size of tensor"):
        ai.torch.build(lambda: nn.Linear(2, 2).weight.data.copy_(torch.ones(3)), key=0)
