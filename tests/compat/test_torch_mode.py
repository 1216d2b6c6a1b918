"""What a block sees: whatever draws, whoever keeps the function, and what each call means."""

from __future__ import annotations

import dataclasses
import functools
import math

import pytest

import agnostic_init as ai
from agnostic_init.compat import torch_init
from agnostic_init.compat.torch_init import patch, skip_init

torch = pytest.importorskip("torch")
from agnostic_init.compat.torch_init.mode import Handler, drawing

nn, F = torch.nn, torch.nn.functional


@pytest.fixture(autouse=True)
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def parameter(*shape, **options):
    return nn.Parameter(torch.empty(shape, **options))


def under(key, make):
    with patch(key):
        return make()


# Functions that others keep ---------------------------------------------------------------------

NAMES = [name for name in torch_init.__all__ if name.endswith("_")]
TABLE = {name: getattr(nn.init, name) for name in NAMES}
partial = functools.partial(nn.init.trunc_normal_, std=0.02)


def default(tensor, function=nn.init.xavier_normal_):
    return function(tensor)


def closure(function=None):
    function = nn.init.orthogonal_
    return lambda tensor: function(tensor)


@dataclasses.dataclass
class Config:
    init: object = nn.init.kaiming_normal_


class Keeper:
    init = staticmethod(nn.init.sparse_)


def guarded():
    """As transformers has it: a function of the same name, in the place of torch's meanwhile."""

    def normal_(tensor, mean=0.0, std=1.0, generator=None):
        if getattr(tensor, "initialized", False):
            return tensor
        return TABLE["normal_"](tensor, mean=mean, std=std, generator=generator)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(nn.init, "normal_", normal_)
        kept = parameter(2)
        kept.data.fill_(7)
        kept.initialized = True
        assert nn.init.normal_(kept).tolist() == [7, 7]
        return nn.init.normal_(parameter(3, 4))


KEPT = {
    "table": (lambda: TABLE["xavier_uniform_"](parameter(3, 4)), ai.xavier_uniform(layout="torch")),
    "partial": (
        lambda: partial(parameter(3, 4)),
        ai.truncated_normal(0, 0.02, -2, 2, bounds="absolute"),
    ),
    "default": (lambda: default(parameter(3, 4)), ai.xavier_normal(layout="torch")),
    "closure": (lambda: closure()(parameter(3, 4)), ai.orthogonal(layout="torch")),
    "dataclass": (
        lambda: Config().init(parameter(3, 4)),
        ai.kaiming_normal(nonlinearity="leaky_relu", a=0.0, layout="torch"),
    ),
    "class attribute": (lambda: Keeper.init(parameter(3, 4), 0.34), ai.sparse(2 / 3)),
    "guard": (guarded, ai.normal()),
}


@pytest.mark.parametrize(("make", "init"), KEPT.values(), ids=KEPT)
def test_functions_that_others_keep(make, init):
    expected = init((3, 4), key=ai.key(0).fold_in(0), xp=torch)
    assert torch.equal(under(0, make), expected)


def test_all_functions_are_recognized_with_what_they_mean():
    seen = []

    class Noting(Handler):
        def draw(self, call):
            seen.append((call.name, call.tensor, call.random))
            return call.original()

    matrix, kernel = torch.empty(4, 4), torch.empty(4, 4, 3)
    needed = {"sparse_": (0.5,), "constant_": (2.0,)}
    with drawing(Noting()):
        for name, function in TABLE.items():
            tensor = kernel if name == "dirac_" else matrix
            assert function(tensor, *needed.get(name, ())) is tensor
    assert [name for name, _, _ in seen] == list(TABLE)
    assert all(tensor is (kernel if name == "dirac_" else matrix) for name, tensor, _ in seen)
    fixed = {name for name, _, random in seen if not random}
    assert fixed == {"constant_", "ones_", "zeros_", "eye_", "dirac_"}


@pytest.mark.parametrize("name", TABLE)
def test_a_function_that_is_let_through_does_what_it_did(name):
    shape = (4, 4, 3) if name == "dirac_" else (4, 4)
    needed = {"sparse_": (0.5,), "constant_": (2.0,)}.get(name, ())
    torch.manual_seed(0)
    expected = TABLE[name](torch.zeros(shape), *needed)
    torch.manual_seed(0)
    with drawing(Handler()):
        assert torch.equal(TABLE[name](torch.zeros(shape), *needed), expected)


