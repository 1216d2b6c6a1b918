"""Checking weights: of a file, a dictionary or a module."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.block import pieces
from agnostic_init.checkpoint.findings import Finding, against_plan, alone, duplicates
from agnostic_init.checkpoint.statistics import Statistics, statistics_of
from agnostic_init.models.plan import Plan
from agnostic_init.models.progress import check_progress
from agnostic_init.models.table import table
from agnostic_init.models.ties import firsts
from agnostic_init.models.torch_wrappers import is_module
from agnostic_init.storage.checkpoint import open_checkpoint

__all__ = ["Checked", "check"]

PIECE = 1 << 24  # elements


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What a check has seen. Its text is a table, with what is wrong below.

    Attributes
    ----------
    tensors
        Statistics, in the order of the file.
    findings
        What is wrong; empty if nothing is.
    """

    tensors: tuple[Statistics, ...]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"Checked({len(self.tensors)} tensors, {len(self.findings)} findings)"

    def __str__(self) -> str:
        kinds: dict[str, list[str]] = {}
        for found in self.findings:
            kinds.setdefault(found.name, []).append(found.kind)
        rows = [
            [
                seen.name,
                str(list(seen.shape)),
                seen.dtype,
                *map(_number, (seen.mean, seen.std, seen.kurtosis, seen.least, seen.largest)),
                f"{seen.zeros:,}",
                _number(seen.orthogonality),
                ", ".join(kinds.get(seen.name, [])),
            ]
            for seen in self.tensors
        ]
        figures = ["mean", "std", "kurtosis", "least", "largest", "zeros", "orthogonality"]
        lines = [table(["name", "shape", "dtype", *figures, "findings"], rows, right=figures)]
        lines += [f"{found.name}: {found.message}" for found in self.findings]
        count = len(self.findings)
        lines.append(f"{len(self.tensors):,} tensors, {count or 'no'} finding{'s' * (count != 1)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in types that JSON can hold; a complex mean is a pair."""
        return {
            "tensors": [
                {
                    "name": seen.name,
                    "dtype": seen.dtype,
                    "shape": list(seen.shape),
                    "mean": [seen.mean.real, seen.mean.imag]
                    if isinstance(seen.mean, complex)
                    else seen.mean,
                    "std": seen.std,
                    "kurtosis": seen.kurtosis,
                    "least": seen.least,
                    "largest": seen.largest,
                    "zeros": seen.zeros,
                    "nans": seen.nans,
                    "infinities": seen.infinities,
                    "subnormals": seen.subnormals,
                    "constant_rows": seen.constant_rows,
                    "orthogonality": seen.orthogonality,
                    "fingerprint": str(seen.fingerprint),
                }
                for seen in self.tensors
            ],
            "findings": [
                {"name": found.name, "kind": found.kind, "message": found.message}
                for found in self.findings
            ],
        }


def check(
    what: Any,
    against: Plan | None = None,
    *,
    progress: Callable[[str, int, int], object] | None = None,
) -> Checked:
    """Look at weights once, and say what is wrong with them.

    Wrong are values that are NaN or infinite, tensors that look like memory that nobody wrote, some
    rows that are constant where others are not, and tensors with the values of another, though not
    its memory. Against a plan: other shapes and dtypes, tensors that are missing or too many, and a
    mean or standard deviation further from the plan's than six sigmas of what chance does.

    Parameters
    ----------
    what
        The path of a .safetensors file, of an index or of a folder with one, which is read in
        pieces; a mapping of names to arrays of any library; or a module of torch, whose parameters
        are looked at. DTensors have to be gathered first.
    against
        What the weights should be, before any training: of `init_tree` with ``dry_run=True``.
    progress
        Called after each tensor with its name, the bytes so far, and the bytes in all.

    Returns
    -------
    Checked

    Raises
    ------
    ParameterError, ParameterTypeError
        If a file is not as the format says, or something cannot be looked at.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import numpy as np
    >>> weights = {"w": np.array([[1.0, np.nan], [0.0, 2.0]]), "b": np.zeros(2)}
    >>> found = ai.checkpoint.check(weights)
    >>> found.findings
    (Finding(name='w', kind='nan', message='1 of 4 values are NaN'),)
    """
    if against is not None and not isinstance(against, Plan):
        raise must_be_type("against", "must be a Plan", against, "init_tree(..., dry_run=True)")
    check_progress(progress)
    seen: list[Statistics] = []
    found: list[Finding] = []
    tensors = list(_tensors(what))
    total = sum(math.prod(shape) * DTYPES[dtype].itemsize for _, dtype, shape, _ in tensors)
    done = 0
    for name, dtype, shape, values in tensors:
        with within(f"tensor {name!r}"):
            seen.append(statistics_of(name, dtype, shape, values()))
        found += alone(seen[-1])
        if against is not None and name in against:
            found += against_plan(seen[-1], against[name])
        elif against is not None:
            found.append(Finding(name, "unexpected", "the plan has no tensor of this name"))
        done += math.prod(shape) * DTYPES[dtype].itemsize
        if progress is not None:
            progress(name, done, total)
    tied = _tied(what)
    found += duplicates([each for each in seen if each.name not in tied])
    if against is not None:
        names = {each.name for each in seen}
        missing = [entry.name for entry in against if entry.name not in names]
        found += [Finding(name, "missing", "the plan's tensor is not there") for name in missing]
    return Checked(tuple(seen), tuple(found))


Values = Callable[[], Iterator[tuple[Any, Any]]]


def _tensors(what: Any) -> Iterator[tuple[str, str, tuple[int, ...], Values]]:
    """Names, dtypes, shapes, and what gives the stored values."""
    if isinstance(what, str | os.PathLike):
        opened = open_checkpoint(what)
        for name, stored in opened.items():
            if stored.dtype not in DTYPES:
                rule = "must be one whose elements have bytes of their own"
                raise must("dtype", rule, stored.dtype)
            yield name, stored.dtype, stored.shape, functools.partial(opened.pieces, name)
        return
    if is_module(what):
        from agnostic_init.models.torch_names import named_tensors

        what = {each.name: each.tensor for each in named_tensors(what)}
    if not isinstance(what, Mapping):
        rule = "must be a path, a mapping of names to arrays or a module of torch"
        raise must_be_type("what", rule, what)
    for name, array in what.items():
        if not isinstance(name, str):
            raise must_be_type("what", "must have names that are strings", name)
        with within(f"tensor {name!r}"):
            library = library_of(array)
            library.check_dense(array)
            if library.cut(array) is not None:
                raise must("array", "must be whole", type(array), "array.full_tensor()")
            if not library.readable(array):
                raise must("array", "must have values", type(array), "an array that was made")
            dtype = library.dtype_name(array.dtype)
        yield name, dtype, tuple(array.shape), functools.partial(_in_pieces, array, library)


def _tied(what: Any) -> set[str]:
    """The names of arrays of a mapping that have an earlier name too, as in a state dict."""
    if not isinstance(what, Mapping):
        return set()
    arrays = {name: each for name, each in what.items() if not isinstance(each, np.generic)}
    numbers = firsts(list(arrays.values()), list(map(library_of, arrays.values())))
    return {name for n, name in enumerate(arrays) if numbers[n] != n}


def _in_pieces(array: Any, library: Library) -> Iterator[tuple[Any, Any]]:
    """An array's pieces as stored by the host."""
    storage = DTYPES[library.dtype_name(array.dtype)].storage
    held = library.to_host(np.asarray(array) if isinstance(array, np.generic) else array)
    held = held.view(storage)
    for index in pieces(held.shape, PIECE):
        yield index, np.ascontiguousarray(held[index]).reshape(held[index].shape)


def _number(value: complex | None) -> str:
    return "-" if value is None else f"{value:.4g}"
