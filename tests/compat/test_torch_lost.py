"""What is drawn into weights that are computed of others is lost, and that is said."""

from __future__ import annotations

import warnings

import pytest

import agnostic_init as ai
from agnostic_init.compat.torch_init import patch, skip_init

torch = pytest.importorskip("torch")
nn = torch.nn
parametrizations = nn.utils.parametrizations

MAKE = {
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(6, 6)),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(6, 6)),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(6, 6)),
}


class Net(nn.Module):
    def __init__(self, make, write):
        super().__init__()
        self.layer = make()
        write(self.layer)

    def init_weights(self):
        nn.init.normal_(self.layer.weight)
        nn.init.ones_(self.layer.bias)


def init(layer):
    nn.init.normal_(layer.weight, std=0.02)


def without_grad(layer):
    with torch.no_grad():
        layer.weight.normal_()


def data(layer):
    layer.weight.data.uniform_()


def zeros(layer):
    nn.init.zeros_(layer.weight)


WRITE = {each.__name__: each for each in (init, without_grad, data, zeros)}


@pytest.mark.parametrize("write", WRITE)
@pytest.mark.parametrize("make", MAKE)
def test_it_is_said(make, write):
    def both():
        return Net(MAKE[make], WRITE[write])

    words = (
        r"computed of others.*lost.*test_torch_lost\.py:\d+, of \[6, 6\].*module\.weight = values"
    )
    for key in (0, None):
        if write == "init":  # which torch would have follow it
            with pytest.raises(RuntimeError, match="it was computed"), patch(key):
                both()
        else:
            with pytest.warns(UserWarning, match=words), patch(key):
                both()
    with pytest.warns(UserWarning, match=words):
        made = ai.torch.build(both, key=0)
    plain = ai.torch.build(lambda: Net(MAKE[make], lambda layer: None), key=0)
    assert torch.equal(made.layer.weight, plain.layer.weight)  # as in torch


@pytest.mark.parametrize("make", MAKE)
def test_own_code(make):
    model = Net(MAKE[make], lambda layer: None)
    with pytest.warns(UserWarning, match="lost"):
        ai.init_module(model, key=0, conventions="own")
    assert (model.layer.bias == 1).all()


@pytest.mark.parametrize("make", MAKE)
def test_what_is_assigned_is_not_lost(make):
    def assigned(layer):
        with torch.no_grad():
            weight = layer.weight
            nn.init.orthogonal_(weight)
            layer.weight = weight

    def original(layer):
        for each in layer.parametrizations.weight.parameters():
            nn.init.ones_(each)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for write in (assigned, original):
            with patch(key=0):
                Net(MAKE[make], write)
            ai.torch.build(lambda write=write: Net(MAKE[make], write), key=0)
        with skip_init():
            Net(MAKE[make], init)


def test_tensors_that_are_computed_and_then_used():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.ones(4))
            self.b = nn.Parameter((self.a * 2).normal_())
            nn.init.normal_(self.a.view(2, 2))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with patch(key=0):
            Scaled()
        ai.torch.build(Scaled, key=0)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    "make",
    [
        nn.utils.weight_norm,
        lambda layer: nn.utils.prune.random_unstructured(layer, "weight", 2),
    ],
    ids=["weight norm", "pruning"],
)
def test_an_older_hook_computes_its_weight_too(make):
    def both():
        return Net(lambda: make(nn.Linear(6, 6)), without_grad)

    with pytest.warns(UserWarning, match="lost"), patch(key=0):
        both()
    with pytest.warns(UserWarning, match="lost"):
        ai.torch.build(both, key=0)


def test_blocks_leave_parametrizations_as_they_were():
    kinds = (
        nn.utils.parametrize.ParametrizationList,
        nn.utils.weight_norm.__globals__["WeightNorm"],
    )
    before = [dict(vars(kind)) for kind in kinds]
    with patch(key=0), patch(key=1):
        assert [dict(vars(kind)) for kind in kinds] != before
    assert [dict(vars(kind)) for kind in kinds] == before
