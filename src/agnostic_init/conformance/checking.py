"""Making what a file of known answers has, on a library, and comparing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import MissingExtraError, ParameterError, must, within
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.conformance.making import MADE, Maker, Wanted
from agnostic_init.conformance.vectors import read_vectors

__all__ = ["Conformance", "conformance"]

SHOWN = 20  # mismatches


@dataclass(frozen=True, slots=True)
class Conformance:
    """What came out. Printed it is a table, and the mismatches in words.

    Attributes
    ----------
    checked
        The number of cases that were compared in each section.
    wrong
        Each mismatch in words.
    left
        The number of cases that could not be made, by the reason.
    """

    checked: dict[str, int]
    wrong: tuple[str, ...]
    left: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold."""
        return {"checked": self.checked, "wrong": list(self.wrong), "left": self.left}

    def __str__(self) -> str:
        lines = [f"{section:14}{count:6,} cases" for section, count in self.checked.items()]
        lines += [f"not checked: {count:,} cases, as {why}" for why, count in self.left.items()]
        lines += self.wrong[:SHOWN]
        if more := len(self.wrong) - SHOWN:
            lines += [f"and {more:,} more"] if more > 0 else []
        total = f"{len(self.wrong):,} are wrong" if self.wrong else "all are right"
        return "\n".join([*lines, f"{sum(self.checked.values()):,} cases checked, {total}"])


def conformance(
    path: str | os.PathLike[str],
    *,
    backend: str = "numpy",
    device: Any = None,
    models: bool = True,
    progress: Callable[[], None] | None = None,
) -> Conformance:
    """Compare what this package makes with a file of known answers.

    Parameters
    ----------
    path
        The file, such as ``conformance/stream-v1.json``; docs/stream.md describes its fields.
    backend
        The name of the array library that makes the numbers.
    device
        A device of that library.
    models
        Whether to make whole models as well, which takes a second or some.
    progress
        Called before each case; what it raises ends the check.

    Returns
    -------
    Conformance
        Dtypes that the library has not are left out, and counted.

    Raises
    ------
    ParameterError
        If it is no such file, or the library or device is not known.
    MissingExtraError
        If the library is not installed.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from agnostic_init.conformance import conformance
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> row = '{"key": ["000000000000002a", "0000000000000000"], "first": "0000000000000001", '
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vectors.json")
    ...     _ = path.write_text('{"stream": "v1", "words": [' + row + '"words": ["77f5493b"]}]}')
    ...     print(conformance(path))
    words              1 cases
    1 cases checked, all are right
    """
    library = library_named(backend)
    maker = Maker(library, library.device(device))
    checked: Counter[str] = Counter()
    left: Counter[str] = Counter()
    wrong: list[str] = []
    for case in read_vectors(path):
        if progress is not None:
            progress()
        if case.section == "models" and not models:
            left["whole models were left out"] += 1
            continue
        why = _why_not(library, case.fields)
        if why:
            left[why] += 1
            continue
        checked[case.section] += 1
        with within(f"{path}: {case.place}"):
            said = _mismatch(MADE[case.section](maker, case.fields))
        if said:
            wrong.append(f"{case.place}{_about(case.fields)}: {said}")
    if not checked:
        rule = f"must have cases that {backend} can make"
        raise must("the file", rule, dict(left))
    return Conformance(dict(checked), tuple(wrong), dict(left))


def _why_not(library: Library, fields: dict[str, Any]) -> str:
    """Why a case cannot be made; empty if it can."""
    names = [fields.get("dtype", "float32"), *(each["dtype"] for each in _typed(fields))]
    for name in names:
        try:
            library.dtype(name)
        except (ParameterError, MissingExtraError) as error:
            return str(error).partition(";")[0]
    return ""


def _typed(fields: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (each for each in fields.get("tensors", ()) if "dtype" in each)


def _about(fields: dict[str, Any]) -> str:
    """What is drawn, in short."""
    if "draw" not in fields:
        return ""
    shown = ("low", "high", "mean", "std", "lower", "upper", "bounds")
    given = ", ".join(f"{name} {fields[name]}" for name in shown if name in fields)
    key = fields["key"]
    return f" ({fields['draw']}{f' with {given}' if given else ''} in {fields['dtype']}, {key})"


def _mismatch(wanted: Iterable[Wanted]) -> str:
    """The first difference, in words, and how many there are; empty if there is none."""
    found = [each for each in wanted if not each.right]
    if not found:
        return ""
    more = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
    return f"{found[0].what} must be {found[0].known}, got {found[0].made}{more}"
