"""A plan: what every parameter of a model will be, before anything is made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agnostic_init.arrays.errors import must, within
from agnostic_init.arrays.out import check_out
from agnostic_init.arrays.target import in_chunks, resolve
from agnostic_init.bits.key import Key
from agnostic_init.models.entry import Entry
from agnostic_init.models.making import fill_entries, make_entries
from agnostic_init.models.parts import make_parts, parts_in
from agnostic_init.models.progress import Progress, Report
from agnostic_init.models.table import short, table

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What will be made: a value, in the order of the specs. Its text is a table.

    It is read as its entries in their order, or by name: ``plan["bias"]``, ``"bias" in plan``.

    Attributes
    ----------
    key
        Of the whole; each entry has one of its own.
    entries
        The parameters.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> specs = {"weight": (512, 256), "bias": (512,)}
    >>> plan = ai.init_tree(specs, {"bias": "zeros", "*": "ones"}, key=0, dry_run=True)
    >>> plan
    Plan(2 parameters, 131,584 elements, 526,336 bytes, key=Key(seed=0, offset=0))
    >>> plan["bias"].initializer
    zeros()
    """

    key: Key
    entries: tuple[Entry, ...]
    _by_name: dict[str, Entry] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        found = {entry.name: entry for entry in self.entries}
        if len(found) < len(self.entries):
            twice = [name for name, count in Counter(self._names()).items() if count > 1]
            raise must("entries", "must have names that differ", twice)
        object.__setattr__(self, "_by_name", found)

    @property
    def elements(self) -> int:
        """Elements of all parameters."""
        return sum(entry.elements for entry in self.entries)

    @property
    def bytes(self) -> int:
        """Memory of all parameters."""
        return sum(entry.bytes for entry in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, item: object) -> bool:
        """Whether it has a parameter of this name, or this very entry."""
        if isinstance(item, Entry):
            return self._by_name.get(item.name) == item
        return item in self._by_name

    def __getitem__(self, name: str) -> Entry:
        return self._by_name[name]

    def __repr__(self) -> str:
        return (
            f"Plan({len(self)} parameters, {self.elements:,} elements, {self.bytes:,} bytes, "
            f"key={self.key})"
        )

    def __str__(self) -> str:
        rows = [
            [
                entry.name,
                str(list(entry.shape)),
                entry.dtype,
                f"{entry.elements:,}",
                f"{entry.bytes:,}",
                _number(entry.description.mean),
                _number(entry.description.std),
                short(repr(entry.initializer)),
                entry.rule.text,
            ]
            for entry in self.entries
        ]
        noun = "parameter" if len(self) == 1 else "parameters"
        totals = ["", "", f"{self.elements:,}", f"{self.bytes:,}", "", "", "", ""]
        header = ["name", "shape", "dtype", "elements", "bytes", "mean", "std"]
        return table(
            [*header, "initializer", "rule"],
            [*rows, [f"{len(self)} {noun}", *totals]],
            right=("elements", "bytes", "mean", "std"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in types that JSON can hold; "inf", "-inf" and "nan" are strings there."""
        return {
            "key": [self.key.seed, self.key.offset],
            "elements": self.elements,
            "bytes": self.bytes,
            "parameters": [
                {
                    "name": entry.name,
                    "shape": list(entry.shape),
                    "dtype": entry.dtype,
                    "elements": entry.elements,
                    "bytes": entry.bytes,
                    "mean": _figure(entry.description.mean),
                    "std": _figure(entry.description.std),
                    "initializer": entry.initializer.to_dict(),
                    "rule": entry.rule.text,
                    "key": [entry.key.seed, entry.key.offset],
                }
                for entry in self.entries
            ],
        }

    def make(
        self,
        *,
        like: Any = None,
        xp: Any = None,
        device: Any = None,
        chunks: Any = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Make every array, with nothing that waits for a device in between.

        On a GPU, small orthogonal weights of one shape are made by one call, which gives what each
        alone would be, to rounding.

        Parameters
        ----------
        like, xp, device
            The array library and the device, as of `init_tree`. A mapping as `like` gives every
            parameter an array of its own; None stands for an array of NumPy. A `Sharded` in it
            stands for a new one at its place.
        chunks
            Of arrays of Dask's, as of an initializer; or a mapping of names to them.
        progress
            Called after each parameter with its name, the bytes so far, and the bytes of the plan.

        Returns
        -------
        dict
            Of names to arrays, in the order of the plan.
        """
        likes = like if isinstance(like, Mapping) else dict.fromkeys(self._names(), like)
        self._check_names("like", likes)
        unknown = [] if not isinstance(chunks, Mapping) else [n for n in chunks if n not in self]
        if unknown:
            raise must("chunks", "must name parameters of the plan", unknown)
        parts = parts_in(likes)
        if parts and (xp is not None or device is not None):
            rule = "must not be given where specs are parts of arrays, whose library new ones have"
            given = ("xp", xp) if xp is not None else ("device", device)
            raise must(given[0], f"{rule}, as that of {parts[0]!r}", given[1])
        whole = [entry for entry in self.entries if entry.name not in parts]
        targets = []
        for entry in whole:
            with within(f"parameter {entry.name!r}"):
                like = likes[entry.name]
                target = resolve(like, xp, entry.dtype, device, entry.shape)
                own = chunks.get(entry.name) if isinstance(chunks, Mapping) else chunks
                targets.append(in_chunks(target, own, entry.shape))
        report = Report(self.entries, progress)
        arrays = make_entries(whole, targets, report)
        made: dict[str, Any] = {e.name: array for e, array in zip(whole, arrays, strict=True)}
        if parts:
            made |= make_parts([self[name] for name in parts], likes, report)
        return {name: made[name] for name in self._names()}

    def fill(self, arrays: Mapping[str, Any], *, progress: Progress | None = None) -> None:
        """Write every array in place. `fill_tree` checks the rules first, and is the one to call.

        Parameters
        ----------
        arrays
            One for each parameter, of its shape.
        progress
            As of `make`.
        """
        self._check_names("arrays", arrays)
        outs = [arrays[entry.name] for entry in self.entries]
        libraries, memories = [], []
        for entry, out in zip(self.entries, outs, strict=True):
            with within(f"parameter {entry.name!r}"):
                library = check_out(out, entry.shape, "array")
                name = library.dtype_name(out.dtype)
                if name != entry.dtype:
                    raise must("array", f"must have the dtype of the plan, {entry.dtype}", name)
            libraries.append(library)
            memories.append(library.host_memory(out))
        fill_entries(self.entries, outs, libraries, memories, Report(self.entries, progress))

    def _names(self) -> list[str]:
        return [entry.name for entry in self.entries]

    def _check_names(self, parameter: str, arrays: Mapping[str, Any]) -> None:
        missing = [name for name in self._names() if name not in arrays]
        if missing:
            rule = "must have every parameter of the plan"
            raise must(parameter, f"{rule}, but {len(missing)} are missing", missing)


def _number(value: complex | None) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}"


def _figure(value: Any) -> Any:
    if isinstance(value, complex):
        return [_figure(value.real), _figure(value.imag)]
    return str(value) if value is not None and not math.isfinite(value) else value
