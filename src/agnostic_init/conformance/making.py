"""What each section of known answers asks for, made by this package."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.key import Key, digest, key
from agnostic_init.bits.philox import philox
from agnostic_init.conformance.vectors import bits_of
from agnostic_init.draws import functions as draws
from agnostic_init.draws.engines.generic import arithmetic_of
from agnostic_init.fingerprints.make import fingerprint

__all__ = ["MADE", "Maker", "Wanted"]

WHOLE = (1 << 64,)  # a shape with all positions
CHUNK = 1 << 22  # elements of a model that are made at once
Fields = dict[str, Any]


class Wanted(NamedTuple):
    """A number that is known, what was made, and what it is of."""

    what: str
    known: str
    made: str
    right: bool


class Maker(NamedTuple):
    """Where numbers are made."""

    library: Library
    device: Any

    @property
    def place(self) -> dict[str, Any]:
        """As arguments of draws."""
        return {"xp": self.library.name, "device": self.device}

    def storage(self, array: Any) -> np.ndarray[Any, Any]:
        """An array's elements, as this machine's memory has them, in a row."""
        return np.ascontiguousarray(library_of(array).to_host(array)).reshape(-1)


def _equal(what: str, known: Iterable[int], made: Iterable[int], digits: int) -> Iterator[Wanted]:
    for n, (one, other) in enumerate(zip(known, made, strict=True)):
        yield Wanted(f"{what} {n}", f"{one:0{digits}x}", f"{other:0{digits}x}", one == other)


def _philox(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    arithmetic = arithmetic_of(maker.library, maker.device)
    counter = tuple(arithmetic.constant(word) for word in fields["counter"])
    lanes = philox(arithmetic, counter, *fields["key"])
    made = [_integers(maker.storage(lane))[0] % (1 << 32) for lane in lanes]
    return _equal("word", fields["words"], made, 8)


def _words(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    index = slice(fields["first"], fields["first"] + len(fields["words"]))
    made = draws.bits(WHOLE, key=fields["key"], index=index, **maker.place)
    return _equal("word", fields["words"], _integers(maker.storage(made)), 8)


def _keys(_: Maker, fields: Fields) -> Iterator[Wanted]:
    sources = (fields[name] for name in ("text", "integer") if name in fields)
    return itertools.chain.from_iterable(_same_key(fields["key"], key(each)) for each in sources)


def _folds(_: Maker, fields: Fields) -> Iterator[Wanted]:
    if "digest" in fields:
        yield from _equal("the digest", [fields["digest"]], [digest(fields["name"])], 16)
    for name in ("data", "name"):
        if name in fields:
            yield from _same_key(fields["folded"], fields["key"].fold_in(fields[name]))


def _same_key(known: Key, made: Key) -> Iterator[Wanted]:
    yield Wanted("the key", str(known), str(made), known == made)


def _draws(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    names = ("low", "high", "mean", "std", "lower", "upper", "bounds")
    given = {name: fields[name] for name in names if name in fields}
    places = [first + n for first, count in fields["at"] for n in range(count)]
    parts = [
        _drawn(maker, fields, WHOLE, slice(first, first + count), **given)
        for first, count in fields["at"]
    ]
    return _same_values(fields, np.concatenate(parts), places)


def _blocks(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    index = tuple(slice(*each) for each in fields["index"])
    made = _drawn(maker, fields, fields["shape"], index)
    return _same_values(fields, made, range(made.size))


def _drawn(maker: Maker, fields: Fields, shape: Any, index: Any, **given: Any) -> Any:
    draw = getattr(draws, fields["draw"])
    where = {"key": fields["key"], "dtype": fields["dtype"], "index": index, **maker.place}
    return maker.storage(draw(shape, **given, **where))


def _same_values(fields: Fields, made: Any, places: Iterable[int]) -> Iterator[Wanted]:
    """Compare bits, or numbers where something is allowed for."""
    row = DTYPES[fields["dtype"]]
    digits = bits_of(row.name) // 4
    bits = _integers(made.view(f"u{digits // 2}"))
    known = np.array(fields["values"], f"u{digits // 2}")
    allowed = fields.get("tolerance")
    right = [one == other for one, other in zip(fields["values"], bits, strict=True)]
    if allowed is not None:
        real = row.compute
        right = (np.abs(known.view(real) - made.view(real)) <= allowed).tolist()
    parts = ("", "") if row.parts == 1 else ("real part of ", "imaginary part of ")
    names = (f"the {part}value at position {n}" for n in places for part in parts[: row.parts])
    for name, one, other, good in zip(names, fields["values"], bits, right, strict=True):
        slack = "" if allowed is None else f" within {allowed:.3g}"
        yield Wanted(name, f"{one:0{digits}x}{slack}", f"{other:0{digits}x}", good)


def _fingerprints(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    if "tensors" in fields:
        made = fingerprint({each["name"]: _array(maker, each) for each in fields["tensors"]})
    elif "first" in fields:
        first, array = fields["first"], _array(maker, fields)
        index = slice(first, first + array.shape[0])
        made = fingerprint(array, index=index, global_shape=WHOLE)
    else:
        made = fingerprint(_array(maker, fields))
    return _equal("the fingerprint", [fields["fingerprint"]], [int(str(made), 16)], 32)


def _array(maker: Maker, fields: Fields) -> Any:
    row = DTYPES[fields["dtype"]]
    values = np.array(fields["values"], f"u{bits_of(row.name) // 8}").view(row.storage)
    return maker.library.from_storage(values.reshape(fields["shape"]), row.name, maker.device)


def _models(maker: Maker, fields: Fields) -> Iterator[Wanted]:
    found = hashlib.sha256()
    for tensor in fields["tensors"]:
        own, count = fields["key"].fold_in(tensor["name"]), tensor["elements"]
        for first in range(0, count, CHUNK):
            part = slice(first, min(first + CHUNK, count))
            if "normal" in tensor:
                given = {"std": tensor["normal"], "key": own, "index": part, "dtype": "float32"}
                made = maker.storage(draws.normal((count,), **given, **maker.place))
            else:
                made = np.full(part.stop - part.start, tensor.get("value", 0), np.float32)
            found.update(made.astype("<f4", copy=False).data)
    sha256 = int(found.hexdigest(), 16)
    return _equal(f"the sha256 of {fields['model']}", [fields["sha256"]], [sha256], 64)


def _integers(array: Any) -> list[int]:
    return [int(each) for each in array.tolist()]


#: By section.
MADE: dict[str, Callable[[Maker, Fields], Iterable[Wanted]]] = {
    "philox": _philox,
    "words": _words,
    "keys": _keys,
    "folds": _folds,
    "draws": _draws,
    "blocks": _blocks,
    "fingerprints": _fingerprints,
    "models": _models,
}
