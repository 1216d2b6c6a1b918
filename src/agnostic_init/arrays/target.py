"""Where an array is to be made: library, dtype and device, of `like=`, `xp=`, `dtype=`, `device=`."""

from __future__ import annotations

import functools
import importlib
import types
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import name_of
from agnostic_init.arrays.errors import must, must_be_type, not_imported

__all__ = ["BACKENDS", "Target", "backend", "library_of", "resolve"]

# Of each library: the namespace that follows the standard, and the extra that installs it. That of
# NumPy takes long to import, and is left to the few that use it.
BACKENDS = {
    "numpy": ("numpy", ""),
    "torch": ("array_api_compat.torch", "torch"),
    "cupy": ("array_api_compat.cupy", "cupy"),
    "jax": ("jax.numpy", "jax"),
    "dask": ("array_api_compat.dask.array", "dask"),
    "array_api_strict": ("array_api_strict", "strict"),
}
NAMESPACES = {"jaxlib": "jax", "ml_dtypes": "numpy"}


@dataclass(frozen=True, slots=True)
class Target:
    """A library with the dtype and the device of the array to be made."""

    library: Any
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


def library_of(array: Any) -> Any:
    """The library of an array."""
    if type(array) is np.ndarray:
        return _library_of_namespace(None)
    import array_api_compat

    try:
        namespace = array_api_compat.array_namespace(array)
    except TypeError:
        if f"{type(array).__module__}.{type(array).__name__}" == "jax.ShapeDtypeStruct":
            return backend("jax")  # it has the shape, dtype and sharding of an array
        raise must_be_type("like", "must be an array of a supported library", array) from None
    return _library_of_namespace(namespace)


def backend(name: str) -> Any:
    """The library of a name: one of `BACKENDS`."""
    if name not in BACKENDS:
        raise must("xp", f"must be one of {', '.join(BACKENDS)}", name)
    module, extra = BACKENDS[name]
    try:
        namespace = importlib.import_module(module)
    except ImportError as error:
        raise not_imported(error, name, f"The array library {name}", extra) from error
    return _wrap(name, namespace)


def _library_of_namespace(xp: Any) -> Any:
    if xp is None:
        return _wrap("numpy", np)
    if isinstance(xp, str):
        return backend(xp)
    if not isinstance(xp, types.ModuleType) and not hasattr(xp, "__array_api_version__"):
        raise must_be_type(
            "xp",
            "must be an array API namespace or the module of an array library",
            xp,
            "xp=numpy, xp=torch or xp=cupy",
        )
    parts = getattr(xp, "__name__", type(xp).__name__).split(".")
    root = parts[1] if parts[0] == "array_api_compat" and len(parts) > 1 else parts[0]
    root = NAMESPACES.get(root, root)
    if root in BACKENDS:
        return backend(root)
    if not hasattr(xp, "asarray"):
        raise must_be_type(
            "xp", "must be an array API namespace or the module of an array library", xp
        )
    return _wrap("generic", xp)


@functools.lru_cache(maxsize=32)
def _wrap(name: str, namespace: Any) -> Any:
    return importlib.import_module(f"agnostic_init.arrays.libraries.{name}").Library(namespace)
