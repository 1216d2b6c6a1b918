"""The header of a .safetensors file, read from bytes that may say anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import ParameterError, Wording, must, within

__all__ = ["LONGEST", "METADATA", "Stored", "names_once", "parsed", "read_header"]

LONGEST = 100_000_000  # bytes of a header; the format's own reader takes no more
METADATA = "__metadata__"
KEYS = {"dtype", "shape", "data_offsets"}
MOST_AXES = 64
LIMIT = 1 << 63
#: Our names by those of the format.
NAMES = {row.safetensors: row.name for row in DTYPES.values() if row.safetensors}
NAMES["F8_E8M0"] = "float8_e8m0fnu"
#: Bits an element of those that share bytes, which have no arrays here.
PACKED = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


class Stored(NamedTuple):
    """A tensor in a file.

    Attributes
    ----------
    name, shape
        Of the tensor.
    dtype
        Our name for it, or that of the format where its elements share bytes.
    start, bytes
        Where its data lies in the file.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    bytes: int


def read_header(file: BinaryIO, size: int) -> tuple[dict[str, Stored], dict[str, str]]:
    """The tensors of a file of `size` bytes in the order of their data, and the metadata.

    Raises
    ------
    ParameterError
        If anything is not as the format says: no tensor lies outside of the file, or on another,
        and there are no gaps.
    """
    if size < 8:
        raise must("the file", "must begin with the 8 bytes of a length", Wording(f"{size} bytes"))
    length = int.from_bytes(file.read(8), "little")
    if length > min(LONGEST, size - 8):
        rule = f"must be at most {LONGEST:,} bytes, and no more than the file has"
        hint = "a .safetensors file that is whole"
        raise must("the length of the header", rule, Wording(f"{length:,} of {size - 8:,}"), hint)
    content = file.read(length)
    if len(content) < length:
        raise must("the file", f"must have {size} bytes", Wording("an end before"))
    table = parsed(content, "the header")
    if not isinstance(table, dict):
        raise must("the header", "must be a table of tensors", table)
    metadata = _metadata(table.pop(METADATA, {}))
    found = {}
    for name, entry in table.items():
        with within(f"tensor {name!r}"):
            found[name] = _stored(name, entry, 8 + length)
    ordered = sorted(found.values(), key=lambda each: (each.start, each.bytes))
    end = 8 + length
    for each in ordered:
        if each.start != end:
            fault = "a gap before it" if each.start > end else "a part of another's data"
            place = f"data_offsets of {each.name!r}"
            raise must(place, "must begin where the last end", Wording(fault))
        end += each.bytes
    if end != size:
        rule = f"must end with the data, after {end:,} bytes"
        raise must("the file", rule, Wording(f"{size:,}"), "a file that was copied to its end")
    return {each.name: each for each in ordered}, metadata


def parsed(content: bytes, what: str) -> Any:
    """The JSON of bytes that may be anything, in which no name is repeated."""
    try:
        return json.loads(content.decode(), object_pairs_hook=names_once, parse_constant=_no_number)
    except RecursionError:
        message = f"{what} is not valid JSON: nested too deeply"
    except ParameterError:
        raise
    except ValueError as error:  # also of a number of too many digits
        message = f"{what} is not valid JSON: {error}"
    raise ParameterError(message) from None


def names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table, if no name is in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise must("names", "must not be repeated", twice)
    return found


def _no_number(text: str) -> Any:
    raise must("the header", "must have numbers that are finite", text)


def _metadata(table: Any) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
        raise must(METADATA, "must be a table of strings", table)
    return table


def _stored(name: str, entry: Any, begin: int) -> Stored:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise must("name", "must be one that UTF-8 can hold", name) from None
    if not name:
        raise must("name", "must not be empty", name)
    if not isinstance(entry, Mapping) or set(entry) != KEYS:
        got = sorted(entry) if isinstance(entry, Mapping) else entry
        raise must("entry", f"must be a table of {', '.join(sorted(KEYS))}", got)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in NAMES | PACKED:
        raise must("dtype", f"must be one of {', '.join([*NAMES, *PACKED])}", dtype)
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(map(_is_count, shape)):
        raise must("shape", f"must be a list of at most {MOST_AXES} lengths", shape)
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise must("data_offsets", "must be two numbers of bytes", offsets)
    bits = PACKED.get(dtype) or 8 * DTYPES[NAMES[dtype]].itemsize
    start, stop = offsets
    if 8 * (stop - start) != math.prod(shape) * bits:
        rule = f"must be as far apart as {dtype} of the shape {shape} needs"
        raise must("data_offsets", rule, offsets)
    return Stored(name, NAMES.get(dtype, dtype), tuple(shape), begin + start, stop - start)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LIMIT