# Draws without torch.nn.init --------------------------------------------------------------------

UNIFORM, NORMAL = ai.uniform(), ai.normal()
SEEN = {
    "normal_": (lambda: torch.empty(6).normal_(1, 2), ai.normal(1, 2)),
    "of .data": (lambda: parameter(6).data.normal_(std=0.5), ai.normal(0, 0.5)),
    "uniform_": (lambda: parameter(6).data.uniform_(-1, 3), ai.uniform(-1, 3)),
    "uniform_, by name": (
        lambda: torch.empty(6).uniform_(**{"from": -1, "to": 3}),
        ai.uniform(-1, 3),
    ),
    "randn": (lambda: torch.randn(6), NORMAL),
    "randn, out": (lambda: torch.randn(6, out=torch.empty(0)), NORMAL),
    "randn, of a size": (lambda: torch.randn((6,)), NORMAL),
    "rand": (lambda: torch.rand(6), UNIFORM),
    "randn_like": (lambda: torch.randn_like(torch.zeros(6)), NORMAL),
    "rand_like": (lambda: torch.rand_like(torch.zeros(6)), UNIFORM),
    "normal": (lambda: torch.normal(1.0, 2.0, (6,)), ai.normal(1, 2)),
    "an operator": (lambda: torch.ops.aten.normal_(torch.empty(6), 1, 2), ai.normal(1, 2)),
    "a factory's operator": (lambda: torch.ops.aten.randn.default([6]), NORMAL),
    "a distribution": (lambda: torch.distributions.Normal(0.0, 1.0).sample((6,)), NORMAL),
    "computed": (lambda: (parameter(6) * 1).normal_().detach(), NORMAL),
}


@pytest.mark.parametrize(("make", "init"), SEEN.values(), ids=SEEN)
def test_draws_without_torch_init(make, init):
    expected = init((6,), key=ai.key(3).fold_in(0), xp=torch)
    assert torch.equal(under(3, make), expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.complex64])
def test_dtypes_and_options_of_factories(dtype):
    made = under(0, lambda: torch.randn(3, 2, dtype=dtype, requires_grad=True))
    assert made.dtype == dtype
    assert made.requires_grad
    expected = ai.normal()((3, 2), key=ai.key(0).fold_in(0), xp=torch, dtype=dtype)
    assert torch.equal(made, expected)
    with torch.device("meta"):
        assert under(0, lambda: torch.rand(3)).is_meta


def test_normals_of_tensors():
    mean, std = torch.tensor([[1.0], [5.0]]), torch.tensor([0.0, 2.0, 3.0])
    z = ai.normal()((2, 3), key=ai.key(0).fold_in(0), xp=torch)
    assert torch.equal(under(0, lambda: torch.normal(mean, std)), z * std + mean)
    assert torch.equal(under(0, lambda: torch.normal(2.0, std)), z[0] * std + 2.0)
    assert torch.equal(under(0, lambda: torch.normal(mean.T, 2.0)), (z[0, :2] * 2 + mean.T))
    out = torch.empty(0)
    assert under(0, lambda: torch.normal(mean, std, out=out)) is out
    assert torch.equal(out, z * std + mean)


def test_views_are_written_where_they_lie():
    def make():
        weight = nn.Parameter(torch.zeros(6, 4))
        with torch.no_grad():
            weight[1].normal_()
            weight[2:4].t().uniform_()
            nn.init.normal_(weight.data[5])
        return weight

    weight, keys = under(0, make), ai.key(0).split(3)
    assert torch.equal(weight[1], ai.normal()((4,), key=keys[0], xp=torch))
    assert torch.equal(weight[2:4].t(), ai.uniform()((4, 2), key=keys[1], xp=torch))
    assert torch.equal(weight[5], ai.normal()((4,), key=keys[2], xp=torch))
    assert not weight[[0, 4]].any()


def test_what_autograd_refuses_is_refused():
    weight = nn.Parameter(torch.ones(3, 3))
    for tensor in (weight, weight[0]):
        with pytest.raises(RuntimeError, match="in-place operation"), patch(key=0, strict=False):
            tensor.normal_()
    with patch(key=0):
        values = (weight * 2).normal_()
        assert values.grad_fn is not None
        with torch.no_grad():
            parts = weight.chunk(3)
            assert all(part.normal_() is part for part in parts)
    assert torch.equal(values, ai.normal()((3, 3), key=ai.key(0).fold_in(0), xp=torch))
    assert torch.equal(weight[:1], ai.normal()((1, 3), key=ai.key(0).fold_in(1), xp=torch))


