"""Anybody's module, built: its authors' distributions, our bits, and nothing else changed."""

from __future__ import annotations

import copy
import math

import pytest
from scipy import stats

import agnostic_init as ai

torch = pytest.importorskip("torch")
nn = torch.nn


def state(model):
    return {
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }


def assert_same(one, other):
    first, second = state(one), state(other)
    assert list(first) == list(second)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
        assert tensor.dtype == second[name].dtype
        assert tensor.requires_grad == second[name].requires_grad


class Block(nn.Module):
    def __init__(self, width, depth=None):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, 2 * width)
        self.out = nn.Linear(2 * width, width)
        if depth is not None:
            nn.init.normal_(self.out.weight, std=0.02 / math.sqrt(2 * depth))


class Net(nn.Module):
    """What people write: ties, padding, scaled draws, scaled layers, statistics, tables."""

    def __init__(self, depth=2, width=32):
        super().__init__()
        self.emb = nn.Embedding(100, width, padding_idx=1)
        self.cls = nn.Parameter(torch.randn(1, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, depth) for _ in range(depth))
        self.gamma = nn.Parameter(1e-5 * torch.ones(width))
        self.a_log = nn.Parameter(torch.log(torch.arange(1.0, width + 1)))
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 100, bias=False)
        self.head.weight = self.emb.weight
        self.register_buffer("table", torch.arange(width) / width)
        self.cls.tag = "kept"
        self.norm.bias.requires_grad_(False)


@pytest.fixture(scope="module")
def built():
    return ai.torch.build(Net, key=7)


def test_the_same_whatever_torch_drew_before(built):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert_same(ai.torch.build(Net, key=7), built)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_key_gives_other_draws(built):
    other = ai.torch.build(Net, key=8)
    assert not torch.equal(other.blocks[0].fc.weight, built.blocks[0].fc.weight)
    assert torch.equal(other.a_log, built.a_log)


def test_each_parameter_has_the_key_of_its_name(built):
    key = ai.key(7)
    bound = 1 / math.sqrt(32)
    fc = built.blocks[0].fc
    expected = ai.uniform(-bound, bound)((64,), key=key.fold_in("blocks.0.fc.bias"), xp=torch)
    assert torch.equal(fc.bias, expected)
    weight = ai.torch_default(layout="torch")
    expected = weight((64, 32), key=key.fold_in("blocks.0.fc.weight"), xp=torch)
    assert torch.equal(fc.weight, expected)
    expected = ai.normal(std=0.02)((1, 32), key=key.fold_in("cls"), xp=torch)
    assert torch.equal(built.cls, expected)


def test_what_is_kept(built):
    eager = Net()
    assert built.head.weight is built.emb.weight
    assert built.cls.tag == "kept"
    assert not built.emb.weight[1].any()
    assert (built.emb.weight[2:] != 0).all()
    for name, tensor in state(eager).items():
        found = state(built)[name]
        assert type(found) is type(tensor)
        assert found.requires_grad == tensor.requires_grad
        assert found.stride() == tensor.stride()
        if not isinstance(tensor, nn.Parameter):
            assert torch.equal(found, tensor), name
    assert torch.equal(built.a_log, eager.a_log)
    assert torch.equal(built.gamma, eager.gamma)
    loss = built.head(built.emb(torch.tensor([1, 2]))).sum()
    loss.backward()
    assert built.emb.weight.grad is not None


def test_one_more_layer_changes_only_what_depends_on_depth(built):
    deeper = ai.torch.build(lambda: Net(depth=3), key=7)
    mine, other = state(built), state(deeper)
    changed = {name for name in mine if not torch.equal(mine[name], other[name])}
    assert changed == {"blocks.0.out.weight", "blocks.1.out.weight"}
    ratio = other["blocks.0.out.weight"] / mine["blocks.0.out.weight"]
    assert torch.allclose(ratio, torch.tensor(math.sqrt(2 / 3)))


def test_order_and_names_of_others_change_nothing(built):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.another = nn.Linear(3, 5)
            self.norm = nn.BatchNorm1d(32)
            self.blocks = nn.ModuleList(Block(32, 2) for _ in range(2))

    turned = ai.torch.build(Turned, key=7)
    for name, tensor in turned.blocks.named_parameters():
        assert torch.equal(tensor, built.blocks.get_parameter(name)), name


def test_a_wrapper_changes_nothing(built):
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = Net()

    inside = ai.torch.build(lambda: nn.DataParallel(Net()), key=7)
    assert_same(inside.module, built)
    own = ai.torch.build(Wrapped, key=7)  # whose layer is only called like that
    assert not torch.equal(own.module.emb.weight, built.emb.weight)


