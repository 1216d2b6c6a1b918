"""Where an array is to be made: library, dtype and device, of `like=`, `xp=`, `dtype=`, `device=`."""

from __future__ import annotations

import functools
import types
from typing import Any

from agnostic_init.arrays.errors import (
    ParameterTypeError,
    Wording,
    must,
    must_be_type,
    not_imported,
)
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.values import Record

__all__ = [
    "BACKENDS",
    "Target",
    "backend",
    "check_readable",
    "in_chunks",
    "library_of",
    "resolve",
]

#: The array libraries that have a file in ``libraries/``, and of each the extra that installs it.
BACKENDS = {
    "numpy": "",
    "torch": "torch",
    "cupy": "cupy",
    "jax": "jax",
    "dask": "dask",
    "array_api_strict": "strict",
}
#: Packages whose arrays are another's.
OF_PACKAGE = {name: name for name in BACKENDS} | {"jaxlib": "jax", "ml_dtypes": "numpy"}
#: What is asked of a namespace that nothing is known of.
NEEDED = ("arange", "asarray", "astype", "empty", "float32", "full", "reshape", "uint32", "where")
OF_TYPE: dict[type, Library] = {}
MOST_TYPES = 1000  # as types may be made without end


class Target(Record):
    """A library with the dtype and the device of the array to be made."""

    library: Library
    dtype: str
    device: Any
    like: Any = None


def resolve(
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    shape: tuple[int, ...] | None = None,
) -> Target:
    """Decide the library, dtype and device of a new array.

    Parameters
    ----------
    like
        An array whose library, dtype and device are taken, unless `dtype` or `device` say otherwise.
    xp
        An array API namespace or an array library's module, instead of `like`; None for NumPy.
    dtype
        A dtype of any library, or its name; by default float32, or torch's default dtype.
    device
        A device of that library.
    shape
        Of the array. A sharding of JAX may not fit it: an error, or, where it is that of `like`,
        the array is whole on all of its devices.

    Raises
    ------
    ParameterError
        If both `like` and `xp` are given, or the dtype or the device is not one of the library's.
    ParameterTypeError
        If `like` is not an array, or one that new arrays cannot be like, or `xp` not an array library.
    """
    if like is not None and xp is not None:
        raise must("like", "must not be given together with `xp`", like, "either of them alone")
    library = library_of(like) if like is not None else _library_of_namespace(xp)
    if dtype is None:
        name = library.dtype_name(like.dtype) if like is not None else library.default_dtype()
    else:
        from agnostic_init.arrays.dtype_names import name_of

        name = name_of(dtype)
    library.dtype(name)
    if device is None and like is not None:
        if shape is not None:
            library.check_like(like)
        place = library.device_of(like)
    else:
        place = library.device(device)
    if shape is not None:
        place = library.fitted(place, shape, "like" if device is None else "device")
    return Target(library, name, place, like)


def in_chunks(target: Target, chunks: Any, shape: tuple[int, ...]) -> Target:
    """The target of an array that is to have `chunks`; None for those of `like`, or automatic ones."""
    if chunks is None:
        return target
    if not target.library.lazy:
        rule = "must be given for Dask alone, whose arrays have chunks"
        raise must("chunks", rule, chunks, "xp=dask.array")
    return target._replace(like=target.library.chunked(shape, chunks, target.dtype))


def library_of(array: Any) -> Library:
    """The library of an array."""
    found = OF_TYPE.get(type(array))
    return found if found is not None else _find(array)


def check_readable(name: str, rule: str, value: Any) -> None:
    """Raise that a parameter `rule` if it is an array without values to read; what is none passes."""
    if hasattr(type(value), "shape") and type(value).__module__.partition(".")[0] != "numpy":
        try:
            library = library_of(value)
        except ParameterTypeError:
            return
        if not library.readable(value):
            hint = "an array that has been made, as by to_empty and a fill"
            got = Wording(f"a {type(value).__name__} without values")
            raise must_be_type(name, rule, got, hint)


def _find(array: Any) -> Library:
    kind = type(array)
    for each in kind.__mro__:
        name = OF_PACKAGE.get(each.__module__.partition(".")[0])
        if name is not None and backend(name).has(array):
            if len(OF_TYPE) < MOST_TYPES:
                OF_TYPE[kind] = backend(name)
            return backend(name)
    own = getattr(array, "library", None)
    if isinstance(own, Library):  # of a part of an array, which knows that array's
        return own
    if not hasattr(array, "__array_namespace__"):
        rule = "must be an array of a supported library"
        raise must_be_type("like", rule, array, "xp= for the library, or numpy.asarray(like)")
    return _library_of_namespace(array.__array_namespace__())


@functools.lru_cache(maxsize=len(BACKENDS))
def backend(name: str) -> Library:
    """The library of a name: one of `BACKENDS`."""
    if name not in BACKENDS:
        raise must("xp", f"must be one of {', '.join(BACKENDS)}", name)
    try:
        return _made(name)
    except ImportError as error:
        what = f"The array library {name}"
        raise not_imported(error, name, what, BACKENDS[name]) from error


def _made(name: str) -> Library:
    # Each by a statement of its own, which tools that bundle a program find.
    if name == "numpy":
        from agnostic_init.arrays.libraries.numpy import Library as NumPy

        return NumPy()
    if name == "torch":
        from agnostic_init.arrays.libraries.torch import Library as Torch

        return Torch()
    if name == "cupy":
        from agnostic_init.arrays.libraries.cupy import Library as CuPy

        return CuPy()
    if name == "jax":
        from agnostic_init.arrays.libraries.jax import Library as Jax

        return Jax()
    if name == "dask":
        from agnostic_init.arrays.libraries.dask import Library as Dask

        return Dask()
    from agnostic_init.arrays.libraries.array_api_strict import Library as Strict

    return Strict()


def _library_of_namespace(xp: Any) -> Library:
    if xp is None:
        return backend("numpy")
    if isinstance(xp, str):
        return backend(xp)
    rule = "must be an array API namespace or the module of an array library"
    if not isinstance(xp, types.ModuleType) and not hasattr(xp, "__array_api_version__"):
        raise must_be_type("xp", rule, xp, "xp=numpy, xp=torch or xp=cupy")
    parts = getattr(xp, "__name__", type(xp).__name__).split(".")
    wrapped = "array_api_compat" in parts[:-1]  # its own, or one that is vendored somewhere
    root = parts[parts.index("array_api_compat") + 1] if wrapped else parts[0]
    if root in OF_PACKAGE:
        return backend(OF_PACKAGE[root])
    missing = [name for name in NEEDED if not hasattr(xp, name)]
    if missing:
        name = getattr(xp, "__name__", "it")
        hint = f"xp=numpy, and what {name} makes of an array of NumPy's"
        raise must_be_type("xp", f"{rule}, and {name} has no {missing[0]}", xp, hint)
    return _unknown(xp)


@functools.lru_cache(maxsize=32)
def _unknown(xp: Any) -> Library:
    return Library(xp)