def test_chunks_have_fans_of_their_own():
    def make():
        weight = parameter(12, 4)
        for part in weight.chunk(3):
            nn.init.xavier_uniform_(part)
        return weight

    expected = [
        ai.xavier_uniform(layout="torch")((4, 4), key=k, xp=torch) for k in ai.key(0).split(3)
    ]
    assert torch.equal(under(0, make), torch.cat(expected))


# Draws of torch's own ---------------------------------------------------------------------------

OWN = {
    "randperm": lambda: torch.randperm(20),
    "randint": lambda: torch.randint(1000, (9,)),
    "randint_like": lambda: torch.randint_like(torch.zeros(9), 1000),
    "bernoulli": lambda: torch.bernoulli(torch.full((60,), 0.5)),
    "bernoulli_": lambda: torch.empty(60).bernoulli_(0.5),
    "exponential_": lambda: torch.empty(9).exponential_(2.0),
    "exponential_, strided": lambda: torch.empty(9, 2)[:, 0].exponential_(2.0),
    "cauchy_": lambda: torch.empty(9).cauchy_(),
    "log_normal_": lambda: torch.empty(9).log_normal_(),
    "geometric_": lambda: torch.empty(9).geometric_(0.1),
    "random_": lambda: torch.empty(9).random_(),
    "multinomial": lambda: torch.multinomial(torch.ones(30), 9),
    "poisson": lambda: torch.poisson(torch.full((9,), 50.0)),
    "complex uniform_": lambda: torch.empty(9, dtype=torch.complex64).uniform_(-1, 1),
    "random_split": lambda: torch.tensor(
        torch.utils.data.random_split(range(20), [12, 8])[0].indices
    ),
    "complex rand": lambda: torch.rand(9, dtype=torch.complex64),
    "dropout": lambda: F.dropout(torch.ones(60)),
    "gumbel_softmax": lambda: F.gumbel_softmax(torch.ones(9)),
    "gamma": lambda: torch.distributions.Gamma(torch.ones(9), 1.0).sample(),
    "LSTM": lambda: nn.LSTM(2, 2, 2, dropout=0.5)(torch.ones(9, 2))[0].detach(),
}


@pytest.mark.parametrize("make", OWN.values(), ids=OWN)
def test_draws_of_torchs_own_follow_the_key(make):
    values = []
    for seed, key in ((1, 0), (2, 0), (1, 5)):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        values.append(under(key, make))
        assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    first, second = under(0, lambda: (make(), make()))
    assert torch.equal(first, values[0])
    assert not torch.equal(first, second)


def test_without_a_key_torchs_own_are_torchs():
    for make in OWN.values():
        if make is OWN["LSTM"]:
            continue
        torch.manual_seed(0)
        expected = make()
        torch.manual_seed(0)
        assert torch.equal(under(None, make), expected)


def test_only_what_draws_counts():
    def make(extra):
        extra()
        return torch.randn(4)

    plain = under(0, lambda: make(lambda: None))
    silent = [
        lambda: nn.init.ones_(torch.empty(3)),
        lambda: nn.init.normal_(torch.empty(0)),
        lambda: nn.init.normal_(torch.empty(3, device="meta")),
        lambda: nn.init.xavier_normal_(torch.empty(3, 3), 0.0),
        lambda: torch.randn(3, generator=torch.Generator()),
        lambda: F.dropout(torch.ones(3), training=False),
        lambda: torch.bernoulli(torch.ones(3, device="meta")),
    ]
    for extra in silent:
        assert torch.equal(under(0, lambda extra=extra: make(extra)), plain)
    assert not torch.equal(under(0, lambda: make(lambda: torch.rand(3))), plain)
    assert not torch.equal(under(0, lambda: make(lambda: torch.randperm(3))), plain)


def test_a_generator_that_is_given_is_used():
    for draw in (
        lambda g: torch.randn(4, generator=g),
        lambda g: torch.empty(4).normal_(generator=g),
        lambda g: nn.init.xavier_normal_(torch.empty(2, 2), generator=g),
        lambda g: torch.randperm(9, generator=g),
    ):
        one, two = (
            under(key, lambda draw=draw: draw(torch.Generator().manual_seed(4))) for key in (0, 1)
        )
        assert torch.equal(one, two)


