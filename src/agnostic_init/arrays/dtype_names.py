"""Names of dtypes: one for each, whatever a user or an array library calls it."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type

__all__ = ["name_of"]

# Where torch means another dtype than NumPy by a name.
_TORCHS = {"float": "float32", "int": "int32", "cfloat": "complex64", "chalf": "complex32"}
# What .safetensors files and papers call some, which is said in errors and not taken.
_OF_FILES = {row.safetensors: name for name, row in DTYPES.items() if row.safetensors}
_OF_FILES |= {f"FP{bits}": f"float{bits}" for bits in (16, 32, 64)}


def name_of(dtype: Any) -> str:
    """The name of a dtype, such as "float32".

    Parameters
    ----------
    dtype
        A dtype of any library, a type such as ``float``, or a name: NumPy's aliases and names with
        that of a library before them mean what they do there.

    Raises
    ------
    ParameterError
        If no dtype of numbers has that name.
    ParameterTypeError
        If it is neither a dtype of numbers nor a string.

    Examples
    --------
    >>> name_of("double"), name_of("torch.half"), name_of(np.float32)
    ('float64', 'float16', 'float32')
    """
    if isinstance(dtype, str):
        return _of_text(dtype)
    if isinstance(dtype, type):
        name = _of_numpy(dtype, dtype.__name__)
    else:
        # NumPy's have a name; torch's and array-api-strict's show as library.name.
        name = str(getattr(dtype, "name", dtype)).rpartition(".")[2]
    if name not in DTYPES:
        raise must_be_type("dtype", "must be a dtype or the name of one", dtype, "'float32'")
    return name


def _of_text(text: str) -> str:
    library, _, name = text.rpartition(".")
    if library == "torch" and name in _TORCHS:
        return _TORCHS[name]
    if name not in DTYPES:
        name = _of_numpy(name, name)
    if name not in DTYPES:
        import difflib

        # A name cut short means one that it begins, and not one of its length.
        begun = [known for known in DTYPES if known.startswith(f"{name}_")]
        begun = [_OF_FILES[text.upper()]] if text.upper() in _OF_FILES else begun
        close = begun[:2] or difflib.get_close_matches(name, DTYPES, n=1) or ["float32"]
        hint = " or ".join(map(repr, close))
        raise must("dtype", "must be the name of a dtype", text, hint)
    return name


def _of_numpy(given: Any, otherwise: str) -> str:
    try:
        found = np.dtype(given)
    except (TypeError, ValueError, SyntaxError):
        return otherwise
    return str(found.name) if found.isnative else otherwise
