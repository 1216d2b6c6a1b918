"""An activation function and its slope, on arrays of any library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.values import Value
from agnostic_init.gains.activations import activation as named_activation
from agnostic_init.gains.activations import activation_names
from agnostic_init.study.on_arrays import ON_ARRAYS

__all__ = ["Nonlinearity", "nonlinearity"]

Function = Callable[[Any], Any]
STEP = 1e-5  # of the difference quotient in float64, which errs by some 1e-10


class Nonlinearity(Value):
    """An activation function: its values and slopes, on the host and on arrays of any library.

    Attributes
    ----------
    name
        What it is called.
    function, derivative
        Of a float64 array of NumPy's.
    """

    name: str
    function: Function
    derivative: Function

    def value(self, z: Any) -> Any:
        """The function of an array, on its library and device; computed by the host where that must be."""
        return self._on_array(z, 0, self.function)

    def slope(self, z: Any) -> Any:
        """The derivative at each element of an array."""
        return self._on_array(z, 1, self.derivative)

    def _on_array(self, z: Any, which: int, by_host: Function) -> Any:
        library = library_of(z)
        if self.name in ON_ARRAYS:
            return ON_ARRAYS[self.name][which](library.xp, z)
        return _by_way_of_host(by_host, z, library)


def _by_way_of_host(function: Function, z: Any, library: Library) -> Any:
    host = np.asarray(library.to_host(z))
    with np.errstate(all="ignore"):
        made = np.asarray(function(host.astype(np.float64))).astype(host.dtype)
    return library.from_host(made, library.device_of(z))


def nonlinearity(given: Any, name: str = "activation") -> Nonlinearity:
    """Find the activation function that a user means.

    Parameters
    ----------
    given
        A name that `agnostic_init.gain` knows, or a function that maps a float64 array of NumPy's
        element by element, which is differentiated numerically.
    name
        What it is called in messages.

    Raises
    ------
    ParameterError, ParameterTypeError
        If it is neither, or does not do that.

    Examples
    --------
    >>> import numpy as np
    >>> nonlinearity("relu").slope(np.asarray([-1.0, 2.0])).tolist()
    [0.0, 1.0]
    >>> cube = nonlinearity(lambda z: z**3)
    >>> np.round(cube.slope(np.asarray([2.0])), 6).tolist()
    [12.0]
    """
    if isinstance(given, Nonlinearity):
        return given
    if isinstance(given, str):
        if given not in activation_names():
            import difflib

            close = difflib.get_close_matches(given, activation_names(), n=1)
            hint = repr(close[0]) if close else "a callable on float64 NumPy arrays"
            rule = f"must be a callable or one of {', '.join(activation_names())}"
            raise must(name, rule, given, hint)
        found = named_activation(given)
        return Nonlinearity(given, found.function, found.derivative)
    if isinstance(given, type) or not callable(given):
        hint = "'relu', or lambda z: np.maximum(z, 0)"
        raise must_be_type(name, "must be a name or a function of an array", given, hint)
    _check(given, name)
    called = getattr(given, "__name__", type(given).__name__)
    return Nonlinearity(
        "a function" if called == "<lambda>" else f"{called} of the caller",
        given,
        lambda z: (np.asarray(given(z + STEP)) - np.asarray(given(z - STEP))) / (2 * STEP),
    )


def _check(given: Function, name: str) -> None:
    probe = np.linspace(-3.0, 3.0, 14)
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(given(probe.copy()))
    except Exception as error:
        rule = f"must take a float64 NumPy array ({type(error).__name__}: {error})"
        hint = "numpy.vectorize(f) for a function of one float, or the name of the activation"
        raise must_be_type(name, rule, given, hint) from error
    if values.dtype.kind not in "biuf":
        raise must_be_type(name, f"must return real numbers, not {values.dtype}", given)
    if values.shape != probe.shape:
        rule = f"must keep the shape {probe.shape} and returned {values.shape}"
        raise must(name, rule, given, "a function that maps each element by itself")
    if not np.isfinite(values).all():
        where = float(probe[~np.isfinite(values)][0])
        raise must(name, f"must be finite on [-3, 3] and is not at {where:.6g}", given)
