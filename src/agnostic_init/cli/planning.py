"""The plan that a command line asks for: of a SPEC, a configuration, a function, or tensors."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError, must, within
from agnostic_init.checkpoint import plan_of_file
from agnostic_init.cli.callables import is_callable, plan_of_callable
from agnostic_init.cli.deadline import deadline
from agnostic_init.models.plan import Plan
from agnostic_init.models.spec_file import read_rules, read_spec, spec_of

__all__ = ["holds_tensors", "plan_of_options", "plan_of_spec"]

MATCHING = 60.0  # seconds
BUILDING = 600.0  # of a model of a configuration, whose size is a number in it
CONFIG = "config.json"
LARGEST = 1 << 24  # bytes of a configuration
STDIN = "standard input"


def holds_tensors(text: str) -> bool:
    """Whether what was given as SPEC is a file of tensors, an index of such or a folder with one."""
    path = Path(text)
    if text == "-":
        return False
    if _is_config(path):
        return False
    if path.is_dir() or text.endswith(".safetensors.index.json"):
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(10)[8:] == b'{"'


def plan_of_options(options: argparse.Namespace) -> Plan:
    """The plan of SPEC, with the key, the rules and the dtype that were given."""
    key: Any = options.seed if options.seed is not None else options.key
    return plan_of_spec(options.spec, key, options.rules, options.dtype)


def plan_of_spec(
    spec: str,
    key: Any = None,
    rules: str | None = None,
    dtype: str | None = None,
    other: Any = None,
) -> Plan:
    """The plan of a SPEC; `other` is the key where none is given and it has none."""
    try:
        return _plan(spec, key, rules, dtype, other)
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
        message = f"{spec}: must have values that can be used ({type(e).__name__}: {e})"
        raise ParameterError(message) from e


def _plan(text: str, key: Any, rules_file: str | None, dtype: str | None, other: Any) -> Plan:
    rules = None
    if rules_file is not None:
        rules, its_key = read_rules(Path(rules_file))
        key = its_key if key is None else key
    if _is_config(Path(text)) and text != "-":
        from agnostic_init.torch.transformers_config import plan_of_config

        key = _known(key, other, text)
        with deadline(MATCHING, BUILDING):
            return plan_of_config(text, key=key, rules=rules, dtype=dtype)
    with deadline(MATCHING):
        if is_callable(text):
            return plan_of_callable(text, rules, key, dtype, other)
        if holds_tensors(text):
            return plan_of_file(text, rules, key=key, dtype=dtype)
        if rules is not None:
            rule = "must be given with what has no rules of its own, as a file of tensors"
            raise must("--rules", rule, rules_file)
        if text == "-" and sys.stdin is None:
            raise must("SPEC", "must not be standard input where that is closed", text)
        spec = spec_of(sys.stdin.buffer, STDIN) if text == "-" else read_spec(Path(text))
        with within(STDIN if text == "-" else text):
            return spec.plan(other if key is None and spec.key is None else key, dtype)


def _known(key: Any, other: Any, text: str) -> Any:
    if key is None and other is None:
        with within(text):
            raise must("key", "must be given, as nothing is drawn without one", None, "--seed 0")
    return other if key is None else key


def _is_config(path: Path) -> bool:
    """Whether it is a configuration of transformers, or a folder with one and without tensors."""
    if path.is_dir():
        return (path / CONFIG).is_file() and not any(path.glob("*.safetensors*"))
    if path.suffix != ".json" or not path.is_file() or path.stat().st_size > LARGEST:
        return False
    try:
        table = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False  # which whoever reads it as a spec has words for
    return isinstance(table, dict) and "model_type" in table and "tensors" not in table
