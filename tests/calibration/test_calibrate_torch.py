"""Modules of torch, calibrated: their outputs, and all that must be afterwards what it was."""

from __future__ import annotations

import copy

import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn.utils import parametrizations, prune


@pytest.fixture(autouse=True)
def seeded():
    """Modules that are the same in every run, and torch's generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def outputs(model, *batch):
    """What each linear layer gives, once."""
    found, handles = {}, []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
            handles.append(
                module.register_forward_hook(
                    lambda _, args, out, name=name: found.setdefault(name, out.detach().clone())
                )
            )
    with torch.no_grad():
        model(*batch)
    for handle in handles:
        handle.remove()
    return found


def by_channel(z, axis):
    return z.movedim(axis, 0).flatten(1).double()


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(model, before):
    return [name for name, value in model.state_dict().items() if not value.equal(before[name])]


def mlp(**kwargs):
    return nn.Sequential(nn.Linear(6, 16, **kwargs), nn.ReLU(), nn.Linear(16, 4, **kwargs))


def test_unit_variance_through_a_hundred_layers():
    layers = [each for _ in range(100) for each in (nn.Linear(16, 16), nn.ReLU())]
    model, x = nn.Sequential(*layers), torch.randn(32, 16)
    assert outputs(model, x)["198"].var() < 0.1
    done = ai.calibrate(model, x, key=0)
    assert done.converged
    assert len(done) == 100
    assert all(abs(z.var(correction=0) - 1) <= 0.01 for z in outputs(model, x).values())
    for n, (name, layer) in enumerate(model.named_children()):
        if n % 2 == 0:
            square = layer.weight @ layer.weight.T
            assert torch.allclose(square, square[0, 0] * torch.eye(16), atol=1e-3)
            assert not layer.bias.any()
            assert done[f"{name}.weight"].after.variance == pytest.approx(1, abs=0.01)


CONVOLUTIONS = {
    "1 d": (nn.Conv1d(6, 4, 3), (6, 9), 1),
    "2 d, groups": (nn.Conv2d(6, 4, 3, groups=2), (6, 5, 5), 1),
    "3 d": (nn.Conv3d(2, 4, 2), (2, 3, 3, 3), 1),
    "transposed": (nn.ConvTranspose2d(6, 4, 3), (6, 4, 4), 1),
    "transposed, groups": (nn.ConvTranspose2d(6, 4, 3, groups=2), (6, 4, 4), 1),
    "linear of sequences": (nn.Linear(6, 4), (5, 6), -1),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_channels_of_every_kind_of_layer(kind):
    layer, shape, axis = CONVOLUTIONS[kind]
    layer = copy.deepcopy(layer)
    x = torch.randn(64, *shape) + 1
    done = ai.calibrate(layer, x, "activation", mean=0.5)
    assert done.converged
    assert done.rows[0].name == "weight"
    z = by_channel(layer(x).detach(), axis)
    assert torch.allclose(z.mean(1), torch.tensor(0.5).double(), atol=1e-4)
    assert torch.allclose(z.var(1, correction=0), torch.tensor(1.0).double(), rtol=1e-4)
    for method in ("lsuv", "activation"):
        assert ai.calibrate(layer, x, method, key=1).converged


def older(layer):
    with pytest.warns(FutureWarning, match="weight_norm"):
        return nn.utils.weight_norm(layer)


@pytest.mark.parametrize("normalized", [parametrizations.weight_norm, older])
def test_weight_norm_writes_sizes_and_biases_alone(normalized):
    model = nn.Sequential(normalized(nn.Conv2d(3, 8, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(72, 4))
    model[3] = normalized(model[3])
    x, before = torch.randn(64, 3, 5, 5) + 1, state(model)
    done = ai.calibrate(model, x, "weight_norm")
    assert done.converged
    assert [row.name for row in done] == ["0.weight", "3.weight"]
    changed = same(model, before)
    assert len(changed) == 4
    assert not any(name.endswith(("weight_v", "original1")) for name in changed)
    for z, axis in zip(outputs(model, x).values(), (1, -1), strict=True):
        values = by_channel(z, axis)
        assert torch.allclose(values.var(1, correction=0), torch.ones(1).double(), rtol=1e-4)
        assert values.mean(1).abs().max() < 1e-4
    assert ai.calibrate(model, x, "weight_norm", key=3).converged
    directions = model.state_dict()[next(n for n in before if n.endswith(("_v", "original1")))]
    drawn = ai.normal(std=0.05)((8, 3, 3, 3), key=ai.key(3).fold_in("0.weight"), xp=torch)
    assert torch.allclose(directions, drawn, rtol=1e-5)


def test_nothing_else_changes():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(36, 3)
    )
    model[4].eval()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    identities = [id(each) for each in (*model.parameters(), *model.buffers())]
    hooked = []
    model[4].register_forward_hook(lambda *args: hooked.append(args))
    before, x = state(model), torch.randn(16, 3, 5, 5)
    generator = torch.get_rng_state()
    done = ai.calibrate(model, x, key=0)
    assert done.converged
    assert same(model, before) == ["0.weight", "0.bias", "4.weight", "4.bias"]
    assert identities == [id(each) for each in (*model.parameters(), *model.buffers())]
    assert torch.get_rng_state().equal(generator)
    assert [each.training for each in model] == [True, True, True, True, False]
    assert model[0].weight.grad.eq(1).all()
    assert model[4].weight.grad is None
    assert all(each.requires_grad and each.is_leaf for each in model.parameters())
    assert [len(each._forward_hooks) for each in model.modules()] == [0, 0, 0, 0, 0, 1]
    assert len(hooked) == 3  # of the passes; steps are not seen


def test_what_a_module_draws_is_of_the_key():
    model, x = nn.Sequential(nn.Dropout(), nn.Linear(6, 16), nn.Dropout(), nn.Linear(16, 4)), None
    x = torch.randn(32, 6)
    twins = [copy.deepcopy(model) for _ in range(2)]
    done = []
    for twin in twins:
        torch.rand(1)
        done.append(ai.calibrate(twin, x, key=3))
    assert done[0] == done[1]
    assert done[0].converged
    assert not same(twins[0], state(twins[1]))


def test_batch_normalization_is_as_the_mode_says():
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    x = 10 * torch.randn(32, 6)
    for training in (True, False):
        model.train(training)
        ai.calibrate(model, x, key=0, variance=2)
        kept = state(model)
        assert outputs(model, x)["2"].var(correction=0) == pytest.approx(2, rel=1e-4)
        model.load_state_dict(kept)


class Shared(nn.Module):
    """Layers with one weight, a tied head, one that is called in a loop, and one that is not."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 8)
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        self.b.weight = self.a.weight
        self.loop = nn.Linear(8, 8)
        self.never = nn.Linear(8, 8)
        self.head = nn.Linear(8, 9, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, x):
        x = self.b(self.a(self.emb(x)).tanh())
        for _ in range(8):
            x = self.loop(x).tanh()
        return self.head(x)


