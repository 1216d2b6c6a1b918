"""Every array is made on a device that somebody chose.

A creation function called without ``device=`` puts its array on the library's default device, which is right on the
machine where it was written. This reads the source and wants the keyword in every call of ``zeros``, ``ones``,
``empty``, ``full``, ``arange``, ``eye``, ``linspace``, and of ``asarray`` on a literal, on any array namespace: ``xp``,
``something.xp``, ``torch``, ``cupy``, ``jnp``. NumPy called by its own name has one device and is exempt.

Where a call is right without, a comment on one of its lines says why: ``# no device: the reason``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import agnostic_init

PACKAGE = Path(agnostic_init.__file__).parent

CREATION = {"arange", "asarray", "empty", "eye", "full", "linspace", "ones", "zeros"}
NAMESPACES = {"array_api_strict", "cp", "cupy", "jnp", "namespace", "torch"}
PRAGMA = re.compile(r"#\s*no device:\s*\S")


def is_namespace(node: ast.expr) -> bool:
    """Whether an expression is called what array namespaces are called here."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in NAMESPACES or name.rpartition("_")[2] == "xp"


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is made of literals, at least at its surface."""
    if isinstance(node, ast.UnaryOp):
        return is_literal(node.operand)
    if isinstance(node, ast.BinOp):
        return is_literal(node.left) and is_literal(node.right)
    return isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.ListComp)


def without_device(source: str) -> list[tuple[int, str]]:
    """The line and text of every creation call that names no device."""
    lines = source.splitlines()
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in CREATION or not is_namespace(node.func.value):
            continue
        if node.func.attr == "asarray" and not (node.args and is_literal(node.args[0])):
            continue
        if any(keyword.arg in {"device", None} for keyword in node.keywords):
            continue  # None: **keywords, which may well hold it
        if any(PRAGMA.search(line) for line in lines[node.lineno - 1 : node.end_lineno]):
            continue
        found.append((node.lineno, ast.unparse(node)))
    return found


def test_every_creation_call_names_its_device():
    found = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in without_device(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "pass device=, or say why not: # no device: <reason>"


@pytest.mark.parametrize(
    "source",
    [
        "xp.zeros((2, 3))",
        "xp.ones(3, dtype=xp.float32)",
        "self.xp.empty(shape)",
        "like_xp.full(shape, 1.0)",
        "torch.arange(5)",
        "jnp.eye(3)",
        "cupy.linspace(0, 1, 5)",
        "xp.asarray(1.0)",
        "xp.asarray(-1)",
        "xp.asarray([1, 2])",
        "xp.asarray(2**32 - 1, dtype=xp.uint64)",
        "xp.zeros(3)  # no device:",
        "f(xp.zeros(3), device=d)",
    ],
)
def test_the_check_sees_a_missing_device(source):
    assert without_device(source)


@pytest.mark.parametrize(
    "source",
    [
        "xp.zeros((2, 3), device=device)",
        "xp.zeros(3, **where)",
        "np.zeros(3)",
        "numpy.zeros(3)",
        "xp.asarray(x)",
        "xp.zeros_like(x)",
        "zeros()",
        "initializers.zeros()",
        "xp.zeros(\n    3,\n)  # no device: traced, the caller places it",
    ],
)
def test_the_check_lets_the_rest_pass(source):
    assert without_device(source) == []
