"""Which tests a library adds to those that run with NumPy alone: what ``pytest --adds torch`` selects.

They are those that use the backend fixture, if it is one of its backends; the files that are named for the library, or skipped whole without it; and
in other files the tests that ask for it, themselves or in what they use. What has none of them is not even imported.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MODELS", "adds", "has_backend"]

# Tests of other people's models: as if those were a library, of this name.
MODELS = "models"
TESTS = Path(__file__).parent
BACKEND = re.compile(r"(?:\bdef \w+|usefixtures)\([^)]*\b(?:backend|xp)\b")
FUNCTIONS = (ast.FunctionDef, ast.ClassDef, ast.Lambda)


@functools.cache
def adds(path: Path, libraries: tuple[str, ...]) -> frozenset[str] | None:
    """The functions of a file of tests that need one of these libraries; None if all of it does."""
    if path.is_relative_to(TESTS / "torch" / "models"):
        return None if MODELS in libraries else frozenset()
    named = tuple(name for name in libraries if name != MODELS)
    if any(name in path.stem for name in named):
        return None
    text = path.read_text(encoding="utf-8")
    if not any(name in text for name in named):
        return frozenset()
    module = ast.parse(text)
    mentioned = any(_is_of(named, each) for each in ast.walk(module))
    if any(_asks(each, named, mentioned) for part in module.body for each in _at_import(part)):
        return None
    needing: set[str] = set()
    parts = [(_names(part), part) for part in module.body]
    for names, part in parts:
        if any(_asks(each, named, mentioned) for each in ast.walk(part)):
            needing.update(names)
    while True:
        more = {name for names, part in parts if needing & _used(part) for name in names} - needing
        if not more:
            return frozenset(needing)
        needing |= more


@functools.cache
def has_backend(path: Path) -> bool:
    """Whether a file may have tests that use the backend fixture."""
    return BACKEND.search(path.read_text(encoding="utf-8")) is not None


def _is_of(libraries: tuple[str, ...], node: ast.AST) -> bool:
    """Whether a constant is the name of a library, or of a module of it."""
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Constant) or not isinstance(value, str):
        return False
    return value.removeprefix("array_api_").partition(".")[0] in libraries


def _asks(node: ast.AST, libraries: tuple[str, ...], mentioned: bool) -> bool:
    """Whether a test that comes to this is skipped without the library, or fails."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] in libraries
    if isinstance(node, ast.Import):
        return any(each.name.partition(".")[0] in libraries for each in node.names)
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name not in ("importorskip", "find_spec"):
        return False
    (first, *_) = node.args
    return _is_of(libraries, first) or (mentioned and not isinstance(first, ast.Constant))


def _at_import(part: ast.AST) -> Iterator[ast.AST]:
    """What is run when the file is imported."""
    if not isinstance(part, FUNCTIONS):
        yield part
        for each in ast.iter_child_nodes(part):
            yield from _at_import(each)


def _names(part: ast.stmt) -> list[str]:
    """What a statement of a file defines."""
    if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
        return [part.name]
    stored = (each for each in ast.walk(part) if isinstance(each, ast.Name))
    return [each.id for each in stored if isinstance(each.ctx, ast.Store)]


def _used(part: ast.stmt) -> set[str]:
    """The names that a statement mentions: as names, parameters of fixtures, or strings."""
    found = set()
    for each in ast.walk(part):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.arg):
            found.add(each.arg)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            found.add(each.value)
    return found