DRAWN = {
    "method": lambda w: w.data.normal_(0.5, 0.1),
    "init": lambda w: nn.init.trunc_normal_(w, std=0.02, a=-0.03, b=0.03),
    "timm": lambda w: w.data.uniform_(-0.9, 0.9).erfinv_().mul_(2**0.5).add_(0.1).clamp_(-1.6, 1.8),
    "scaled": lambda w: nn.init.xavier_uniform_(w).mul_(0.5),
    "divided": lambda w: w.normal_(std=0.02).div_(math.sqrt(8)).add_(1),
    "copied": lambda w: w.copy_(torch.randn(w.shape) * 3),
    "in place": lambda w: w.data.zero_().add_(torch.rand(w.shape)),
    "viewed": lambda w: nn.init.kaiming_normal_(w.view(20, -1)),
    "transposed": lambda w: nn.init.kaiming_normal_(w.t(), mode="fan_out"),
    "exponential": lambda w: w.exponential_(2.0),
    "bernoulli": lambda w: w.bernoulli_(0.25),
    "masked": lambda w: w.normal_().masked_fill_(torch.arange(500) % 2 == 0, 0.0),
}


@pytest.mark.parametrize("name", DRAWN)
def test_distributions_are_the_authors(name):
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.empty(100, 500))
            with torch.no_grad():
                DRAWN[name](self.w)

    torch.manual_seed(0)
    ours = ai.torch.build(One, key=0).w.detach().flatten()
    theirs = One().w.detach().flatten()
    assert stats.ks_2samp(ours.numpy(), theirs.numpy()).pvalue > 1e-4
    assert ours.std() == pytest.approx(theirs.std().item(), rel=0.03)
    torch.manual_seed(1)
    assert torch.equal(ai.torch.build(One, key=0).w.detach().flatten(), ours)
    with ai.torch.empty_parameters():
        model = One()
    assert model.w.is_meta
    assert torch.equal(ai.torch.materialize(model, key=0).w.detach().flatten(), ours)


def test_half_precision_is_the_rounded_float32(built):
    half = ai.torch.build(Net, key=7, dtype=torch.bfloat16)
    assert half.emb.weight.dtype == torch.bfloat16
    assert half.norm.running_mean.dtype == torch.bfloat16
    assert half.table.dtype == torch.float32
    for name, tensor in half.named_parameters():
        assert torch.equal(tensor, built.get_parameter(name).to(torch.bfloat16)), name


def test_a_dtype_of_the_factory_is_kept():
    made = ai.torch.build(lambda: nn.Linear(3, 4, dtype=torch.float64).half(), key=0)
    assert made.weight.dtype == torch.float16


class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Parameter(torch.empty(60, 20))
        for part in self.qkv.chunk(3):
            nn.init.xavier_normal_(part)
        self.experts = nn.Parameter(torch.empty(4, 10, 10))
        for expert in self.experts:
            nn.init.orthogonal_(expert)
        self.gates = nn.Parameter(torch.zeros(40))
        with torch.no_grad():
            self.gates[10:20] = 1
            self.gates[::2].mul_(1)


def test_parts_have_their_own_draws():
    model = ai.torch.build(Parts, key=0)
    parts = model.qkv.detach().chunk(3)
    for part in parts:
        assert part.std() == pytest.approx(math.sqrt(2 / 40), rel=0.1)
    assert not torch.equal(parts[0], parts[1])
    for expert in model.experts.detach():
        assert torch.allclose(expert @ expert.T, torch.eye(10), atol=1e-5)
    assert not torch.equal(model.experts[0], model.experts[1])
    assert torch.equal(model.gates, Parts().gates)


def test_copies_of_modules_are_copies():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.student = nn.Linear(4, 5)
            self.teacher = copy.deepcopy(self.student)
            self.other = nn.Linear(4, 5)
            self.other.load_state_dict(self.student.state_dict())

    model = ai.torch.build(Pair, key=0)
    assert torch.equal(model.student.weight, model.teacher.weight)
    assert torch.equal(model.student.bias, model.other.bias)
    assert model.student.weight is not model.teacher.weight
    assert torch.equal(model.student.weight, ai.torch.build(Pair, key=0).teacher.weight)


