"""A batch of data: whether there is something in it, and no NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import Wording, must
from agnostic_init.arrays.target import library_of
from agnostic_init.calibration.moments import floats_of

__all__ = ["check_batch"]


def check_batch(batch: Any) -> None:
    """Raise if an array of a batch is empty, or has NaN. Infinities are a mask's.

    Raises
    ------
    ParameterError
        That names the array's place in the batch.
    """
    for place, array in _arrays(batch, "batch"):
        if 0 in array.shape:
            raise must(place, "must have elements", Wording(f"the shape {tuple(array.shape)}"))
        library = library_of(array)
        known = DTYPES.get(library.dtype_name(array.dtype))
        if known is None or known.kind not in ("float", "complex"):
            continue
        values = floats_of(array, library)
        count = int(library.xp.sum(library.cast(library.xp.isnan(values), "int32")))
        if count:
            rule = "must have no NaN"
            said = Wording(f"{count:,} of {math.prod(array.shape):,} elements that are")
            raise must(place, rule, said)


def _arrays(batch: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(batch, Mapping):
        for name, each in batch.items():
            yield from _arrays(each, f"{place}[{name!r}]")
    elif isinstance(batch, list | tuple):
        for n, each in enumerate(batch):
            yield from _arrays(each, f"{place}[{n}]")
    elif hasattr(batch, "shape") and hasattr(batch, "dtype"):
        try:
            library_of(batch)
        except TypeError:
            return
        yield place, batch
