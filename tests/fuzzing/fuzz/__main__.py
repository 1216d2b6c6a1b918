"""Run the properties in turn until the time is up; a failure prints a small program to paste."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import itertools
import pkgutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import FlakyFailure

from fuzz import properties
from fuzz.libraries import ALL, LIBRARIES

ROUND = 40  # examples of a property, before it is another's turn
MEMORY = 24 << 30  # bytes of addresses, so that a huge array is an error and not the machine's end
STUCK = 120.0  # seconds, after which an example is taken to hang


class Found(Exception):
    """A case that fails, and why."""

    def __init__(self, case: Any, error: BaseException) -> None:
        super().__init__(case, error)
        self.case, self.error = case, error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and return the exit code: 0 where nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="where to begin (default: 0)")
    parser.add_argument("--only", metavar="PROPERTY", action="append", help="of properties/")
    parser.add_argument("--complete", action="store_true", help="fail where a library is missing")
    options = parser.parse_args(arguments)
    modules, missing = _loaded(options.only or _names())
    if missing:
        print(f"not installed, and left out: {', '.join(missing)}")
    if missing and options.complete:
        return 1
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder, "last.py")
        print(f"seed {options.seed}; if this process dies, see {last}", flush=True)
        return _run(modules, options, last)


def _names() -> list[str]:
    return [each.name for each in pkgutil.iter_modules(properties.__path__)]


def _loaded(names: Sequence[str]) -> tuple[list[ModuleType], list[str]]:
    """The properties of these names that can run, and the libraries that are not there."""
    modules, missing = [], [each.name for each in ALL if each not in LIBRARIES]
    for name in names:
        module = importlib.import_module(f"fuzz.properties.{name}")
        if without := getattr(module, "MISSING", ""):
            missing.append(without)
        else:
            modules.append(module)
    return modules, list(dict.fromkeys(missing))


def _run(modules: list[ModuleType], options: argparse.Namespace, last: Path) -> int:
    began = time.monotonic()
    used = dict.fromkeys(modules, 0.0)
    examples = dict.fromkeys(modules, 0)
    for turn in itertools.count():
        module = min(modules, key=lambda each: used[each])
        start = time.monotonic()
        try:
            examples[module] += _round(module, options.seed * 1_000_003 + turn, last)
        except Found as found:
            _report(module, found, options.seed)
            return 1
        used[module] += time.monotonic() - start
        if time.monotonic() - began >= options.seconds and all(examples.values()):
            break
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        print(f"{name}: {examples[module]:,} examples in {used[module]:.0f} s")
    print(f"{sum(examples.values()):,} examples in {time.monotonic() - began:.0f} s: nothing found")
    return 0


def _round(module: ModuleType, number: int, last: Path) -> int:
    """Some examples of a property; how many."""
    count = 0
    found: Found | None = None

    @seed(number)
    @settings(
        max_examples=getattr(module, "ROUND", ROUND),
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(module.cases())
    def example(case: Any) -> None:
        nonlocal count, found
        count += 1
        last.write_text(str(case), "utf-8", "backslashreplace")
        faulthandler.dump_traceback_later(STUCK, exit=True, file=sys.__stderr__)
        try:
            module.check(case)
        except Exception as error:
            found = Found(case, error)
            raise found from error
        finally:
            faulthandler.cancel_dump_traceback_later()

    try:
        example()
    except FlakyFailure:  # it failed once, and not when it was tried again
        raise found or RuntimeError from None
    return count


def _report(module: ModuleType, found: Found, number: int) -> None:
    name = module.__name__.rpartition(".")[2]
    trace = traceback.format_exception(found.error)
    print(f"\n{name} fails:\n")
    with contextlib.suppress(ValueError):
        sys.stdout.reconfigure(errors="backslashreplace")
    print(str(found.case))
    print(f"\n{''.join(trace[-6:])}")
    print(f"again, in tests/fuzzing/: python -m fuzz --seed {number} --only {name}", flush=True)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    faulthandler.enable()
    _limit_memory()
    sys.exit(main())
