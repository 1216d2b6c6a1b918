"""What is public is listed, exists, and is documented."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import agnostic_init
from agnostic_init.arrays import errors
from agnostic_init.homes import FOLDERS, HOMES
from agnostic_init.initializers import registry

PACKAGE = Path(agnostic_init.__file__).parent
PEERS = Path(__file__).parents[2] / "docs" / "data" / "initializers.toml"
MODULES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)

DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_the_package_lists_its_names():
    assert agnostic_init.__all__
    assert len(set(agnostic_init.__all__)) == len(agnostic_init.__all__)


def differing(what: str, listed: set[str], elsewhere: set[str]) -> str:
    """What is missing in one of two lists, in words; nothing if they are of the same names."""
    said = [f"{what} lacks {name}" for name in sorted(elsewhere - listed)]
    return "; ".join(said + [f"{what} alone has {name}" for name in sorted(listed - elsewhere)])


def test_the_table_of_homes_is_whole_and_true():
    homes = {name: home for home, names in HOMES.items() for name in names}
    public = {*homes, *FOLDERS}
    assert not differing("__all__ of __init__.py", set(agnostic_init.__all__), public)
    assert sorted(public) == agnostic_init.__all__, "in alphabetical order"
    for name, home in homes.items() - {("__version__", "version")}:
        if "torch" in home and importlib.util.find_spec("torch") is None:
            continue  # see test_public_torch.py
        assert getattr(agnostic_init, name).__module__ == f"agnostic_init.{home}"
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (checked,) = (each for each in tree.body if isinstance(each, ast.If))
    imported = {
        alias.name: each.module.removeprefix("agnostic_init").removeprefix(".")
        for each in checked.body
        for alias in each.names
    }
    assert not differing("the imports for type checkers in __init__.py", set(imported), public)
    assert imported == {**homes, **dict.fromkeys(FOLDERS, "")}


def test_an_initializer_that_is_defined_is_public():
    """Or it has an underscore: a class that can be built by its name, or a function that returns one."""
    homes = {home for home in HOMES if home.startswith("initializers.")}
    for home in sorted(homes):
        module = importlib.import_module(f"agnostic_init.{home}")
        kinds = {
            name
            for name in module.__all__
            if isinstance(getattr(module, name), type)
            and issubclass(getattr(module, name), agnostic_init.Initializer)
            and name.islower()
        }
        assert not differing(f"HOMES[{home!r}]", {*HOMES[home]} & kinds, kinds)


def test_the_table_of_initializers_is_that_of_the_public_ones():
    for name in registry.names():
        assert registry.factory_of(name) is getattr(agnostic_init, name)
        assert registry.is_registered(getattr(agnostic_init, name))
    others = {"CustomInitializer", "Description", "Initializer", "from_function", "get", "register"}
    assert not others & set(registry.names())


def test_every_initializer_has_a_row_in_the_table_of_the_docs():
    rows = tomllib.loads(PEERS.read_text(encoding="utf-8"))
    assert not differing(f"docs/data/{PEERS.name}", set(rows), set(registry.names()))
    columns = {"group", "formula", "torch", "keras", "jax", "others"}
    for name, row in rows.items():
        assert {"group", "formula"} <= set(row) <= columns, name
        assert all(text.strip() and "\n" not in text for text in row.values()), name


@pytest.mark.parametrize("name", sorted(getattr(agnostic_init, "__all__", [])))
def test_a_public_name_exists_and_is_documented(name):
    thing = getattr(agnostic_init, name)
    if isinstance(thing, types.ModuleType) or callable(thing):
        assert (inspect.getdoc(thing) or "").strip(), f"{name} has no docstring"


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # importing it is a ModuleNotFoundError, as where it is not installed
import agnostic_init as ai
from agnostic_init import *
import inspect
inspect.getmembers(ai)
assert torch.__doc__ and not hasattr(torch, "__wrapped__")
for use in (lambda: torch.build(list, key=0), lambda: init_module(None, key=0), lambda: poison(None)):
    try:
        use()
    except ai.MissingExtraError as error:
        assert 'pip install "agnostic-init[torch]"' in str(error), error
        assert str(error).startswith("agnostic_init."), error
    else:
        sys.exit("it was not refused")
"""


def test_names_that_need_torch_say_so_where_it_is_not_installed():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_dir_shows_the_public_names_and_no_more():
    assert dir(agnostic_init) == sorted(agnostic_init.__all__)
    assert dir(agnostic_init.compat) == agnostic_init.compat.__all__


