"""Which calls of torch draw random numbers or fill a tensor, and what each would fill it with."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import torch

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError, must
from agnostic_init.compat.torch_init.elementwise import normal_of, uniform_of
from agnostic_init.compat.torch_init.meanings import FILLING, FIXED, IN_PLACE, Meaning
from agnostic_init.compat.torch_init.own_draws import UNNAMED, WITH_GENERATOR
from agnostic_init.initializers.base import Initializer

__all__ = ["MAKING", "Call", "recognized"]

Function = Callable[..., Any]


def _itself(made: Any) -> Any:
    return made


FIELDS = (
    "name",
    "function",
    "args",
    "kwargs",
    "of_init",
    "random",
    "initializer",
    "tensor",
    "generator",
    "make",
    "after",
)


class Call:
    """One call of a function of torch that draws, or that is one of ``torch.nn.init``.

    Attributes
    ----------
    name
        Of the function, without an overload's: "xavier_uniform_", "normal_", "randn", "dropout".
    function, args, kwargs
        The call as it was made.
    of_init
        Whether it is one of ``torch.nn.init``, or named as one, as guards of these are.
    random
        Whether it may draw; not so "zeros_", "eye_" and their like of ``torch.nn.init``.
    initializer
        What it fills a tensor with; None where there is no initializer of that distribution, and
        for a tensor without elements.
    tensor
        What it writes, be it a parameter, its ``.data``, or a view of either; None where it makes
        a tensor.
    generator
        The one that the caller gave, or None.
    make
        Of a function that makes a tensor and has an initializer: makes the tensor without values.
    after
        What becomes of the tensor when it has the initializer's values: another, or itself.
    """

    __slots__ = FIELDS

    def __init__(
        self,
        name: str,
        function: Function,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        of_init: bool = False,
        random: bool = True,
        initializer: Initializer | None = None,
        tensor: Any = None,
        generator: Any = None,
        make: Callable[[], Any] | None = None,
        after: Callable[[Any], Any] = _itself,
    ) -> None:
        self.name = name
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.of_init = of_init
        self.random = random
        self.initializer = initializer
        self.tensor = tensor
        self.generator = generator
        self.make = make
        self.after = after

    def replaced(self, **changes: Any) -> Call:
        """The same with other values of some attributes."""
        return Call(**{name: getattr(self, name) for name in FIELDS} | changes)

    def original(self) -> Any:
        """Call torch's function, as it was called."""
        return self.function(*self.args, **self.kwargs)


IN_PLACE_OF = {"rand": "uniform_", "randn": "normal_"}
PRIVATE = "_no_grad_"  # what torch puts before the name of the half that does the work


def _given(generator: Any) -> Any:
    """The generator of a call; torch's default ones are what is meant by none."""
    if isinstance(generator, torch.Generator) and any(
        generator is each for each in (torch.default_generator, *torch.cuda.default_generators)
    ):
        return None
    return generator


def _check_whole(name: str) -> None:
    """Refuse to draw what a process holds of a new DTensor, as if it were the whole of one."""
    if "torch.distributed.tensor" not in sys.modules:
        return
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "_dtensor_init_helper":
            given = f"torch.distributed.tensor.{name}"
            hint = f"torch.distributed.tensor.empty(...), and {IN_PLACE_OF[name]}() of it"
            raise must("function", "must not draw part by part in a block", given, hint)
        frame = frame.f_back


def _without_generator(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name != "generator"}


def _made(empty: Function, init: Initializer) -> Function:
    """The reader of a function that makes a tensor of the sizes, or like the one, it is given."""

    def read(name: str, function: Function, args: Any, kwargs: Mapping[str, Any]) -> Call:
        _check_whole(name)
        options = _without_generator(kwargs)
        like = args[0] if args and isinstance(args[0], torch.Tensor) else options.get("input")
        dtype = options.get("dtype") or getattr(like, "dtype", None) or torch.get_default_dtype()
        # Torch's complex uniforms are a square of the plane, and no initializer is.
        known = not (dtype.is_complex and "rand" in name and "randn" not in name)
        return Call(
            name,
            function,
            args,
            kwargs,
            initializer=init if known else None,
            generator=_given(kwargs.get("generator")),
            make=(lambda: empty(*args, **options)) if known else None,
        )

    return read


