"""A file of known answers, read and checked; docs/stream.md says what its fields are."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agnostic_init.arrays.dtypes import DTYPES, FORMATS
from agnostic_init.arrays.errors import ParameterError, Wording, must, within
from agnostic_init.conformance.fields import (
    Read,
    hexadecimal,
    key,
    length,
    listed,
    long,
    number,
    one_of,
    run,
    text,
    tolerance,
    within_stream,
    word,
)
from agnostic_init.storage.header import names_once

__all__ = ["Case", "bits_of", "read_vectors"]

LARGEST = 1 << 26  # bytes of a file
STREAM = "v1"
MOST_ELEMENTS = 1 << 33  # of a model, all of which are made
#: The parameters of each draw, which other draws have not.
PARAMETERS = {
    "uniform": {"low", "high"},
    "normal": {"mean", "std"},
    "truncated_normal": {"mean", "std", "lower", "upper", "bounds"},
}


class Case(NamedTuple):
    """One case: the section it stands in, its number there, from 1, and its fields."""

    section: str
    number: int
    fields: dict[str, Any]

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.section}, case {self.number}"


def read_vectors(path: str | os.PathLike[str]) -> list[Case]:
    """The cases of a file.

    Raises
    ------
    ParameterError
        If it is no such file; the message says which case, and which field of it.
    OSError
        If it cannot be read.
    """
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    with within(str(path)):
        return list(_cases(_parsed(content)))


def bits_of(dtype: str) -> int:
    """Bits of a real number of a dtype."""
    row = DTYPES[dtype]
    return 8 * row.itemsize // row.parts


def _parsed(content: bytes) -> Any:
    if len(content) > LARGEST:
        raise must("the file", f"must have at most {LARGEST:,} bytes", Wording("more"))
    try:
        return json.loads(content.decode(), object_pairs_hook=names_once)
    except RecursionError:
        message = "not valid JSON: nested too deeply"
    except ParameterError:
        raise
    except ValueError as error:
        message = f"not valid JSON: {error}"
    raise ParameterError(message) from None


def _cases(data: Any) -> Iterator[Case]:
    if not isinstance(data, dict) or data.get("stream") != STREAM:
        got = data.get("stream") if isinstance(data, dict) else data
        raise must("stream", f"must be {STREAM!r}", got, "a file such as stream-v1.json")
    number = 0
    for section, rows in data.items():
        if section in ("stream", "fields"):
            continue
        if section not in SECTIONS or not isinstance(rows, list):
            raise must("the file", f"must have lists of {', '.join(SECTIONS)}", section)
        for number, row in enumerate(rows, 1):
            with within(f"{section}, case {number}"):
                fields = _fields(row, SECTIONS[section])
                AGREE.get(section, _agreed)(fields)
            yield Case(section, number, fields)
    if not number:
        raise must("the file", "must have cases", sorted(data))


def _fields(row: Any, known: dict[str, Read]) -> dict[str, Any]:
    """The fields of a case; a name that ends with ? need not be there."""
    if not isinstance(row, dict):
        raise must("the case", "must be a table", row)
    names = {name.removesuffix("?"): name for name in known}
    for name in row:
        if name not in names:
            raise must("the case", f"must have no other fields than {', '.join(names)}", name)
    if missing := [name for name in known if not name.endswith("?") and name not in row]:
        raise must(missing[0], "must be given", sorted(row))
    found = {}
    for name, value in row.items():
        with within(name):
            found[name] = known[names[name]](value)
    return found


def _array_values(fields: dict[str, Any]) -> None:
    """Values as integers, of as many bits as the dtype has."""
    read = hexadecimal(bits_of(fields["dtype"]) // 4)
    with within("values"):
        fields["values"] = tuple(read(each) for each in fields["values"])
    parts = len(fields["values"]) // DTYPES[fields["dtype"]].parts
    if "at" in fields:
        wanted = sum(count for _, count in fields["at"])
    elif "index" in fields:
        steps = _lengths(fields["index"], fields["shape"])
        wanted = math.prod(steps)
    else:
        wanted = math.prod(fields["shape"])
    if not wanted and 0 in fields.get("shape", ()) and max(fields["shape"]) > LARGEST:
        raise must("shape", f"must have lengths of at most {LARGEST:,}", fields["shape"])
    if parts != wanted or len(fields["values"]) % DTYPES[fields["dtype"]].parts:
        rule = f"must be those of {wanted} elements"
        raise must("values", rule, Wording(f"{len(fields['values'])} numbers"))


def _lengths(index: Any, shape: Any) -> list[int]:
    if len(index) != len(shape) or any(step < 1 for _, _, step in index):
        raise must("index", "must be a start, a stop and a step for each axis", index)
    return [len(range(*each)) for each in index]


def _fingerprinted(fields: dict[str, Any]) -> None:
    if "tensors" not in fields:
        if not {"dtype", "shape", "values"} <= set(fields):
            raise must("the case", "must have tensors, or dtype, shape and values", sorted(fields))
        _array_values(fields)
    for tensor in fields.get("tensors", ()):
        _array_values(tensor)


def _drawn(fields: dict[str, Any]) -> None:
    known = set().union(*PARAMETERS.values()) - PARAMETERS[fields["draw"]]
    if foreign := sorted(known & set(fields)):
        raise must(foreign[0], f"must not be given for {fields['draw']}", fields[foreign[0]])
    if not fields.get("at", True):
        raise must("at", "must have runs of places", fields["at"])
    _array_values(fields)


def _has_words(fields: dict[str, Any]) -> None:
    with within("words"):
        within_stream(fields["first"], len(fields["words"]))


def _one_given(*names: str) -> Callable[[dict[str, Any]], None]:
    """Of several fields exactly one is there; else nothing, or not all, would be compared."""

    def agree(fields: dict[str, Any]) -> None:
        if sum(name in fields for name in names) != 1:
            raise must("the case", f"must have one of {', '.join(names)}", sorted(fields))
        if "digest" in fields and "name" not in fields:
            raise must("digest", "must not be given without `name`", fields["digest"])

    return agree


def _modelled(fields: dict[str, Any]) -> None:
    for tensor in fields["tensors"]:
        _one_given("value", "normal")(tensor)
    elements = sum(tensor["elements"] for tensor in fields["tensors"])
    if elements > MOST_ELEMENTS:
        rule = f"must have at most {MOST_ELEMENTS:,} elements together"
        raise must("tensors", rule, Wording(f"{elements:,}"))


def _agreed(fields: dict[str, Any]) -> None:
    """Nothing more is asked of a case."""


_dtype = one_of(*FORMATS)
_array: dict[str, Read] = {
    "dtype": one_of(*DTYPES),
    "shape": listed(length),
    "values": listed(text),
}
_draw: dict[str, Read] = {"dtype": _dtype, "key": key, "values": listed(text)}

SECTIONS: dict[str, dict[str, Read]] = {
    "philox": {"counter": listed(word, 4), "key": listed(word, 2), "words": listed(word, 4)},
    "words": {"key": key, "first": long, "words": listed(word)},
    "keys": {"key": key, "integer?": long, "text?": text},
    "folds": {"key": key, "data?": long, "name?": text, "digest?": long, "folded": key},
    "draws": {
        **_draw,
        "draw": one_of("uniform", "normal", "truncated_normal"),
        "at": listed(run),
        "bounds?": one_of("sigma", "absolute"),
        **{f"{name}?": number for name in ("low", "high", "mean", "std", "lower", "upper")},
        "tolerance?": tolerance,
    },
    "blocks": {
        **_draw,
        "draw": one_of("uniform", "normal"),
        "shape": listed(length),
        "index": listed(listed(length, 3)),
    },
    "fingerprints": {
        **{f"{name}?": read for name, read in _array.items()},
        "first?": long,
        "tensors?": listed(lambda row: _fields(row, {"name": text, **_array})),
        "fingerprint": hexadecimal(32),
    },
    "models": {
        "model": text,
        "key": key,
        "tensors": listed(
            lambda row: _fields(
                row, {"name": text, "elements": length, "value?": number, "normal?": number}
            )
        ),
        "sha256": hexadecimal(64),
    },
}
AGREE: dict[str, Callable[[dict[str, Any]], None]] = {
    "words": _has_words,
    "keys": _one_given("integer", "text"),
    "folds": _one_given("data", "name"),
    "draws": _drawn,
    "blocks": _array_values,
    "fingerprints": _fingerprinted,
    "models": _modelled,
}