@pytest.mark.parametrize(
    "names",
    [
        ("draws", "normal"),
        ("linalg", "haar_matrices"),
        ("checkpoint", "write_plan"),
        ("compat", "jax"),
        ("compat", "keras"),
        ("compat", "torch_init"),
    ],
)
def test_a_folder_is_imported_when_it_is_used(names):
    library = names[1].removesuffix("_init")
    if names[0] == "compat" and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    uses = f"import agnostic_init as ai; assert ai.{'.'.join(names)}"
    done = subprocess.run(
        [sys.executable, "-c", uses],
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["agnostic_init", "agnostic_init.compat"])
def test_another_name_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'importance'"):
        _ = importlib.import_module(module).importance


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AmbiguousLayoutError", ValueError),
        ("MissingExtraError", ImportError),
        ("ParameterError", ValueError),
        ("ParameterTypeError", TypeError),
    ],
)
def test_the_exceptions_are_public(name, kind):
    error = getattr(agnostic_init, name)
    assert issubclass(error, kind)
    assert error is getattr(errors, name)


def top_level(tree: ast.Module) -> list[ast.stmt]:
    """The statements that run when a module is imported, those under ``if`` and ``try`` among them."""
    found, queue = [], list(tree.body)
    while queue:
        node = queue.pop(0)
        found.append(node)
        if isinstance(node, ast.If | ast.Try | ast.With):
            for field in ("body", "orelse", "finalbody"):
                queue.extend(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                queue.extend(handler.body)
    return found


def targets(node: ast.stmt) -> list[str]:
    """The plain names that an assignment binds."""
    if isinstance(node, ast.Assign):
        found = [each for target in node.targets for each in ast.walk(target)]
        return [each.id for each in found if isinstance(each, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def complaints(source: str, *, is_package: bool) -> list[str]:
    """What is wrong with a module's ``__all__``; read, not run, so that no library is needed."""
    listed: list[str] | None = None
    defined, assigned, imported = set(), set(), set()
    for node in top_level(ast.parse(source)):
        if isinstance(node, DEFINITIONS):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif "__all__" in targets(node):
            listed = ast.literal_eval(node.value)
        else:
            assigned |= set(targets(node))

    if listed is None:
        return [] if is_package and not defined | imported - {"annotations"} else ["has no __all__"]
    said = []
    public = {name for name in defined if not name.startswith("_")}
    if unlisted := sorted(public - set(listed)):
        said.append(f"defines {', '.join(unlisted)}, not in __all__: list it or prefix it with _")
    reachable = defined | assigned | (imported if is_package else set())
    if "__getattr__" not in defined and (unknown := sorted(set(listed) - reachable)):
        said.append(f"lists {', '.join(unknown)}, which it does not define")
    if len(set(listed)) != len(listed):
        said.append("lists a name twice")
    return said


@pytest.mark.parametrize("path", MODULES)
def test_a_module_lists_what_it_defines(path):
    source = (PACKAGE / path).read_text(encoding="utf-8")
    assert complaints(source, is_package=path.endswith("__init__.py")) == []


SECTION = re.compile(
    r'(?:Parameters|Attributes)\n +-+\n(?: .*\n|\n)*?(?=\n +[A-Z][a-z ]+\n +--|.*""")'
)


def test_what_stands_for_a_type_in_a_docstring_is_one():
    """In numpydoc, what follows ``name :`` is a type; what is said of a name is a line below it."""
    said = []
    for path in MODULES:
        for section in SECTION.findall((PACKAGE / path).read_text(encoding="utf-8")):
            said += re.findall(r"^ {4,}[a-z_][\w, *]* : .* .*$", section, re.MULTILINE)
    assert said == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(): ...", "has no __all__"),
        ("__all__ = []\ndef f(): ...", "defines f"),
        ("__all__ = []\nif True:\n    class A: ...", "defines A"),
        ("__all__ = ['f', 'g']\ndef f(): ...", "lists g"),
        ("__all__ = ['f', 'f']\ndef f(): ...", "twice"),
        ("__all__ = ['f']\nfrom p.q import f", "lists f"),
    ],
)
def test_the_check_can_fail(source, words):
    assert any(words in line for line in complaints(source, is_package=False))


def test_the_check_can_pass():
    source = "__all__ = ['A', 'B', 'f']\nA = 1\nB: int = 2\ndef f(): ...\ndef _g(): ...\n"
    assert complaints(source, is_package=False) == []
    assert complaints("__all__ = ['f']\nfrom p.q import f", is_package=True) == []
    assert complaints('"""Nothing yet."""', is_package=True) == []
