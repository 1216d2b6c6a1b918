"""The files that one name stands for: a single file, or an index and those that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agnostic_init.arrays.errors import must
from agnostic_init.storage.checkpoint import INDEX

__all__ = ["leftovers", "place_of", "remove"]

ENDING = ".safetensors"
LARGEST = 100_000_000  # bytes of an index


def place_of(target: Path, overwrite: bool) -> Path:
    """The place of a file that may be written. A link stays a link: what it leads to is replaced."""
    if target.exists() and not target.is_file():
        raise must("path", "must be that of a file, not of a folder or device", str(target))
    if not target.parent.is_dir():
        raise must("path", "must be in a folder that exists", str(target))
    if target.exists() and not overwrite:
        raise must("path", "must not exist yet", str(target), "overwrite=True")
    with suppress(RuntimeError):  # of a circle, by Python before 3.13
        found = target.resolve()
        if not found.is_symlink():
            return found
    raise must("path", "must not be a link that leads back to itself", str(target))


def leftovers(path: Path, new: Sequence[Path], overwrite: bool) -> list[Path]:
    """The files of an earlier model of this name that the new ones do not take the place of.

    Those would be read in place of the new ones, or beside them: an index where there is one file
    now, one file where there is an index now, and the files that an earlier index names, if they
    are called as `write` calls them.

    Raises
    ------
    ParameterError
        If there are such, and they may not be replaced.
    """
    single = path.with_name(path.name.removesuffix(INDEX))
    stem = single.name.removesuffix(ENDING)
    index = path.with_name(f"{stem}{ENDING}{INDEX}")
    called = re.compile(rf"{re.escape(stem)}-[0-9]{{5}}-of-[0-9]{{5}}{re.escape(ENDING)}")
    named = [path.with_name(name) for name in _named_by(index) if called.fullmatch(name)]
    kept = set(new)
    found = [each for each in (index, single, *named) if each not in kept and _is_file(each)]
    # Files of an earlier run that was ended between two renames are named by no index.
    if found and not overwrite:
        rule = f"must not stand beside what a model of this name is read from, {found[0].name}"
        raise must("path", rule, str(path), "overwrite=True, which removes that")
    return found


def remove(files: Sequence[Path]) -> tuple[Path, ...]:
    """Remove files, an index before what it names; those that are gone are no error."""
    for each in files:
        each.unlink(missing_ok=True)
    return tuple(files)


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # of a name that is too long for one
        return path.is_file()
    return False


def _named_by(index: Path) -> list[str]:
    """The names of files in an index; none of what is no index."""
    with suppress(OSError, ValueError, RecursionError):
        if _is_file(index) and index.stat().st_size <= LARGEST:
            table = json.loads(index.read_bytes())
            if isinstance(table, dict) and isinstance(table.get("weight_map"), dict):
                names = {name for name in table["weight_map"].values() if isinstance(name, str)}
                return sorted(names)
    return []