def test_shared_weights_and_layers_that_are_not_called():
    model, x = Shared(), torch.arange(9)
    before = state(model)
    done = ai.calibrate(model, x, key=0)
    assert [row.name for row in done] == ["a.weight", "loop.weight", "head.weight", "never.weight"]
    assert [row.calls for row in done] == [2, 8, 1, 0]
    assert done.left == {
        "head.weight": "its weight is that of a layer Embedding too, emb.weight",
        "never.weight": "the batch does not reach it",
    }
    assert model.b.weight is model.a.weight
    assert {name.split(".")[0] for name in same(model, before)} == {"a", "b", "loop"}
    for name in ("a.weight", "loop.weight"):
        assert done[name].after.variance == pytest.approx(1, abs=0.01)
    done = ai.calibrate(model, x, "activation", layers="a.*")
    assert done.left == {"a.weight": "its weight is that of layers with other biases"}


def test_under_autocast_layers_have_the_weights_that_were_written():
    model, x = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4)), torch.randn(64, 16)
    with torch.autocast("cpu", torch.bfloat16):
        model(x)
        assert ai.calibrate(model, x, key=0).converged
        assert abs(float(model(x).detach().float().var(correction=0)) - 1) < 0.05


def test_a_parametrization_that_takes_no_factor_is_told_from_a_dead_layer():
    layer = parametrizations.orthogonal(nn.Linear(16, 8))
    before = layer.weight.detach().clone()
    done = ai.calibrate(layer, 3 * torch.randn(64, 16))
    assert (
        done.left["weight"] == "once it was scaled, its outputs are the same for all of the batch"
    )
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("wrap", ["pruned", "spectral"])
def test_weights_under_older_hooks_are_drawn_in_their_originals(wrap):
    plain, layer = nn.Linear(8, 8), nn.Linear(8, 8)
    if wrap == "pruned":
        layer = prune.l1_unstructured(layer, "weight", 0.5)
    else:
        layer = torch.nn.utils.spectral_norm(layer)
    x = torch.randn(32, 8)
    ai.calibrate(plain, x, key=0)
    done = ai.calibrate(layer, x, key=0)
    drawn = layer.weight_orig.detach() / plain.weight.detach()
    if wrap == "pruned":  # one factor for all, of the same draw
        assert done.converged
        assert torch.allclose(drawn, drawn[0, 0].expand_as(drawn), rtol=1e-5)
        assert int((layer.weight == 0).sum()) == 32
        assert float(layer(x).detach().var(correction=0)) == pytest.approx(1, abs=0.01)
    else:  # which undoes the factor, so that what was there is put back
        assert [each[:19] for each in done.left.values()] == ["it did not converge"]


