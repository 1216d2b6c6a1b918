"""A model is its parameters: each what its initializer makes alone, with the key folded by its name."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import agnostic_init as ai
from fuzz import oracle, shapes, strategies
from fuzz.libraries import CHOICES, Library
from fuzz.programs import Program

__all__ = ["Case", "cases", "check"]

NAMES = st.sampled_from(["a", "", 0, None, b"a", ("a", 1), "\ud800", "a" * 300, "\x00", 1.5])


class Case(NamedTuple):
    """Shapes and initializers by name, a key, and a library."""

    specs: dict[str, Any]
    rules: list[tuple[Any, Any]]
    key: Any
    dtype: str
    library: Library

    def program(self) -> Program:
        """The call of `init_tree`."""
        where = f"key={self.key!r}, dtype={self.dtype!r}, xp={self.library.xp}"
        off = ("jax.config.update('jax_enable_x64', False)",) if self.library.name == "jax" else ()
        call = f"ai.init_tree({self.specs!r}, {self.rules!r}, {where})"
        return Program((*off, *self.library.before, call))

    def __str__(self) -> str:
        return str(self.program())


@st.composite
def cases(draw: Any) -> Case:
    """Up to eight parameters; each has a rule of its own, or one has those that nothing else has."""
    names = draw(
        st.lists(st.text("ab.0[*é", min_size=1, max_size=5), min_size=1, max_size=8, unique=True)
    )
    few = [draw(shapes.shapes(64)) for _ in range(2)]
    specs: dict[str, Any] = {}
    rules: list[tuple[Any, Any]] = []
    some = draw(strategies.initializers())
    for name in names:
        shape = draw(st.one_of(st.sampled_from(few), shapes.shapes(64)))
        specs[name] = (shape, draw(strategies.dtypes())) if draw(strategies.rarely) else shape
        if draw(st.booleans()):
            rules.append((name, draw(st.one_of(st.just(some), strategies.initializers()))))
    rules.append(("*", some))
    if draw(strategies.rarely):
        rules.insert(0, (draw(strategies.anything), draw(strategies.anything)))
    if draw(strategies.rarely):
        specs[draw(NAMES)] = draw(strategies.anything)
    dtype = draw(st.sampled_from(["float32", "float32", "bfloat16", "float64", "complex64"]))
    return Case(specs, rules, draw(strategies.keys()), dtype, draw(st.sampled_from(CHOICES)))


def check(case: Case) -> None:
    """Made together, and filled together, all are what they are alone."""
    got = case.program().outcome()
    if got.refused:
        return
    key = ai.key(Program((repr(case.key),)).outcome().value)
    given = Program((f"({case.specs!r}, {case.rules!r})",)).outcome().value
    plan = ai.init_tree(*given, key=key, dtype=case.dtype, dry_run=True)
    outs = {}
    for entry in plan.entries:
        made = got.value[entry.name]
        alone = entry.initializer(entry.shape, key=key.fold_in(entry.name), dtype=entry.dtype)
        _check_same(entry, made, alone, case.library.name)
        outs[entry.name] = np.empty_like(alone)
    rules = [(f"re:{re.escape(entry.name)}", entry.initializer) for entry in plan.entries]
    ai.fill_tree(outs, rules, key=key)
    for entry in plan.entries:
        alone = entry.initializer(entry.shape, key=key.fold_in(entry.name), dtype=entry.dtype)
        oracle.check_equal(outs[entry.name], alone)


def _check_same(entry: Any, made: Any, alone: Any, library: str) -> None:
    init = entry.initializer
    if init.elementwise and (library in ("numpy", "torch") or oracle.is_exact(init, entry.dtype)):
        oracle.check_equal(made, alone)
    else:
        oracle.check_close(made, alone, 4 if init.elementwise else 64)
