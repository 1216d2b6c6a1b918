"""New parts of parameters, of which a process holds some elements: as `Sharded`, or by their blocks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from agnostic_init.arrays.errors import Wording, must, within
from agnostic_init.arrays.out import check_out
from agnostic_init.bits.sharded import Sharded
from agnostic_init.models.entry import Entry
from agnostic_init.models.making import fill_entries
from agnostic_init.models.progress import Report

__all__ = ["check_no_parts", "make_parts", "parts_in"]


def parts_in(likes: Mapping[str, Any]) -> list[str]:
    """The names of those that are parts."""
    return [name for name, each in likes.items() if isinstance(each, Sharded)]


def check_no_parts(arrays: Mapping[str, Any]) -> None:
    """Raise where specs say which part is wanted, and `like` or `xp` would make the whole."""
    for name in parts_in(arrays):
        rule = f"must not be given where specs are parts of arrays, as that of {name!r} is"
        raise must("like", rule, Wording("it, or xp"), "Sharded(xp.empty(...), ...) as the spec")


def make_parts(
    entries: Sequence[Entry], likes: Mapping[str, Any], report: Report
) -> dict[str, Sharded]:
    """New parts at the places of these, on their libraries and devices, in the dtypes of the plan."""
    made: dict[str, Sharded] = {}
    filled: list[Entry] = []
    for entry in entries:
        like = likes[entry.name]
        with within(f"parameter {entry.name!r}"):
            if like.library.inner.writes:
                local = like.library.inner.empty(
                    tuple(like.local.shape), entry.dtype, like.library.device_of(like)
                )
                made[entry.name] = _at(like, local)
                check_out(made[entry.name], name="Sharded")
                filled.append(entry)
                continue
            if like.flat is not None or len(like.places) != 1:
                rule = "must be one block where the library writes in no array"
                hint = "an entry for each block"
                raise must("Sharded", rule, Wording(repr(like)), hint)
    for entry in entries:
        if entry.name not in made:
            like = likes[entry.name]
            with report.of([entry]):
                part = {"index": like.places[0].there, "dtype": entry.dtype, "like": like.local}
                local = entry.initializer(entry.shape, key=entry.key, **part)
            made[entry.name] = _at(like, local)
    outs = [made[entry.name] for entry in filled]
    libraries = [out.library for out in outs]
    memories = [library.host_memory(out) for library, out in zip(libraries, outs, strict=True)]
    fill_entries(filled, outs, libraries, memories, report)
    return made


def _at(like: Sharded, local: Any) -> Sharded:
    """What lies where another does."""
    made = copy.copy(like)
    made.local = local
    return made
