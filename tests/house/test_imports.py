"""Who may import what.

1. A module may import an optional library only if its dotted name names that library (``draws.engines.numba``,
   ``arrays.torch``, ``compat.torch_init``), or the extra that brings it (``cli`` may import tqdm, ``study.plots``
   matplotlib, ``strict`` array_api_strict). ``cuda`` may import cupy and torch, and ``numpy`` may import ml_dtypes, which
   holds NumPy's small floats.
2. A module that imports a library at its top is itself imported only inside functions, or by modules named for that
   same library. So ``import agnostic_init`` loads no optional library, and a subprocess proves that it does not.
3. No module imports from the ``__init__`` of a package that it lies in: that is how knots begin.

The order of the folders is import-linter's to watch: see pyproject.toml.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import agnostic_init

PACKAGE = Path(agnostic_init.__file__).parent

OPTIONAL = frozenset(
    {
        "array_api_strict",
        "cuda",
        "cupy",
        "dask",
        "jax",
        "keras",
        "matplotlib",
        "ml_dtypes",
        "numba",
        "safetensors",
        "scipy",
        "sklearn",
        "torch",
        "tqdm",
        "transformers",
    }
)
ALSO_NAMES = {
    "cli": {"tqdm"},
    "cuda": {"cupy", "torch"},
    "low_precision": {"ml_dtypes"},
    "numpy": {"ml_dtypes"},
    "plots": {"matplotlib"},
    "strict": {"array_api_strict"},
}
SAME_LIBRARY = {"jaxlib": "jax", "cupyx": "cupy", "distributed": "dask"}


class Import(NamedTuple):
    """One import statement's target, as far as a reader can tell without running it."""

    module: str  # the module it names
    name: str  # the name it takes from there, or ""
    line: int
    at_top: bool  # runs when the importing module is imported


def imports_of(source: str, *, module: str, is_package: bool) -> Iterator[Import]:
    """Every import of a module's source, relative ones resolved."""

    def walk(node: ast.AST, at_top: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, "", child.lineno, at_top)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = module.split(".")
                    parts = parts[: len(parts) - child.level + is_package]
                    base = ".".join([*parts, *([base] if base else [])])
                for alias in child.names:
                    yield Import(base, alias.name, child.lineno, at_top)
            elif isinstance(child, ast.Call) and named(child.func) in {
                "import_module",
                "__import__",
            }:
                if child.args and isinstance(child.args[0], ast.Constant):
                    yield Import(str(child.args[0].value), "", child.lineno, at_top)
                yield from walk(child, at_top)
            elif isinstance(child, ast.If) and named(child.test) == "TYPE_CHECKING":
                for part in child.body:
                    yield from walk(ast.Module([part], []), False)
                for part in child.orelse:
                    yield from walk(ast.Module([part], []), at_top)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, at_top and not inside)

    return walk(ast.parse(source), True)


