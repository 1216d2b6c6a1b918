"""Functions of arrays of any library, which say themselves what their layers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.key import Key
from agnostic_init.calibration.layer import Layer, Visit
from agnostic_init.calibration.method import Method
from agnostic_init.calibration.moments import Moments, moments_of
from agnostic_init.initializers.base import Initializer

__all__ = ["Function"]


class Function:
    """A function of a batch and of what calls its layers.

    Parameters
    ----------
    function
        Called as ``function(batch, layer)``.
    batch
        What it is given.
    parameters
        Its arrays by name.
    method
        The method.
    """

    def __init__(self, function: Any, batch: Any, parameters: Any, method: Method) -> None:
        if not isinstance(parameters, Mapping):
            rule = "must be a mapping of names to arrays, where the model is a function"
            raise must_be_type("parameters", rule, parameters, "{'0.weight': weight}")
        self.function, self.batch, self.method = function, batch, method
        self.parameters = dict(parameters)
        self.given = dict(parameters)
        self.found: dict[str, _Layer] = {}
        self.visit: Visit | None = None

    @property
    def layers(self) -> list[Layer]:
        """Those that were called."""
        return list(self.found.values())

    @property
    def others(self) -> list[str]:
        """The names of matrices that no layer has."""
        return [
            name
            for name, array in self.given.items()
            if name not in self.found and getattr(array, "ndim", 0) > 1
        ]

    def layout_of(self, layer: Layer) -> tuple[str | None, int]:
        """Not known; two axes need none."""
        return None, 1

    def run(self, visit: Visit) -> None:
        """A pass."""
        self.visit = visit
        try:
            self.function(self.batch, self.layer)
        finally:
            self.visit = None

    def layer(
        self,
        function: Callable[..., Any],
        weight: str,
        bias: str | None = None,
        *,
        axis: int | None = None,
        channels: int = -1,
    ) -> Any:
        """What a function calls its layers by."""
        if self.visit is None:
            rule = "must be called while the function runs that it was given to"
            raise must("layer", rule, weight)
        known = self.found.get(weight)
        if known is None:
            known = self.found[weight] = self._found(weight, bias, axis, channels)
        if (bias, axis, channels) != (known.bias, known.given_axis, known.channels):
            rule = "must have the same bias and axes at each call"
            raise must("layer", rule, (weight, bias, axis, channels))

        def again() -> Any:
            arrays = [self.parameters[name] for name in (weight, bias) if name is not None]
            return function(*arrays)

        return self.visit(known, again(), again)

    def _found(self, weight: str, bias: str | None, axis: int | None, channels: int) -> _Layer:
        given: tuple[tuple[Any, str], ...] = ((weight, "weight"), (bias, "bias"))
        for name, of in given:
            if name is not None and (not isinstance(name, str) or name not in self.given):
                known = ", ".join(map(repr, list(self.given)[:5]))
                raise must(of, f"must be the name of a parameter, such as {known}", name)
            if name is not None and not hasattr(self.given[name], "dtype"):
                rule = f"must have arrays, and has none for {name!r}"
                raise must_be_type("parameters", rule, self.given[name])
        made = _Layer(self, weight, bias, axis, channels)
        if self.method.by_channel and axis is None and not made.sizes:
            rule = f"must be given for {weight!r}, whose channels get factors of their own"
            raise must("axis", rule, axis, "layer(..., axis=-1), the axis of the outputs")
        array = self.given[weight]
        same = [n for n, each in self.given.items() if each is array and n != weight]
        if same:
            made.left = f"it is the same array as {same[0]!r}"
        return made


class _Layer(Layer):
    """Of a function: its arrays are replaced, and never written."""

    def __init__(
        self, model: Function, weight: str, bias: str | None, axis: int | None, channels: int
    ) -> None:
        array = model.given[weight]
        library = library_of(array)
        self.sizes = model.method.normalized or array.ndim < 2
        super().__init__(
            weight, "function", 0 if axis is None and self.sizes else axis, channels, 1
        )
        self.given_axis = axis
        self.model, self.bias = model, bias
        self.dtype = library.dtype_name(array.dtype)
        if self.dtype not in DTYPES or DTYPES[self.dtype].kind not in ("float", "complex"):
            raise must_be_type("parameters", f"must have floats for {weight!r}", self.dtype)
        self.origin = model.given[weight], [] if bias is None else [model.given[bias]]

    @property
    def centres(self) -> bool:
        return self.bias is not None

    def originals(self) -> tuple[Any, list[Any]]:
        return self.origin

    def write(self, weight: Any, biases: list[Any]) -> None:
        self.model.parameters[self.name] = weight
        if self.bias is not None:
            self.model.parameters[self.bias] = biases[0]

    def start(self, init: Initializer, key: Key) -> None:
        weight, biases = self.origin
        drawn = init(tuple(weight.shape), key=key.fold_in(self.name), like=weight)
        self.origin = drawn, [library_of(bias).xp.zeros_like(bias) for bias in biases]
        self.write(*self.origin)

    def restore(self) -> None:
        given = self.model.given
        self.write(given[self.name], [] if self.bias is None else [given[self.bias]])

    def moments(self, outputs: Any) -> Moments:
        with within(f"outputs of {self.name!r}"):
            made = moments_of(outputs, self.channels)
            next(iter(library_of(outputs).counted(outputs)), None)  # an error if it is traced
        return made.on_host()
