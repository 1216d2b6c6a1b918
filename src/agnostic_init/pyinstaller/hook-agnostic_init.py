"""PyInstaller's hook: modules are imported by name when they are first used, which it cannot see.

Array libraries are not brought by it: an application has those that it imports itself.
"""  # noqa: N999 - PyInstaller finds a hook by this name

from __future__ import annotations

from pathlib import Path

import array_api_compat

__all__ = ["datas", "excludedimports", "hiddenimports"]

PACKAGE = Path(__file__).parents[1]
NAMESPACES = Path(array_api_compat.__file__).parent
LIBRARIES = ("array_api_strict", "cuda", "cupy", "dask", "jax", "keras", "torch")


def _names() -> list[str]:
    """The modules that are of no array library, by their files: importing some would import one."""
    paths = [path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py")]
    return sorted(
        ".".join(path.parts).removesuffix(".__init__")
        for path in paths
        if not any(part.startswith((*LIBRARIES, "pyinstaller")) for part in path.parts)
    )


def _files(folder: Path) -> list[tuple[str, str]]:
    """All files of a package, each with the folder that it goes to."""
    return [
        (str(path), str(path.parent.relative_to(folder.parent)))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


hiddenimports = _names()
excludedimports = [*LIBRARIES, "tqdm", "ml_dtypes"]
# The compiled library, the sources of kernels, and tables; and as they are, the modules for array
# libraries: were their imports followed, each would bring its library.
datas = [*_files(PACKAGE), *_files(NAMESPACES)]