def named(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def library_of(found: Import) -> str | None:
    """The optional library that an import loads, if it loads one."""
    parts = [*found.module.split("."), found.name]
    top = parts[1] if parts[0] == "array_api_compat" else parts[0]
    top = SAME_LIBRARY.get(top, top)
    return top if top in OPTIONAL else None


def names(module: str) -> set[str]:
    """The optional libraries that a module's dotted name names."""
    padded = module.replace(".", "_._")
    padded = f"_{padded}_"
    found = {library for library in OPTIONAL if f"_{library}_" in padded}
    for word, libraries in ALSO_NAMES.items():
        if f"_{word}_" in padded:
            found |= libraries
    return found


def complaints(sources: dict[str, str], packages: set[str]) -> list[str]:
    """What is wrong with the imports of these modules, given as {dotted name: source}."""
    imports = {
        module: list(imports_of(source, module=module, is_package=module in packages))
        for module, source in sources.items()
    }
    said = []
    eager: dict[str, set[str]] = {}  # module -> the libraries that importing it loads
    for module, found in imports.items():
        for one in found:
            library = library_of(one)
            if library is None:
                continue
            if library not in names(module):
                said.append(f"{module}:{one.line} imports {library}, and is not named for it")
            if one.at_top:
                eager.setdefault(module, set()).add(library)

    for module, found in imports.items():
        for one in found:
            whole = f"{one.module}.{one.name}"
            target = whole if whole in sources else one.module
            loads = eager.get(target, set()) - names(module)
            if one.at_top and loads:
                said.append(
                    f"{module}:{one.line} imports {target} at its top, which loads "
                    f"{', '.join(sorted(loads))}; import it in the function that needs it"
                )
            if f"{module}.".startswith(f"{target}.") and target in packages and target != module:
                said.append(
                    f"{module}:{one.line} imports from the __init__ of {target}, a package that "
                    "it lies in; import from the module that defines the name"
                )
    return said


def read_package() -> tuple[dict[str, str], set[str]]:
    """The source of every module of the package, and which of them are packages."""
    sources, packages = {}, set()
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = [PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
            packages.add(".".join(parts))
        sources[".".join(parts)] = path.read_text(encoding="utf-8")
    return sources, packages


def test_libraries_are_imported_where_the_name_says_so():
    sources, packages = read_package()
    assert "agnostic_init" in packages
    assert complaints(sources, packages) == []


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("p.draws.fast", "import torch", "is not named for it"),
        ("p.draws.fast", "def f():\n    import torch.nn as nn", "is not named for it"),
        ("p.draws.fast", "from jax import numpy", "is not named for it"),
        ("p.draws.fast", "import array_api_compat.cupy", "imports cupy"),
        ("p.draws.fast", "from array_api_compat import torch", "imports torch"),
        ("p.draws.fast", "import importlib\nimportlib.import_module('dask.array')", "imports dask"),
        ("p.draws.torchlike", "import torch", "is not named for it"),
        ("p.draws.fast", "from p.draws.numba import kernel", "at its top, which loads numba"),
        ("p.draws.fast", "from .numba import kernel", "at its top, which loads numba"),
        ("p.draws.fast", "from . import numba", "at its top, which loads numba"),
        ("p.draws.fast", "try:\n    from .numba import k\nexcept ImportError: pass", "which loads"),
        ("p.draws.fast", "class A:\n    from .numba import kernel", "which loads numba"),
        ("p.draws.fast", "from p.draws import normal", "imports from the __init__ of p.draws"),
        ("p.draws.fast", "import p", "imports from the __init__ of p"),
    ],
)
def test_the_rule_sees_what_it_forbids(module, source, words):
    sources = {"p": "", "p.draws": "", "p.draws.numba": "import numba", module: source}
    said = complaints(sources, {"p", "p.draws"})
    assert any(words in line for line in said), said


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("p.draws.engines.numba", "import numba"),
        ("p.compat.torch_init", "import torch"),
        ("p.torch.modules", "import torch"),
        ("p.arrays.array_api_strict", "import array_api_strict"),
        ("p.arrays.strict", "import array_api_strict"),
        ("p.cli", "def main():\n    from tqdm import tqdm"),
        ("p.study.plots", "import matplotlib.pyplot as plt"),
        ("p.draws.engines.cuda", "def f():\n    import cupy"),
        ("p.draws.fast", "import numpy as np\nfrom array_api_compat import array_namespace"),
        ("p.draws.fast", "def f():\n    from p.draws.numba import kernel"),
        ("p.draws.fast", "if TYPE_CHECKING:\n    from p.draws.numba import kernel"),
        ("p.draws.fast", "from p.draws import numpy_threads"),
    ],
)
def test_the_rule_allows_the_rest(module, source):
    sources = {
        "p": "",
        "p.draws": "",
        "p.draws.numba": "import numba",
        "p.draws.numpy_threads": "",
        module: source,
    }
    assert complaints(sources, {"p", "p.draws"}) == []


@pytest.fixture
def decoys(tmp_path):
    """A folder of empty modules with the names of the optional libraries, so that an import is seen installed or not."""
    for library in OPTIONAL:
        (tmp_path / f"{library}.py").touch()
    return tmp_path


def modules_of(statement: str, decoys: Path) -> set[str]:
    """The modules in ``sys.modules`` after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    path = [str(decoys), *([os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else [])]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def loaded_by(statement: str, decoys: Path) -> set[str]:
    """The optional libraries among them."""
    return OPTIONAL & {name.split(".")[0] for name in modules_of(statement, decoys)}


def test_importing_the_package_loads_no_optional_library(decoys):
    assert loaded_by("import agnostic_init", decoys) == set()


@pytest.mark.parametrize("library", sorted(OPTIONAL))
def test_that_check_can_fail(library, decoys):
    assert loaded_by(f"import agnostic_init, {library}", decoys) == {library}


# What a user's first call needs of the initializers, and no more: each of the others costs its share of a millisecond.
FAMILIES = {
    "ai.normal": {"random"},
    "ai.get('normal')": {"lookup", "random", "registry"},
    "ai.constant": {"blocks", "constant", "constant_values"},
    "ai.he_normal('torch')": {"named", "random", "scaling"},
    "ai.orthogonal": {"blocks", "orthogonal"},
}


@pytest.mark.parametrize("expression", FAMILIES)
def test_an_initializer_is_imported_alone(expression, decoys):
    prefix = "agnostic_init.initializers."
    loaded = modules_of(f"import agnostic_init as ai; {expression}", decoys)
    found = {name.removeprefix(prefix) for name in loaded if name.startswith(prefix)}
    assert found - {"base"} == FAMILIES[expression]
    others = {"models", "checkpoint", "compat", "study", "cli", "gains"}
    if "orthogonal" not in expression:
        others |= {"linalg"}
    assert not others & {name.split(".")[1] for name in loaded if name.startswith("agnostic_init.")}