def _normal(name: str, function: Function, args: Any, kwargs: Mapping[str, Any]) -> Call:
    """``torch.normal``, of numbers and a size, or of tensors, or of one of each."""
    given = dict(zip(("mean", "std", "size"), args, strict=False)) | dict(kwargs)
    generator, out = given.pop("generator", None), given.get("out")
    mean, std, size = given.pop("mean", 0.0), given.pop("std", 1.0), given.pop("size", None)
    tensors = [each for each in (mean, std) if isinstance(each, torch.Tensor)]
    common = {"generator": _given(generator), "name": name, "function": function}
    if size is not None or not tensors:
        return Call(
            **common,
            args=args,
            kwargs=kwargs,
            initializer=normal_of(mean, std),
            make=lambda: torch.empty(size, **given),
        )
    shape = torch.broadcast_shapes(*(each.shape for each in tensors))

    def after(made: Any) -> Any:
        with torch.no_grad():
            values = made * std + mean
            return values if out is None else out.resize_(shape).copy_(values)

    return Call(
        **common,
        args=args,
        kwargs=kwargs,
        initializer=normal_of(),
        make=lambda: torch.empty(shape, dtype=tensors[0].dtype, device=tensors[0].device),
        after=after,
    )


#: Functions that make a tensor of random values which have an initializer.
MAKING: dict[str, Function] = {
    "rand": _made(torch.empty, uniform_of()),
    "randn": _made(torch.empty, normal_of()),
    "rand_like": _made(torch.empty_like, uniform_of()),
    "randn_like": _made(torch.empty_like, normal_of()),
    "normal": _normal,
}


#: All names of methods and operators that draw.
DRAWING = frozenset((*IN_PLACE, *MAKING, *WITH_GENERATOR, *UNNAMED))


def recognized(
    function: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, meant: bool = True
) -> Call | None:
    """The record of a call, or None of one that is none of these.

    Parameters
    ----------
    function, args, kwargs
        The call.
    meant
        Whether the record is to have the initializer of what is written in place.

    Raises
    ------
    ParameterError
        If the function would fill a tensor with what there is not, as with a negative std.
    """
    name = getattr(function, "__name__", "")
    if type(function) is types.FunctionType:
        if str(function.__module__).startswith("agnostic_init."):
            return None
        name = name.removeprefix(PRIVATE)
        if name in FILLING:
            return _filling(name, FILLING[name] if meant else _named, function, args, kwargs)
        return Call(name, function, args, kwargs) if name in UNNAMED else None
    if "." in name:
        name = name.partition(".")[0]  # of an operator's overload
    if name not in DRAWING:
        return None
    if name in IN_PLACE and not (name == "uniform_" and args and args[0].is_complex()):
        return _filling(name, IN_PLACE[name] if meant else _named, function, args, kwargs)
    if name in MAKING:
        made: Call = MAKING[name](name, function, args, kwargs)
        return made
    if name in WITH_GENERATOR or name in UNNAMED:
        tensor = args[0] if name.endswith("_") and args else None
        return Call(
            name, function, args, kwargs, tensor=tensor, generator=_given(kwargs.get("generator"))
        )
    return None


def _named(tensor: Any, *_: Any, generator: Any = None, **__: Any) -> Meaning:
    """The tensor of a call and its generator, if that is named."""
    return tensor, None, generator


def _filling(
    name: str, meaning: Function, function: Function, args: Any, kwargs: Mapping[str, Any]
) -> Call | None:
    try:
        tensor, init, generator = meaning(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, ParameterError | ParameterTypeError):
            raise
        return None  # another function of that name
    return Call(
        name,
        function,
        args,
        kwargs,
        of_init=isinstance(function, types.FunctionType),
        random=name not in FIXED,
        initializer=init,
        tensor=tensor,
        generator=_given(generator),
    )
