"""The safetensors format: the header, and where the data of each tensor lies.

A file is the length of the header as 8 little-endian bytes, the header as JSON padded with spaces
to a multiple of 8 bytes, and the data of the tensors, with no gaps. As the format's own writer does,
tensors are ordered from the wide dtypes to the narrow, which aligns them, and then by name.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agnostic_init.arrays import dtypes
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.checkpoint.made_by import metadata_of
from agnostic_init.models.entry import Entry
from agnostic_init.models.plan import Plan

__all__ = ["DTYPES", "Header", "check_plan", "header_of", "in_order"]

DTYPES = {row.name: row.safetensors for row in dtypes.DTYPES.values() if row.safetensors}
ORDER = {name: number for number, name in enumerate(DTYPES)}
METADATA = "__metadata__"
LONGEST = 100_000_000  # bytes; readers refuse more


@dataclass(frozen=True, slots=True)
class Header:
    """The bytes before the data, and the entries in the order of their data.

    Attributes
    ----------
    prefix
        The length and the padded JSON.
    places
        Each entry with the first byte of its data, counted from the end of the prefix.
    data_bytes
        Bytes of data.
    """

    prefix: bytes
    places: tuple[tuple[Entry, int], ...]
    data_bytes: int

    @property
    def file_bytes(self) -> int:
        """Bytes of the file."""
        return len(self.prefix) + self.data_bytes


def header_of(
    plan: Plan, entries: Sequence[Entry] | None = None, metadata: dict[str, str] | None = None
) -> Header:
    """The header of a file with the plan's tensors, which also says how they were made.

    Parameters
    ----------
    plan
        The plan.
    entries
        Those of its tensors that are in this file; None for all.
    metadata
        What `metadata_of` the plan returns, if that is known.

    Raises
    ------
    ParameterError
        If a name or a dtype is one that the format has not.
    """
    chosen = list(plan) if entries is None else entries
    for entry in chosen:
        place = f"dtype of {entry.name!r}"
        if entry.dtype not in DTYPES:
            known = f"must be one that safetensors has ({', '.join(DTYPES)})"
            raise must(place, known, entry.dtype)
        if entry.name == METADATA:
            raise must("name", "must not be that of the header's own entry", entry.name)
    ordered = in_order(chosen)
    table: dict[str, object] = {METADATA: metadata_of(plan) if metadata is None else metadata}
    places, end = [], 0
    for entry in ordered:
        places.append((entry, end))
        offsets = [end, end + entry.bytes]
        table[entry.name] = {
            "dtype": DTYPES[entry.dtype],
            "shape": list(entry.shape),
            "data_offsets": offsets,
        }
        end += entry.bytes
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > LONGEST:
        raise must("plan", f"must have a header of at most {LONGEST:,} bytes", len(text))
    return Header(struct.pack("<Q", len(text)) + text, tuple(places), end)


def check_plan(plan: object) -> None:
    """Raise unless it is a plan."""
    if not isinstance(plan, Plan):
        raise must_be_type("plan", "must be a Plan", plan, "init_tree(..., dry_run=True)")


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Tensors of dtypes that the format has, in the order of their data."""
    return sorted(entries, key=lambda entry: (-ORDER[entry.dtype], entry.name))