class Read(nn.Module):
    """Looks at the values that it drew."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.empty(8, 8))
        nn.init.normal_(self.w, std=3.0)
        with torch.no_grad():
            self.w /= self.w.std().item()
        self.v = nn.Parameter(torch.from_numpy(self.w.detach().numpy() * 2))
        self.norm = nn.Parameter(self.w.detach().norm(dim=1))


def test_values_that_a_factory_reads_are_the_ones_it_gets():
    model = ai.torch.build(Read, key=0)
    assert model.w.std().item() == pytest.approx(1, rel=1e-5)
    assert torch.allclose(model.v, model.w * 2)
    assert torch.allclose(model.norm, model.w.norm(dim=1))
    assert_same(ai.torch.build(Read, key=0), model)


def test_parametrizations_are_computed():
    make = nn.utils.parametrizations
    normed = ai.torch.build(lambda: make.weight_norm(nn.Linear(6, 5)), key=0)
    assert torch.allclose(normed.weight, normed.parametrizations.weight.original1)
    turned = ai.torch.build(lambda: make.orthogonal(nn.Linear(6, 6)), key=0)
    assert torch.allclose(turned.weight @ turned.weight.T, torch.eye(6), atol=1e-5)
    spectral = ai.torch.build(lambda: make.spectral_norm(nn.Linear(6, 6)), key=0).eval()
    assert torch.linalg.matrix_norm(spectral.weight, 2).item() == pytest.approx(1, rel=1e-2)


def test_recurrent_layers_still_find_their_weights():
    model = ai.torch.build(lambda: nn.LSTM(3, 4, 2), key=0)
    assert all(not each.is_meta for each in model._flat_weights)
    assert model(torch.ones(2, 1, 3))[0].isfinite().all()


def test_draws_with_a_generator_of_the_authors_are_theirs():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            generator = torch.Generator().manual_seed(5)
            self.w = nn.Parameter(torch.randn(6, generator=generator))
            self.v = nn.Parameter(torch.empty(6))
            nn.init.normal_(self.v, generator=generator)

    model = ai.torch.build(Fixed, key=0)
    assert torch.equal(model.w, Fixed().w)
    assert torch.equal(model.v, Fixed().v)


def test_under_a_meta_device_of_the_caller(built):
    with torch.device("meta"):
        model = ai.torch.build(Net, key=7)
    assert_same(model, built)


def test_progress_is_told():
    seen = []
    ai.torch.build(Net, key=0, progress=lambda name, done, total: seen.append((name, done, total)))
    assert seen[-1][1] == seen[-1][2]


class Featured(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)
        self.register_buffer("features", torch.randn(4))
        self.extra = torch.rand(5)


def test_buffers_and_attributes_that_are_drawn_go_by_name():
    model = ai.torch.build(Featured, key=0)
    key = ai.key(0)
    expected = ai.normal()((4,), key=key.fold_in("features"), xp=torch)
    assert torch.equal(model.features, expected)
    assert torch.equal(model.extra, ai.uniform()((5,), key=key.fold_in("extra"), xp=torch))
    assert [row.kind for row in ai.torch.plan(model)] == ["parameter"] * 2 + ["buffer", "attribute"]


def test_what_was_filled_stays_as_it_is():
    model = ai.torch.build(Featured, key=0)
    before = {name: tensor.clone() for name, tensor in state(model).items()}
    ai.torch.materialize(model, key=1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(model).items())


def test_tensors_in_lists_and_dictionaries_of_a_module_have_values():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)
            self.same = [self.layer.weight]
            self.copies = [self.layer.weight.detach().clone(), "text"]
            self.twice = {"w": self.layer.weight.detach() * 2}
            self.drawn = (torch.randn(4),)

    model, again = (ai.torch.build(Net, key=0) for _ in range(2))
    assert model.same[0] is model.layer.weight
    assert torch.equal(model.copies[0], model.layer.weight)
    assert torch.equal(model.twice["w"], model.layer.weight * 2)
    assert torch.equal(model.drawn[0], again.drawn[0])
    with ai.torch.empty_parameters():
        other = Net()
    ai.torch.materialize(other, key=0)
    assert torch.equal(other.copies[0], model.layer.weight)


def scaled_by(code):
    """A factory of one parameter, of what `code` makes of a draw."""

    def make():
        model = nn.Module()
        model.w = nn.Parameter(code(torch.randn(4, 3)))
        return model

    return make


@pytest.mark.parametrize(
    "code",
    [
        lambda w: w.div_(w.norm()),
        lambda w: w.mul_(other=1 / w.norm()),
        lambda w: w.clamp_(max=0 * w.sum()).div_(w.norm()),
        lambda w: w.sub_(w.mean()).div_(w.norm()),
        lambda w: w.fill_(1 / w.norm()).div_(w.norm()),
        lambda w: nn.Parameter(w).data.div_(w.norm()),
    ],
    ids=["norm", "named", "clamp", "mean", "fill", "parameter"],
)
def test_numbers_that_depend_on_draws_are_those_of_the_very_draws(code):
    model = ai.torch.build(scaled_by(code), key=0)
    assert float(model.w.detach().norm()) == pytest.approx(1, abs=1e-6)
    with ai.torch.empty_parameters():
        other = scaled_by(code)()
    assert torch.equal(ai.torch.materialize(other, key=0).w, model.w)


@pytest.mark.parametrize("name", ["eye_", "dirac_"])
def test_what_is_set_without_a_draw_may_be_computed_with(name):
    fixed = getattr(nn.init, name)
    shape = (4, 3) if name == "eye_" else (4, 3, 3)

    def make():
        model = nn.Module()
        model.after = nn.Parameter(torch.empty(shape))
        fixed(model.after).data.mul_(2)
        model.before = nn.Parameter(fixed(torch.empty(shape)).exp())
        model.sum = nn.Parameter(fixed(torch.empty(shape)) + 0 * torch.randn(shape))
        return model

    model, eager = ai.torch.build(make, key=0), make()
    assert_same(model, eager)


@pytest.mark.parametrize(
    "code",
    [lambda w: w[:, :1].expand(4, 3), lambda w: w[:1].add(1).expand(2, 4, 3)],
    ids=["view", "sum"],
)
def test_expanded_parameters_are_computed(code):
    make = scaled_by(code)
    model = ai.torch.build(make, key=0)
    assert model.w.stride() == make().w.stride()
    assert model.w.unique().numel() == make().w.unique().numel()
    with pytest.raises(ai.ParameterError, match="`rules` must leave 'w' to its authors' code"):
        ai.torch.build(make, key=0, rules={"w": ai.normal()})


def test_a_device_without_memory_is_refused():
    with pytest.raises(ai.ParameterError, match="`device` must have memory"):
        ai.torch.build(lambda: nn.Linear(2, 2), key=0, device="meta")


def test_a_factory_on_meta_under_a_meta_device_of_the_caller():
    with torch.device("meta"):
        model = ai.torch.build(lambda: nn.Linear(2, 2, device="meta"), key=0)
    assert torch.equal(model.weight, ai.torch.build(lambda: nn.Linear(2, 2), key=0).weight)


def test_hooks_that_a_factory_registers_are_kept():
    called = []

    def make():
        layer = nn.Linear(2, 2)
        layer.weight.register_hook(lambda gradient: called.append("weight") or 2 * gradient)
        layer.bias.register_post_accumulate_grad_hook(lambda bias: called.append("bias"))
        layer.scale = nn.Parameter(torch.randn(2))
        return layer

    model = ai.torch.build(make, key=0)
    model(torch.ones(1, 2)).sum().backward()
    assert sorted(called) == ["bias", "weight"]
    assert torch.equal(model.weight.grad, torch.full((2, 2), 2.0))


def emptied():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    model.to_empty(device="cpu")
    nn.init.normal_(model[0].weight)
    return model


@pytest.mark.parametrize(
    "make", [lambda: nn.utils.skip_init(nn.Linear, 3, 2), emptied], ids=["skip_init", "to_empty"]
)
def test_memory_that_a_factory_makes_and_does_not_write_is_told_of(make):
    with pytest.raises(ai.ParameterError, match=r"`make` must write every tensor.*bias"):
        ai.torch.build(make, key=0)
    model = ai.torch.build(
        make, key=0, rules=lambda name, *_: "ones" if "bias" in name else "zeros"
    )
    assert {float(each.detach().sum()) for each in model.parameters()} == {0.0, 2.0}
    with ai.torch.empty_parameters():
        model = make()
    with pytest.raises(ai.ParameterError, match=r"`make` must write every tensor.*bias"):
        ai.torch.materialize(model, key=0)


def test_what_a_factory_builds_or_fills_by_itself_is_left_alone():
    def make():
        model = nn.Sequential(ai.torch.build(lambda: nn.Linear(3, 2), key=1))
        model.own = nn.Parameter(ai.normal()((3, 2), key=2, like=torch.empty(0)))
        return model

    model = ai.torch.build(make, key=0)
    assert_same(model[0], ai.torch.build(lambda: nn.Linear(3, 2), key=1))
    assert torch.equal(model.own, ai.normal()((3, 2), key=2, xp=torch))


@pytest.mark.parametrize("number", [0.0, -0.0, 1.5, complex(0.0, -0.0)])
def test_the_sign_of_a_constant_is_kept(number):
    def make():
        dtype = torch.complex64 if isinstance(number, complex) else torch.float32
        return nn.ParameterList([nn.init.constant_(torch.empty(3, dtype=dtype), number)])

    (built,), (eager,) = ai.torch.build(make, key=0).parameters(), make().parameters()
    assert built.detach().numpy().tobytes() == eager.detach().numpy().tobytes()
