"""The exceptions of this package, and the one form that their messages take.

This is a leaf module: it imports nothing of the package, so that everything may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = [
    "AmbiguousLayoutError",
    "MissingExtraError",
    "ParameterError",
    "ParameterTypeError",
    "Wording",
    "check_choice",
    "inside",
    "must",
    "must_be_type",
    "not_imported",
    "within",
]


class ParameterError(ValueError):
    """A parameter has a value that no initializer can work with."""


class ParameterTypeError(TypeError):
    """A parameter has a type that no initializer can work with."""


class AmbiguousLayoutError(ParameterError):
    """The plausible layouts of a weight give different scales, and none was named."""


class MissingExtraError(ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self._of = what, extra
        super().__init__(
            f'{what} needs a package that is not installed; try: pip install "agnostic-init[{extra}]"',
            name=extra,
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), self._of  # else what another process raises could not be read here


class Wording(str):
    """What was got, said in words: a message shows it as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def must(name: str, rule: str, got: object, hint: str = "") -> ParameterError:
    """Build the error for a parameter of the right type and a wrong value.

    Examples
    --------
    >>> must("std", "must be positive", -1.0, "pass its absolute value")
    ParameterError('`std` must be positive, got -1.0; try: pass its absolute value')
    """
    return ParameterError(_message(name, rule, got, hint))


def must_be_type(name: str, rule: str, got: object, hint: str = "") -> ParameterTypeError:
    """Build the error for a parameter of a wrong type."""
    return ParameterTypeError(_message(name, rule, got, hint))


def check_choice(name: str, given: object, choices: Iterable[str], hint: str = "") -> None:
    """Raise unless a parameter is one of some strings.

    Examples
    --------
    >>> check_choice("mode", "fan", ("fan_in", "fan_out"))
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.ParameterError: `mode` must be one of 'fan_in', 'fan_out', got 'fan'
    """
    known = tuple(choices)
    # An array would compare itself with each of them, and a list has no hash.
    if not isinstance(given, str) or given not in known:
        error = must if isinstance(given, str) else must_be_type
        raise error(name, f"must be one of {', '.join(map(repr, known))}", given, hint)


def not_imported(error: ImportError, package: str, what: str, extra: str) -> ImportError:
    """Build the error for a package whose import failed: it is missing, or it is there and broken.

    Examples
    --------
    >>> cause = ModuleNotFoundError("No module named 'cupy'", name="cupy")
    >>> not_imported(cause, "cupy", "The array library cupy", "cupy")
    MissingExtraError('The array library cupy needs a package that is not installed; try: pip ...
    >>> cause = ImportError("libnvrtc.so.13: cannot open shared object file")
    >>> not_imported(cause, "cupy", "The array library cupy", "cupy")
    ImportError('The array library cupy needs cupy, which is installed and cannot be imported: ...
    """
    if isinstance(error, ModuleNotFoundError) and error.name == package:
        return MissingExtraError(what, extra)
    message = f"{what} needs {package}, which is installed and cannot be imported: {error}"
    return ImportError(message, name=package)


@contextmanager
def within(place: str) -> Iterator[None]:
    """Say where a parameter stands in the messages of the errors that are raised inside.

    Examples
    --------
    >>> with within("wte.weight"):
    ...     raise must("std", "must be positive", -1.0)
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.ParameterError: wte.weight: `std` must be positive, got -1.0
    """
    try:
        yield
    except (ParameterError, ParameterTypeError) as error:
        raise inside(error, place) from None


def inside(
    error: ParameterError | ParameterTypeError, place: str
) -> ParameterError | ParameterTypeError:
    """The same error, with the place where the parameter stands."""
    return type(error)(f"{place}: {error}")


def _message(name: str, rule: str, got: object, hint: str) -> str:
    try:
        shown = repr(got)
    except ValueError:  # it has an integer of more digits than Python writes
        shown = f"a huge {type(got).__name__}"
    if len(shown) > 200:
        shown = shown[:197] + "..."
    return f"`{name}` {rule}, got {shown}" + (f"; try: {hint}" if hint else "")
