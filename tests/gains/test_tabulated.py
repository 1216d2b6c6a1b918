"""The table of gains: every activation under every rule, in numbers and in print."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.gains.activations import activation, distinct_names

RULES = ("forward", "centered", "backward")


def test_every_name_is_there_once():
    table = ai.gains.table()
    assert [row.name for row in table.rows] == distinct_names()
    assert len(table) >= 25
    for row in table.rows:
        assert [getattr(row, rule) for rule in RULES] == [
            ai.gain(row.name, rule=rule) for rule in RULES
        ]
    of_torch = {row.name: row.torch for row in table.rows if row.torch is not None}
    names = ("leaky_relu", "linear", "relu", "selu", "sigmoid", "tanh")
    assert of_torch == {name: ai.gain(name, rule="torch") for name in names}


def test_no_function_is_there_twice():
    z = np.linspace(-6.1, 6.3, 40)
    names = [name for name in distinct_names() if name != "celu"]  # with alpha 1 that is the ELU
    values = np.stack([activation(name).function(z) for name in names])
    distances = np.abs(values[:, None] - values[None]).max(-1)
    assert (distances + np.eye(len(names)) > 1e-5).all()


def test_it_prints_in_columns():
    lines = str(ai.gains.table()).splitlines()
    assert lines[0].split() == ["name", "torch", *RULES]
    assert len({len(line) for line in lines}) == 1
    assert "selu          0.750000  1.000000  1.000000  0.966026" in lines
    assert repr(ai.gains.table(["relu"])) == str(ai.gains.table(["relu"]))
    html = ai.gains.table({"a < b": np.tanh})._repr_html_()
    assert "<td>a &lt; b</td><td>-</td><td>1.592537</td>" in html


def step(z):
    return np.where(z > 0, 1.0, 0.0)


def test_functions_and_names_of_your_own():
    table = ai.gains.table([np.tanh, "relu", step])
    assert [row.name for row in table.rows] == ["tanh", "relu", "step"]
    assert table["tanh"].torch is None
    assert table["tanh"].forward == ai.gain("tanh", rule="forward")
    assert table["step"].forward == pytest.approx(np.sqrt(2))
    assert table["step"].backward is None  # it jumps
    assert ai.gains.table({"mine": "gelu"})["mine"].forward == ai.gain("gelu")
    with pytest.raises(KeyError, match="relu6"):
        table["relu6"]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("relu", ParameterTypeError, "`activations` must be names or functions"),
        (3, ParameterTypeError, "`activations` must be names or functions"),
        (["relo"], ParameterError, "must be a callable or one of .*got 'relo'; try: 'r"),
        ([1.0], ParameterTypeError, "`nonlinearity` must be a name or a callable"),
        ([lambda z: 1 / z], ParameterError, "must be finite|must have a finite"),
        ([lambda z: z.sum()], ParameterError, "must keep the shape"),
        ([lambda z: z * 0], ParameterError, "above zero"),
    ],
)
def test_what_is_no_activation_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        ai.gains.table(given)
