"""One contender's first use, in the process that imports this: ``main(NAME, LIBRARY, MODEL, DTYPE, THREADS)``.

The library of the arrays is imported and the tensors are made before the clock starts, for they are
there whoever fills them. Whatever else a user waits for is counted: importing agnostic_init, the
rules, tracing and compiling, and the numbers.

A module here is what a user of its library writes:

    tensors(model, dtype)           the parameters in memory that has been touched; None in JAX,
                                    whose arrays cannot be written
    initialize(tensors, model, dtype)  the parameters by their rules, in a list
    wait(made)                      return when they are there
    numbers(array, count)           the first `count` elements as float64 in NumPy

`ours` has `initialize` alone and is given the tensors of a library's module. Nothing may be
imported here before the clock starts that agnostic_init would have to import itself.
"""

from __future__ import annotations

import importlib
import os
import sys
import time

from bench.plans import model as model_of

__all__ = ["main"]


def main(program: str, library: str, model_name: str, dtype: str, threads: str) -> None:
    """Initialize once, and print what was seen as JSON."""
    out = os.dup(1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        # The threads of libraries that take no number from the environment, as XLA's.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    try:
        arrays = importlib.import_module(f"bench.fresh.{library}")
    except ImportError as error:
        _say(out, missing=str(error))
        return
    made_by = arrays
    if program == "ours":
        made_by = importlib.import_module("bench.fresh.ours")
    model = model_of(model_name)
    try:
        tensors = arrays.tensors(model, dtype)
        start = time.perf_counter()
        made = made_by.initialize(tensors, model, dtype)
        arrays.wait(made)
        seconds = time.perf_counter() - start
    except NotImplementedError as error:
        _say(out, not_offered=str(error))
        return
    from bench.seen import seen

    first = model.tensors()[0]
    about = seen(arrays.numbers, made[0], first.shape, orthogonal=first.law.kind == "orthogonal")
    _say(out, seconds=seconds, seen=about, **_versions(program, library))


def _versions(program: str, library: str) -> dict[str, str]:
    if program != "ours":
        return {"version": sys.modules[library].__version__}
    import agnostic_init
    from bench.engine import engine

    return {"version": agnostic_init.__version__, "engine": engine()}


def _say(out: int, **what: object) -> None:
    import json

    os.write(out, json.dumps(what).encode() + b"\n")
