"""Modules of torch, trained by autograd: the same as our own networks, and what goes wrong in words."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training.comparing import train
from agnostic_init.study.training.generated import clusters, regression
from agnostic_init.study.training.optimizer_names import OPTIMIZERS, optimizer_of
from agnostic_init.study.training.optimizers import SGD, Momentum

torch = pytest.importorskip("torch")
nn = torch.nn

from agnostic_init.study.training.torch_modules import train_module
from agnostic_init.study.training.torch_training import ModuleTraining

SMALL = clusters(160, key=1)
FEW = {"data": SMALL, "epochs": 2, "seeds": 2}


def perceptron(*between):
    """10-12-2, with the names that ours has."""
    layers = [("0", nn.Linear(10, 12)), ("f", nn.ReLU()), *between, ("1", nn.Linear(12, 2))]
    return nn.Sequential(OrderedDict(layers)).double()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_module_of_our_network_is_trained_as_it_is(name):
    inits = {"a": "glorot_uniform", "b": "he_normal"}
    theirs = train_module(perceptron, inits, optimizer=optimizer_of(name, 0.02), **FEW)
    ours = train(inits, hidden=(12,), optimizer=optimizer_of(name, 0.02), **FEW)
    for measure, curve in ours.curves.items():
        np.testing.assert_allclose(theirs.curves[measure], curve, rtol=1e-8)
    np.testing.assert_array_equal(theirs.units, ours.units)


def test_numbers_and_a_loss_of_the_users():
    data = regression(160)
    make = lambda: nn.Linear(10, 1).double()
    options = {"data": data, "epochs": 2, "seeds": 1, "optimizer": SGD(rate=0.05)}
    plain = train_module(make, "zeros", **options)
    same = train_module(make, "zeros", loss=lambda z, y: ((z - y) ** 2).mean(), **options)
    np.testing.assert_allclose(same.curves["test_loss"], plain.curves["test_loss"], rtol=1e-12)
    assert plain.final()[0, 0] < plain.curves["test_loss"][0, 0, 0]


def test_dropout_draws_from_the_run_and_leaves_torchs_generator_alone():
    make = lambda: perceptron(("drop", nn.Dropout(0.5)))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = train_module(make, "glorot_uniform", **FEW)
    torch.manual_seed(6)
    again = train_module(make, "glorot_uniform", **FEW)
    without = train_module(perceptron, "glorot_uniform", **FEW)
    np.testing.assert_array_equal(found.curves["train_loss"], again.curves["train_loss"])
    assert not np.array_equal(found.curves["train_loss"], without.curves["train_loss"])
    torch.manual_seed(5)
    iterated = iter(ModuleTraining(make, "glorot_uniform", **FEW))
    next(iterated)
    next(iterated)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_initializers_may_be():
    def mine(model, key):
        ai.init_module(model, key=key, rules={"*weight": "ones", "*bias": "zeros"})

    inits = {"torch": None, "rules": [("0.weight", "zeros")], "mine": mine, "ones": "ones"}
    found = train_module(perceptron(), inits, **FEW)
    np.testing.assert_array_equal(found.curves["test_loss"][2], found.curves["test_loss"][3])
    assert not np.array_equal(found.curves["test_loss"][0], found.curves["test_loss"][1])
    assert (found.units[2] == 1).all()
    assert (found.units[0] == 12).all()


def test_convolutions_have_units_too():
    make = lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 5)), nn.Conv2d(1, 6, 2), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2)
    )
    found = train_module(make, {"one": ai.constant(0.1), "he": "he_normal"}, **FEW)
    assert found.widths == (6,)
    assert found.units[:, :, 0].tolist() == [[1, 1], [6, 6]]


def test_a_loss_that_is_not_finite_ends_that_run_alone():
    inits = {"far": ai.normal(0, 1e200), "near": "glorot_uniform"}
    found = train_module(perceptron, inits, **FEW)
    alone = train_module(perceptron, {"near": "glorot_uniform"}, **FEW)
    assert found.verdicts()["far"].startswith("diverged: the loss of 2 of 2 seeds is not finite")
    np.testing.assert_array_equal(found.curves["test_loss"][1], alone.curves["test_loss"][0])


class Answers(nn.Module):
    """A module whose output is no tensor."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(10, 2)

    def forward(self, x):
        return {"logits": self.layer(x)}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"make": Answers},
            ai.ParameterTypeError,
            "output is a tensor, got 'dict'.*outputs.logits",
        ),
        ({"make": lambda: nn.Linear(10, 3)}, ai.ParameterError, r"shape \(2, 2\), as the targets"),
        ({"make": lambda: nn.Linear(9, 2)}, ai.ParameterError, r"inputs of shape \(2, 10\)"),
        ({"make": nn.Flatten}, ai.ParameterError, "with parameters to train"),
        ({"make": lambda: 3}, ai.ParameterTypeError, "`make` must be a module of torch"),
        ({"make": "resnet"}, ai.ParameterTypeError, "`make` must be a module of torch"),
        ({"loss": "hinge"}, ai.ParameterError, "`loss` must be a function or one of cross"),
        ({"loss": lambda z, y: z}, ai.ParameterError, "`loss` must return one number"),
        ({"loss": lambda z, y: z @ y[:, 0, 0]}, ai.ParameterError, "`loss` must take outputs of"),
        ({"loss": 3}, ai.ParameterTypeError, "`loss` must be a function of outputs"),
        ({"optimizer": Momentum(corrected=True)}, ai.ParameterError, "must not be corrected"),
        ({"optimizer": lambda p: 3}, ai.ParameterTypeError, "must make an optimizer of torch"),
        ({"optimizer": torch.optim.Adam, "rate": 1}, ai.ParameterError, "`rate` must stand in"),
        ({"initializers": {"x": [("nothing", "zeros")]}}, ai.ParameterError, "rules.*nothing"),
        ({"initializers": "glorot"}, ai.ParameterError, "must be that of an initializer"),
    ],
)
def test_bad_calls(options, error, words):
    with pytest.raises(error, match=words):
        train_module(**{"make": perceptron, "initializers": "zeros", **FEW, **options})


def test_without_torch_it_says_which_extra():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from agnostic_init import study\n"
        "try: study.train_module(None, None)\n"
        "except ImportError as error: assert 'agnostic-init[torch]' in str(error), error\n"
        "else: sys.exit('it was not refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
