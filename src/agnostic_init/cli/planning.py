"""The plan that a command line asks for: of a SPEC, or of a file of tensors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError, must, within
from agnostic_init.checkpoint import plan_of_file
from agnostic_init.cli.deadline import deadline
from agnostic_init.models.plan import Plan
from agnostic_init.models.spec_file import read_rules, read_spec, spec_of

__all__ = ["holds_tensors", "plan_of_options"]

PLANNING = 60.0  # seconds


def holds_tensors(text: str) -> bool:
    """Whether what was given as SPEC is a file of tensors, an index of such or a folder with one."""
    path = Path(text)
    if text == "-":
        return False
    if path.is_dir() or text.endswith(".safetensors.index.json"):
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(10)[8:] == b'{"'


def plan_of_options(options: argparse.Namespace) -> Plan:
    """The plan of SPEC, with the key, the rules and the dtype that were given."""
    try:
        with deadline(PLANNING):
            return _plan(options)
    except (ParameterError, ParameterTypeError):
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as e:
        # Whatever else a value of a SPEC makes a library raise is a fault of the SPEC too.
        message = f"{options.spec}: must have values that can be used ({type(e).__name__}: {e})"
        raise ParameterError(message) from e


def _plan(options: argparse.Namespace) -> Plan:
    key: Any = options.seed if options.seed is not None else options.key
    rules = None
    if options.rules is not None:
        rules, its_key = read_rules(Path(options.rules))
        key = its_key if key is None else key
    if holds_tensors(options.spec):
        return plan_of_file(options.spec, rules, key=key, dtype=options.dtype)
    if rules is not None:
        rule = "must be given with a file of tensors, as a SPEC has rules of its own"
        raise must("--rules", rule, options.rules)
    if options.spec == "-":
        spec = spec_of(sys.stdin.buffer, "standard input")
    else:
        spec = read_spec(Path(options.spec))
    with within("standard input" if options.spec == "-" else options.spec):
        return spec.plan(key, options.dtype)