# Truncated normals by hand ----------------------------------------------------------------------


def norm_cdf(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _trunc_normal_(tensor, mean, std, a, b):
    low, high = norm_cdf((a - mean) / std), norm_cdf((b - mean) / std)
    tensor.uniform_(2 * low - 1, 2 * high - 1)
    tensor.erfinv_()
    tensor.mul_(std * math.sqrt(2.0))
    tensor.add_(mean)
    tensor.clamp_(min=a, max=b)
    return tensor


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    with torch.no_grad():
        return _trunc_normal_(tensor, mean, std, a, b)


def trunc_normal_tf_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    with torch.no_grad():
        _trunc_normal_(tensor, 0, 1.0, a, b)
        tensor.mul_(std).add_(mean)
    return tensor


def test_a_truncated_normal_made_by_hand():
    made = under(0, lambda: trunc_normal_(parameter(50), 0.5, 0.02, a=0.49))
    assert torch.equal(
        made, under(0, lambda: nn.init.trunc_normal_(parameter(50), 0.5, 0.02, 0.49))
    )
    made = under(0, lambda: trunc_normal_tf_(parameter(50), 0.5, 0.02))
    expected = ai.truncated_normal(0.5, 0.02)((50,), key=ai.key(0).fold_in(0), xp=torch)
    assert torch.equal(made, expected)


def test_what_comes_after_one_is_done():
    def make():
        weight = trunc_normal_(parameter(50), std=0.02)
        scaled = weight.detach().clone().mul_(2).add_(1).clamp_(max=1.01)
        with torch.no_grad():
            trunc_normal_tf_(weight)
            weight.mul_(3).add_(1)
        return weight, scaled

    weight, scaled = under(0, make)
    first, second = ai.key(0).split()
    std = ai.truncated_normal(0, 0.02, -2, 2, bounds="absolute")((50,), key=first, xp=torch)
    assert torch.equal(scaled, (std * 2 + 1).clamp(max=1.01))
    assert torch.equal(weight, ai.truncated_normal()((50,), key=second, xp=torch) * 3 + 1)


def test_one_under_another_mode():
    from torch.overrides import TorchFunctionMode

    class Passing(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return func(*args, **(kwargs or {}))

    expected = under(0, lambda: nn.init.trunc_normal_(parameter(5), std=0.02))
    with patch(0), Passing():
        assert torch.equal(trunc_normal_(parameter(5), std=0.02), expected)


def test_its_warning_is_torchs():
    with pytest.warns(UserWarning, match="The distribution of values may be incorrect"), patch(0):
        trunc_normal_(parameter(5), 5.0, 1.0)


# Skipping ---------------------------------------------------------------------------------------


def test_parameters_are_skipped_however_they_are_drawn():
    weight = nn.Parameter(torch.full((4, 4), 7.0))
    state = torch.get_rng_state()
    with skip_init(), torch.no_grad():
        for function in (TABLE["xavier_uniform_"], partial, closure(), trunc_normal_tf_):
            assert function(weight) is weight
        assert weight.normal_() is weight
        weight.data.uniform_()
        weight.data[0].normal_()
        weight[1].exponential_()
        weight.detach().bernoulli_()
    assert weight.unique().tolist() == [7]
    assert torch.equal(state, torch.get_rng_state())


def test_what_is_skipped_is_not_looked_at():
    with skip_init():
        for tensor in (torch.full((0,), 7.0), torch.full((3,), 7.0)):
            assert nn.init.xavier_normal_(tensor) is tensor
            assert nn.init.kaiming_uniform_(tensor=tensor) is tensor
            assert nn.init.trunc_normal_(tensor, 5.0, 1.0) is tensor


def test_nothing_is_left_on_tensors():
    layer = nn.Linear(2, 2)
    with skip_init():
        state = layer.state_dict()
        data = layer.weight.data
    assert not any(vars(each) for each in (*state.values(), data))


def test_what_is_no_parameter_is_drawn():
    torch.manual_seed(0)
    expected = torch.randn(3), torch.empty(3).normal_()
    torch.manual_seed(0)
    with skip_init():
        got = torch.randn(3), torch.empty(3).normal_()
    assert all(map(torch.equal, got, expected))
