"""Draws that no key governs are told of where parameters may have come of them."""

from __future__ import annotations

import random
import sys
import threading
import warnings

import numpy as np
import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")
from torch import nn


class Net(nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.own = draw()


def of_numpy():
    return nn.Parameter(torch.from_numpy(np.random.randn(4)))  # noqa: NPY002 - as authors do


def of_python():
    return nn.Parameter(torch.tensor([random.random() for _ in range(4)]))


def one_of_python():
    return nn.Parameter(torch.tensor(random.random()))


def of_a_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(nn.Linear(2, 2)))
    thread.start()
    thread.join()
    return made[0]


@pytest.mark.parametrize(
    ("draw", "said"),
    [(of_numpy, "NumPy .*: own"), (of_python, "Python's random .*: own"), (one_of_python, "Python's random .*: own"), (of_a_thread, "torch .*: own.weight")],
)  # fmt: skip
def test_parameters_of_other_generators_are_told_of(draw, said):
    with pytest.warns(UserWarning, match=said) as found:
        ai.torch.build(lambda: Net(draw), key=0)
    assert found[0].filename == __file__
    with ai.torch.empty_parameters():
        model = Net(draw)
    with pytest.warns(UserWarning, match=said):
        ai.torch.materialize(model, key=0)


def test_nothing_is_said_where_all_parameters_are_of_the_key():
    def draws():
        torch.manual_seed(3)
        np.random.rand()  # noqa: NPY002 - as authors do
        random.random()
        return nn.Linear(2, 2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ai.torch.build(lambda: Net(draws), key=0)
        ai.torch.build(lambda: Net(lambda: nn.Parameter(torch.arange(4.0).log1p())), key=0)
        ai.torch.build(lambda: Net(of_numpy), key=0, rules={"own": "zeros"})
        ai.torch.build(lambda: Net(one_of_python), key=0, rules={"own": "zeros"})


def test_the_first_draw_of_numpy_in_a_process_is_told_of(monkeypatch):
    ours = np.random
    monkeypatch.delitem(sys.modules, "numpy.random")  # which NumPy imports when it is asked for

    def of_numpy_at_last():
        monkeypatch.setitem(sys.modules, "numpy.random", ours)
        return of_numpy()

    with pytest.warns(UserWarning, match="NumPy .*: own"):
        ai.torch.build(lambda: Net(of_numpy_at_last), key=0)
