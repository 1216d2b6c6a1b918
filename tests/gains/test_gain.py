"""Gains: torch's table, six decimals of every rule, closed forms, and the words of errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.gains.activations import activation, activation_names
from agnostic_init.gains.gain import check_gain_parameters, gain

RULES = ("forward", "centered", "backward")

# name, param, 1/sqrt(E f^2), 1/std f, 1/sqrt(E f'^2)
TABLE = [
    ("relu", None, 1.414214, 1.712859, 1.414214),
    ("leaky_relu", None, 1.414143, 1.704832, 1.414143),
    ("leaky_relu", 0.2, 1.386750, 1.546460, 1.386750),
    ("sigmoid", None, 1.846229, 4.801313, 4.722646),
    ("tanh", None, 1.592537, 1.592537, 1.467414),
    ("selu", None, 1.000000, 1.000000, 0.966026),
    ("elu", None, 1.245198, 1.270843, 1.223429),
    ("celu", None, 1.245198, 1.270843, 1.223429),
    ("softsign", None, 2.337533, 2.337533, 2.095781),
    ("gelu", None, 1.533530, 1.700926, 1.481114),
    ("gelu_tanh", None, 1.533581, 1.700917, 1.481168),
    ("silu", None, 1.676532, 1.787187, 1.623320),
    ("mish", None, 1.486848, 1.592025, 1.444755),
    ("softplus", None, 1.041867, 1.919126, 1.846229),
    ("relu_squared", None, 0.816497, 0.894427, 0.707107),
    ("hardswish", None, 1.736657, 1.813871, 1.670076),
    ("sin", None, 1.520867, 1.520867, 1.327251),
    ("identity", None, 1.0, 1.0, 1.0),
    ("quick_gelu", None, 1.539459, 1.709359, 1.491459),
    ("softshrink", None, 1.544361, 1.544361, 1.273008),
    ("squareplus", None, 0.816497, 1.926495, 1.859149),
    ("gaussian", None, 1.316074, 3.595581, 2.279507),
    ("cos", None, 1.327251, 2.237253, 1.520867),
    ("snake", None, 0.874581, 0.944716, 0.816542),
    ("prelu", None, 1.371989, 1.504610, 1.371989),
]


@pytest.mark.parametrize(("name", "param", "forward", "centered", "backward"), TABLE)
def test_six_decimals(
    name: str, param: float | None, forward: float, centered: float, backward: float
) -> None:
    found = [round(gain(name, param, rule=rule), 6) for rule in RULES]
    assert found == [forward, centered, backward]


TORCH_NAMES = [
    *("linear", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
]


@pytest.mark.parametrize("name", TORCH_NAMES)
def test_torch_table_is_that_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert gain(name) == torch.nn.init.calculate_gain(name)
    assert gain(name, rule="torch") == gain(name)


@pytest.mark.parametrize("param", [0, 0.0, 0.2, 1, math.sqrt(5), -0.5])
def test_leaky_relu_of_torch(param: float) -> None:
    torch = pytest.importorskip("torch")
    assert gain("leaky_relu", param) == torch.nn.init.calculate_gain("leaky_relu", param)


def test_torch_table_without_torch() -> None:
    assert gain("tanh") == 5 / 3
    assert gain("relu") == math.sqrt(2)
    assert gain("selu") == 0.75
    assert gain("sigmoid") == gain("linear") == gain("conv_transpose3d") == 1.0
    assert gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))


def test_no_rule_is_forward_for_what_torch_has_not() -> None:
    for name in ("gelu", "silu", "identity", "elu"):
        assert gain(name) == gain(name, rule="forward")
    assert gain(np.tanh) == gain("tanh", rule="forward") != gain("tanh")


@pytest.mark.parametrize("name", activation_names())
def test_values_alone_give_the_slopes_too(name: str) -> None:
    function = activation(name).function
    for rule in RULES:
        assert gain(function, rule=rule) == pytest.approx(gain(name, rule=rule), rel=1e-11)


@pytest.mark.parametrize("name", activation_names())
def test_derivatives_are_those_of_the_functions(name: str) -> None:
    z = np.linspace(-7.03, 7.01, 181)
    known = activation(name)
    steps = (known.function(z + 1e-5) - known.function(z - 1e-5)) / 2e-5
    np.testing.assert_allclose(known.derivative(z), steps, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "param"),
    [("elu", 0.5), ("celu", 2.0), ("leaky_relu", -0.3), ("snake", 0.5), ("softshrink", 1.25)],
)
def test_derivatives_with_a_param(name: str, param: float) -> None:
    function = activation(name, param).function
    for rule in RULES:
        with_param = gain(name, param, rule=rule)
        assert gain(function, rule=rule) == pytest.approx(with_param, rel=1e-11)
        assert with_param != pytest.approx(gain(name, rule=rule), rel=1e-3)


@pytest.mark.parametrize(
    "torch_name",
    ["GELU", "SiLU", "Mish", "Hardswish", "SELU", "CELU", "ELU", "PReLU", "Softshrink"],
)
def test_functions_are_those_of_torch(torch_name: str) -> None:
    torch = pytest.importorskip("torch")
    z = torch.linspace(-6, 6, 101, dtype=torch.float64)
    expected = getattr(torch.nn, torch_name)().double()(z).detach().numpy()
    found = activation(torch_name.lower()).function(z.numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_closed_forms_of_waves_and_bells() -> None:
    e2 = math.exp(-2)
    assert gain("cos") == pytest.approx(math.sqrt(2 / (1 + e2)), rel=1e-10)
    assert gain("cos", rule="backward") == gain("sin") == pytest.approx(math.sqrt(2 / (1 - e2)))
    assert gain("gaussian") == pytest.approx(3**0.25, rel=1e-10)  # E exp(-z^2) is 1 / sqrt(3)
    assert gain("squareplus") == pytest.approx(math.sqrt(2 / 3), rel=1e-10)
    slope = 2 * _tail(0.5)  # of the soft threshold at 1/2
    assert gain("softshrink", rule="backward") == pytest.approx(1 / math.sqrt(slope), rel=1e-10)
    z = np.linspace(-5, 5, 11)
    assert (activation("gelu_new").function(z) == activation("gelu_tanh").function(z)).all()


def _tail(c: float) -> float:
    return 0.5 * math.erfc(c / math.sqrt(2))


def _density(c: float) -> float:
    return math.exp(-0.5 * c * c) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("c", [0.0, 0.1, -0.123456789, math.pi / 3, -2.0, 3.3])
def test_kinks_and_jumps_anywhere(c: float) -> None:
    def hinge(z: np.ndarray) -> np.ndarray:
        return np.maximum(z - c, 0)

    square = (1 + c * c) * _tail(c) - c * _density(c)
    variance = square - (_density(c) - c * _tail(c)) ** 2
    assert gain(hinge) == pytest.approx(1 / math.sqrt(square), rel=1e-10)
    assert gain(hinge, rule="centered") == pytest.approx(1 / math.sqrt(variance), rel=1e-10)
    assert gain(hinge, rule="backward") == pytest.approx(1 / math.sqrt(_tail(c)), rel=1e-10)
    assert gain(lambda z: z > c) == pytest.approx(1 / math.sqrt(_tail(c)), rel=1e-10)


@pytest.mark.parametrize(
    ("function", "forward", "backward"),
    [
        (np.exp, math.exp(-1), math.exp(-1)),
        (lambda z: z**3, 1 / math.sqrt(15), 1 / math.sqrt(27)),
        (lambda z: np.sin(50 * z), math.sqrt(2), math.sqrt(2) / 50),
        (lambda z: 1e-90 * z, 1e90, 1e90),
    ],
)
def test_closed_forms(function: Callable[[Any], Any], forward: float, backward: float) -> None:
    assert gain(function) == pytest.approx(forward, rel=1e-11)
    assert gain(function, rule="backward") == pytest.approx(backward, rel=1e-9)


def test_an_offset_does_not_spoil_variance_and_slope() -> None:
    assert gain(lambda z: 1e6 + z, rule="centered") == pytest.approx(1.0, rel=1e-9)
    assert gain(lambda z: 1e3 + z, rule="backward") == pytest.approx(1.0, rel=1e-9)


def test_aliases() -> None:
    assert gain("swish") == gain("silu")
    assert gain("relu2") == gain("relu_squared")
    assert gain("identity") == gain("linear")
    assert gain("hard_tanh") == gain("hardtanh") != gain("hard_sigmoid") == gain("hardsigmoid")
    assert gain("hard_swish") == gain("hardswish")
    assert gain("log_sigmoid") == gain("logsigmoid")


def test_a_function_may_write_into_its_argument() -> None:
    def in_place(z: np.ndarray) -> np.ndarray:
        z *= 2
        return z

    assert gain(in_place) == pytest.approx(0.5, rel=1e-12)


def _noise(z: np.ndarray) -> np.ndarray:
    return np.random.default_rng().standard_normal(z.shape)


# function, rule, error, words
BAD_FUNCTIONS: list[tuple[Callable[[Any], Any], str, type[Exception], str]] = [
    (math.tanh, "forward", ParameterTypeError, "must take a float64 NumPy array (TypeError:"),
    (lambda z: max(0, z), "forward", ParameterTypeError, "numpy.vectorize(f)"),
    (lambda z: z.astype(np.float32), "forward", ParameterTypeError, "float64, not float32"),
    (lambda z: z * 1j, "forward", ParameterTypeError, "must return float64, not complex128"),
    (lambda _: None, "forward", ParameterTypeError, "must return float64, not object"),
    (lambda z: z.sum(), "forward", ParameterError, "must keep the shape (14,) and returned ()"),
    (lambda z: z[:-1], "forward", ParameterError, "must keep the shape (14,) and returned (13,)"),
    (lambda z: np.exp(z) / np.exp(z).sum(), "forward", ParameterError, "each element by itself"),
    (_noise, "forward", ParameterError, "the same every time"),
    (np.log, "forward", ParameterError, "must be finite on [-16, 16] and is not at -3"),
    (lambda z: np.exp(z**4), "forward", ParameterError, "must be finite on [-16, 16]"),
    (lambda z: np.exp(z * z / 4), "forward", ParameterError, "(it grows too fast)"),
    (lambda z: 1 / z, "forward", ParameterError, "no convergence: a singularity"),
    (lambda z: np.sin(1e7 * z), "forward", ParameterError, "too rough or too noisy"),
    (np.zeros_like, "forward", ParameterError, "must have E f(z)^2 above zero"),
    (lambda z: 0 * z + 1 / 3, "centered", ParameterError, "must have the variance of f(z) above"),
    (lambda z: 0 * z + 1 / 3, "backward", ParameterError, "must have E f'(z)^2 above zero"),
    (np.sign, "backward", ParameterError, "computable E f'(z)^2 for z ~ N(0, 1) (no convergence"),
    (lambda z: z + (z > 0.5), "backward", ParameterError, "no convergence"),
    (lambda z: z + 1e-3 * (z > 0), "backward", ParameterError, "a jump, or noise"),
]


@pytest.mark.parametrize(("function", "rule", "error", "words"), BAD_FUNCTIONS)
def test_bad_functions(
    function: Callable[[Any], Any], rule: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        gain(function, rule=rule)
    assert str(caught.value).startswith("`nonlinearity` must ")
    assert words in str(caught.value)


# nonlinearity, param, rule, error, words
BAD_PARAMETERS: list[tuple[Any, Any, Any, type[Exception], str]] = [
    ("gleu", None, None, ParameterError, "got 'gleu'; try: 'gelu'"),
    ("gleu", None, None, ParameterError, "`nonlinearity` must be a callable or one of celu, "),
    ("", None, None, ParameterError, "try: a callable on float64 NumPy arrays"),
    (3, None, None, ParameterTypeError, "`nonlinearity` must be a name or a callable, got 3"),
    (None, None, None, ParameterTypeError, "`nonlinearity` must be a name or a callable"),
    ("gelu", None, "torch", ParameterError, 'for rule="torch", got \'gelu\'; try: rule="forward"'),
    (np.tanh, None, "torch", ParameterError, 'for rule="torch"'),
    ("relu", None, "fan_in", ParameterError, "`rule` must be one of 'torch', 'forward'"),
    ("relu", 0.1, None, ParameterError, "`param` must be None for relu; only celu, elu, leaky"),
    (np.tanh, 0.1, None, ParameterError, "`param` must be None where `nonlinearity` is a callable"),
    ("leaky_relu", "0.1", None, ParameterTypeError, "`param` must be a number or None, got '0.1'"),
    ("leaky_relu", True, None, ParameterTypeError, "`param` must be a number or None, got True"),
    ("leaky_relu", math.nan, None, ParameterError, "`param` must be finite, got nan"),
    ("leaky_relu", 1e200, None, ParameterError, "`param` must be at most 1e+150 in magnitude"),
    ("celu", 0.0, None, ParameterError, "`param` must not be zero for celu, got 0.0"),
]


@pytest.mark.parametrize(("nonlinearity", "param", "rule", "error", "words"), BAD_PARAMETERS)
def test_bad_parameters_raise_when_checked_and_when_used(
    nonlinearity: Any, param: Any, rule: Any, error: type[Exception], words: str
) -> None:
    for call in (check_gain_parameters, gain):
        with pytest.raises(error) as caught:
            call(nonlinearity, param, rule=rule)
        assert words in str(caught.value)


def test_a_function_of_torch_is_told_how_to_be_one_of_numpy() -> None:
    torch = pytest.importorskip("torch")
    for function in (torch.relu, torch.nn.ReLU(), torch.nn.functional.gelu):
        with pytest.raises(ParameterTypeError, match=r"torch\.from_numpy\(z\)\)\.detach\(\)"):
            gain(function)
    assert gain(lambda z: torch.relu(torch.from_numpy(z)).detach().numpy()) == pytest.approx(
        gain("relu")
    )
