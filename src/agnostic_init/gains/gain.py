"""The gain of an activation function: the factor that keeps a signal at unit size through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from agnostic_init.arrays.errors import check_choice, must, must_be_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agnostic_init.gains.activations import Activation

__all__ = ["GAIN_RULES", "TORCH_NAMES", "check_gain_parameters", "gain"]

Array: TypeAlias = "NDArray[np.float64]"
Function: TypeAlias = "Callable[[Array], Array]"

#: The rules that a gain may follow.
GAIN_RULES = ("torch", "forward", "centered", "backward")

_TORCH_LINEAR = ("linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)))
_TORCH_TABLE = {
    **dict.fromkeys(_TORCH_LINEAR, 1.0),
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3 / 4,
}
TORCH_NAMES = (*_TORCH_TABLE, "leaky_relu")
_MOST_PARAM = 1e150  # its square is still a float


def gain(
    nonlinearity: str | Callable[[Any], Any],
    param: float | None = None,
    *,
    rule: str | None = None,
) -> float:
    """Return the gain of an activation function f.

    Parameters
    ----------
    nonlinearity
        The name of an activation, or any function that maps a float64 NumPy array elementwise.
    param
        The slope of ``leaky_relu`` (0.01 by default) and ``prelu`` (0.25), the alpha of ``elu`` and
        ``celu`` (1), the threshold of ``softshrink`` (0.5), the frequency of ``snake`` (1).
    rule
        ``"torch"`` is the table of `torch.nn.init.calculate_gain`, under its names.
        ``"forward"`` keeps the second moment, 1/sqrt(E f(z)^2) with z ~ N(0, 1); ``"centered"``
        keeps the variance, 1/std f(z); ``"backward"`` keeps the second moment of the gradient,
        1/sqrt(E f'(z)^2). The default is ``"torch"`` for a name in its table and ``"forward"`` for
        everything else.

    Returns
    -------
    float
        The value of the table, or a value by quadrature, right to at least nine digits.

    Raises
    ------
    ParameterError
        If the name or the rule is unknown, or the expectation is zero, infinite or not found.
    ParameterTypeError
        If the function does not take or return a float64 array.

    Notes
    -----
    The forward rule is [1]_, equation 10, which has 1/2 for E f(z)^2 of the ReLU; the backward rule
    is its equation 14. The centered rule is that of scaled weight standardization, [2]_. Torch's
    table mixes them: 5/3 for tanh and 3/4 for SELU were found by trial, and the 1 for the sigmoid
    keeps no moment at all.

    A gated unit, as SwiGLU and GEGLU, ``f(z1) z2`` of independent inputs, has the forward gain of f.
    `agnostic_init.gains.table` has all of these side by side.

    A function without a name is differentiated numerically, and its kinks are found. Features
    narrower than some 0.01 may go unseen.

    .. [1] He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852.
    .. [2] Brock, De, Smith, "Characterizing signal propagation to close the performance gap in
       unnormalized ResNets", ICLR 2021, arXiv:2101.08692.

    Examples
    --------
    >>> gain("tanh")
    1.6666666666666667
    >>> round(gain("tanh", rule="forward"), 6)
    1.592537
    >>> round(gain("gelu"), 6)
    1.53353
    >>> round(gain(lambda z: np.maximum(z, 0) ** 2, rule="centered"), 6)
    0.894427
    """
    checked = check_gain_parameters(nonlinearity, param, rule=rule)
    if isinstance(nonlinearity, str):
        return _named_gain(nonlinearity, *checked)
    function = _checked(nonlinearity)
    return _by_quadrature(nonlinearity, function, None, checked[1])


def check_gain_parameters(
    nonlinearity: str | Callable[[Any], Any],
    param: float | None = None,
    *,
    rule: str | None = None,
) -> tuple[float | None, str]:
    """Raise for every mistake in these parameters that shows before the function is called.

    Returns
    -------
    tuple
        `param` as a float, and the rule that None stands for.
    """
    if rule is not None:
        check_choice("rule", rule, GAIN_RULES, "rule=None for the usual one")
    if param is not None:
        if isinstance(param, bool) or not isinstance(param, (int, float, np.number)):
            raise must_be_type("param", "must be a number or None", param)
        param = float(param)
        if not math.isfinite(param):
            raise must("param", "must be finite", param)
        if abs(param) > _MOST_PARAM:
            raise must("param", f"must be at most {_MOST_PARAM:g} in magnitude", param)
    if isinstance(nonlinearity, str):
        in_table = nonlinearity in TORCH_NAMES
        if not in_table or (param is not None and nonlinearity in _TORCH_TABLE):
            _activation(nonlinearity, param)
    elif callable(nonlinearity):
        in_table = False
        if param is not None:
            hint = "functools.partial(...) to bind it"
            raise must("param", "must be None where `nonlinearity` is a callable", param, hint)
    else:
        raise must_be_type("nonlinearity", "must be a name or a callable", nonlinearity)
    if rule == "torch" and not in_table:
        names = ", ".join(TORCH_NAMES)
        rule_text = f'must be one of {names} for rule="torch"'
        raise must("nonlinearity", rule_text, nonlinearity, 'rule="forward"')
    return param, rule or ("torch" if in_table else "forward")


@lru_cache(maxsize=256)
def _named_gain(name: str, param: float | None, rule: str) -> float:
    if rule != "torch":
        named = _activation(name, param)
        return _by_quadrature(name, named.function, named.derivative, rule)
    if name == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    return _TORCH_TABLE[name]


def _activation(name: str, param: float | None) -> Activation:
    """The activation of a name, which few gains need: most are in torch's table."""
    from agnostic_init.gains.activations import activation

    return activation(name, param)


def _by_quadrature(shown: object, f: Function, slope: Function | None, rule: str) -> float:
    # Not at the top: it imports NumPy's polynomials, which the gain of a ReLU does not need.
    from agnostic_init.gains.quadrature import NotIntegrableError, mean, mean_square_slope

    square, what = 0.0, "E f(z)^2"
    try:
        with np.errstate(all="ignore"):
            moment = square = mean(lambda z: np.square(f(z)))
            if rule == "centered":
                what = "the variance of f(z)"
                center = mean(f)
                moment = mean(lambda z: np.square(f(z) - center))
            elif rule == "backward":
                what = "E f'(z)^2"
                moment = (
                    mean_square_slope(f) if slope is None else mean(lambda z: np.square(slope(z)))
                )
    except NotIntegrableError as error:
        text = f"must have a finite and computable {what} for z ~ N(0, 1) ({error})"
        raise must("nonlinearity", text, shown) from None
    # A variance that is pure rounding is that of a constant.
    if moment <= 1e-20 * square:
        text = f'must have {what} above zero for rule="{rule}"'
        raise must("nonlinearity", text, shown, "an activation that is not constant")
    return 1 / math.sqrt(moment)


def _checked(function: Callable[[Any], Any]) -> Function:
    def checked(z: Array) -> Array:
        try:
            values = np.asarray(function(z.copy()))
        except Exception as error:
            text = f"must take a float64 NumPy array ({type(error).__name__}: {error})"
            hint = "numpy.vectorize(f) for a function of one float, or the name of the activation"
            if "Tensor" in str(error):
                hint = "lambda z: f(torch.from_numpy(z)).detach().numpy() for a function of torch"
            raise must_be_type("nonlinearity", text, function, hint) from error
        if values.dtype.kind not in "biu" and values.dtype != np.float64:
            text = f"must return float64, not {values.dtype}"
            hint = "compute in float64, or give the name of the activation"
            raise must_be_type("nonlinearity", text, function, hint)
        if values.shape != z.shape:
            text = f"must keep the shape {z.shape} and returned {values.shape}"
            raise must(
                "nonlinearity", text, function, "a function that maps each element by itself"
            )
        if not np.isfinite(values).all():
            where = float(z[~np.isfinite(values)][0])
            text = f"must be finite on [-16, 16] and is not at {where:.6g}"
            raise must("nonlinearity", text, function)
        return values.astype(np.float64)

    probe = np.linspace(-3.0, 3.0, 14)
    with np.errstate(all="ignore"):
        together, apart = checked(probe)[:5], checked(probe[:5])
    if not np.allclose(together, apart, rtol=1e-9, atol=1e-12):
        text = "must map each element by itself and give the same every time"
        raise must("nonlinearity", text, function)
    return checked