def test_layers_that_do_not_converge_are_what_they_were():
    model = nn.Sequential(
        parametrizations.spectral_norm(nn.Linear(8, 8)),
        parametrizations.orthogonal(nn.Linear(8, 8)),
        nn.Linear(8, 8),
        nn.Linear(8, 4),
        nn.LSTM(4, 4),
    )
    with torch.no_grad():
        model[2].weight.zero_()
        model[2].bias.zero_()
    model[3].weight.requires_grad_(False)
    before, x = state(model), torch.randn(32, 8)
    done = ai.calibrate(model, x, max_steps=3)
    reasons = list(done.left.values())
    assert [each[:29] for each in reasons[:2]] == ["it did not converge in 3 step"] * 2
    assert reasons[2:] == ["its outputs are the same for all of the batch", "it is frozen"]
    assert not same(model, before)
    assert done.others == ("4.weight_ih_l0", "4.weight_hh_l0")
    assert "of no such layer: 4.weight_ih_l0" in str(done)


def test_an_error_leaves_all_as_it_was():
    model, x = mlp(), torch.randn(8, 6)
    before = state(model)

    def progress(name, done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ai.calibrate(model, x, key=0, progress=progress)
    assert not same(model, before)

    class Failing(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 2:
                raise ZeroDivisionError
            return x

    model = nn.Sequential(*mlp(), Failing())
    before = state(model)
    with pytest.raises(ZeroDivisionError) as caught:
        ai.calibrate(model, x, key=0)
    assert "all parameters are what they were" in caught.value.__notes__[0]
    assert not same(model, before)
    assert not any(each._forward_hooks for each in model.modules())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64", "complex64"])
@pytest.mark.parametrize("method", ["lsuv", "activation"])
def test_every_dtype(dtype, method):
    kind = getattr(torch, dtype)
    model, x = mlp(dtype=kind), torch.randn(256, 6).to(kind) + 1
    if kind.is_complex:
        model[1] = nn.Identity()
    done = ai.calibrate(model, x, method, key=0)
    assert done.converged
    assert {each.dtype for each in model.parameters()} == {kind}
    for row in done:
        assert row.after.variance == pytest.approx(1, abs=0.03)
    if method == "activation":
        assert all(abs(row.after.mean) < 0.02 for row in done)


class BaseTunerLayer(nn.Module):
    """As peft's layers are, which are known by the name of their class."""

    def __init__(self):
        super().__init__()
        self.base_layer = nn.Linear(6, 6)
        self.lora_A, self.lora_B = nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.base_layer(x) + self.lora_B(self.lora_A(x))


BaseTunerLayer.__module__ = "peft.tuners.tuners_utils"


def test_adapters_are_left_alone():
    model = nn.Sequential(BaseTunerLayer(), nn.Linear(6, 6))
    before = state(model)
    done = ai.calibrate(model, torch.randn(32, 6), key=0)
    assert [row.name for row in done if not row.left] == ["0.weight", "1.weight"]
    assert set(done.left.values()) == {"it is part of an adapter"}
    assert not any("lora" in name for name in same(model, before))


def test_frozen_biases_stay_and_channels_are_scaled():
    model, x = mlp(), torch.randn(32, 6)
    model[0].bias.requires_grad_(False)
    before = state(model)
    assert ai.calibrate(model, x, "activation").converged
    assert same(model, before) == ["0.weight", "2.weight", "2.bias"]


def test_inputs_of_several_kinds():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Bilinear(3, 3, 8)

        def forward(self, x, y):
            return self.inner(x, y)

    x, y = torch.randn(32, 3), torch.randn(32, 3)
    assert ai.calibrate(Two(), (x, y)).converged
    assert ai.calibrate(Two(), {"y": y, "x": x}, key=0).converged


@pytest.mark.slow
@pytest.mark.parametrize("how", ["outermost", "inside", "in place"])
def test_compiled_modules(how):
    model, x = mlp(), torch.randn(32, 6)
    called = model
    if how == "outermost":
        called = torch.compile(model, backend="eager")
    elif how == "inside":
        model[0] = torch.compile(model[0], backend="eager")
    else:
        model.compile(backend="eager")
    called(x)
    done = ai.calibrate(called, x, key=0)
    assert [row.name for row in done] == ["0.weight", "2.weight"]
    assert called(x).detach().var(correction=0) == pytest.approx(1, rel=1e-4)


def test_data_parallelism_changes_no_name():
    model, x = mlp(), torch.randn(32, 6)
    alone = copy.deepcopy(model)
    assert ai.calibrate(nn.DataParallel(model), x, key=0) == ai.calibrate(alone, x, key=0)
    assert not same(model, state(alone))


BAD = {
    "no layers": (nn.ReLU(), {}, "must have linear layers or convolutions"),
    "no weight norm": (
        mlp(),
        {"method": "weight_norm"},
        "must have layers with weight normalization",
    ),
    "meta": (mlp(device="meta"), {}, "must have values, got '0.weight on the meta device'"),
    "lazy": (nn.LazyLinear(3), {}, "which a lazy layer has after its first call"),
    "parameters": (mlp(), {"parameters": {}}, "`parameters` must be None for a module"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_modules(name):
    model, kwargs, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        ai.calibrate(model, torch.randn(4, 6), **kwargs)


def test_a_layer_with_another_output():
    class Pair(nn.Linear):
        def forward(self, x):
            return super().forward(x), None

    model = nn.ModuleDict({"pair": Pair(6, 6), "next": nn.Linear(6, 6)})
    model.forward = lambda x: model["next"](model["pair"](x)[0])
    before = state(model)
    done = ai.calibrate(model, torch.randn(32, 6), key=0)
    assert done.left == {"pair.weight": "its output is no tensor of floats, but tuple"}
    assert same(model, before) == ["next.weight", "next.bias"]


def test_processes_of_ddp_take_their_batches_together(monkeypatch):
    dist = torch.distributed
    if not dist.is_available():
        pytest.skip("torch was built without torch.distributed")
    from torch.testing._internal.distributed.fake_pg import FakeStore

    layer, batches = nn.Linear(6, 4), torch.randn(2, 32, 6) * torch.tensor([1, 3]).view(2, 1, 1)

    def all_gather(got, sent, group):
        """What the other process sends is of its own batch, and of the same weights."""
        outputs = nn.functional.linear(batches[1], layer.weight, layer.bias)
        other = ai.calibration.moments_of(outputs.detach().double())
        got[0].copy_(sent)
        got[1].copy_(torch.stack([torch.full((4,), 32.0), other.mean, other.variance]))

    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    try:
        wrapped = nn.parallel.DistributedDataParallel(layer)
        monkeypatch.setattr(dist, "all_gather", all_gather)
        done = ai.calibrate(wrapped, batches[0], "activation", key=0)
    finally:
        dist.destroy_process_group()
    assert done.converged
    z = layer(batches.flatten(0, 1)).detach()
    assert z.mean(0).abs().max() < 1e-5
    assert (z.var(0, correction=0) - 1).abs().max() < 1e-4
    assert (layer(batches[0]).var(0) < 0.5).all()  # its own batch alone has less
