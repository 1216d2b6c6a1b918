"""Copy this package into another: ``python -m agnostic_init.vendoring FOLDER --as mylib._vendor.agnostic_init``.

The copy imports itself by its new name, beside this package or without it, and needs nothing but NumPy
and array-api-compat, which may be a copy as well.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.library import COMPAT
from agnostic_init.version import __version__

__all__ = ["main", "vendor"]

SOURCE = Path(__file__).parent
OWN = SOURCE.name  # and not of `__name__`, which is "__main__" for the command
KINDS = (".py", ".typed", ".bin", ".cu", ".h")  # not what a compiler needs, nor what it made
LEFT_OUT = (
    "pyinstaller",
    "__pycache__",
    "vendoring.py",
)  # a bundle has a hook for the package's own name
NATIVE = ("_native.so", "_native.dylib", "_native.dll")
IMPORT = re.compile(rf"^(\s*(?:>>> |\.\.\. )?(?:from|import) ){OWN}(?=[ .])", re.MULTILINE)
PATH = re.compile(rf"""(["']){OWN}\.(?=[a-z_{{"'])""")  # a module's path in a string
WHERE = f'COMPAT = "{COMPAT}"'


def vendor(
    folder: str | Path, name: str, *, array_api_compat: str = COMPAT, native: bool = False
) -> Path:
    """Copy the package into a folder, under another name.

    Parameters
    ----------
    folder
        Of the copy: a new one, or one that holds an older copy, whose files are removed.
    name
        What the copy is imported as, as ``"mylib._vendor.agnostic_init"``.
    array_api_compat
        What array-api-compat is imported as, where a copy of that is to be used.
    native
        Whether to copy the compiled library too, which is for this platform alone. Without it NumPy
        makes the same numbers, in more time.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ParameterError
        If a name is not that of a module, or the folder holds something else.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from agnostic_init.vendoring import vendor
    >>> with TemporaryDirectory() as there:
    ...     made = vendor(f"{there}/agnostic_init", "mylib._vendor.agnostic_init")
    ...     text = (made / "bits" / "key.py").read_text()
    >>> "from mylib._vendor.agnostic_init.arrays.errors import" in text
    True
    """
    for parameter, given in (("name", name), ("array_api_compat", array_api_compat)):
        if not all(part.isidentifier() for part in given.split(".")):
            raise must(parameter, "must be the name of a module", given, "'mylib._vendor.of_it'")
    place = Path(folder)
    if place.exists():
        if not (place / "version.py").is_file() or not (place / "draws").is_dir():
            raise must("folder", "must be a new one, or one with an older copy", str(folder))
        shutil.rmtree(place)
    for path in sorted(SOURCE.rglob("*")):
        inside = path.relative_to(SOURCE)
        if set(inside.parts) & set(LEFT_OUT) or not path.is_file():
            continue
        if path.suffix not in KINDS and not (native and path.name in NATIVE):
            continue
        copy = place / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            copy.write_text(_renamed(path.read_text("utf-8"), name, array_api_compat), "utf-8")
        else:
            shutil.copyfile(path, copy)
    return place


def _renamed(text: str, name: str, array_api_compat: str) -> str:
    text = IMPORT.sub(rf"\g<1>{name}", text)
    text = PATH.sub(rf"\g<1>{name}.", text)
    return text.replace(WHERE, f'COMPAT = "{array_api_compat}"')


def main(arguments: list[str] | None = None) -> int:
    """Copy as the command line says."""
    parser = argparse.ArgumentParser("python -m agnostic_init.vendoring", description=__doc__)
    parser.add_argument("folder", help="where the copy goes, as src/mylib/_vendor/agnostic_init")
    parser.add_argument("--as", dest="name", required=True, metavar="MODULE")
    parser.add_argument("--array-api-compat", default=COMPAT, metavar="MODULE")
    parser.add_argument(
        "--native", action="store_true", help="this platform's compiled library too"
    )
    asked = parser.parse_args(arguments)
    try:
        made = vendor(
            asked.folder, asked.name, array_api_compat=asked.array_api_compat, native=asked.native
        )
    except ValueError as error:
        sys.stderr.write(f"{parser.prog}: error: {error}\n")
        return 2
    sys.stdout.write(f"{made}: agnostic_init {__version__} as {asked.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
