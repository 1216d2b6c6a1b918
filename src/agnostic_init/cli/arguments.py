"""What the command line takes, and its help."""

from __future__ import annotations

import argparse
from typing import Any

from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.version import __version__

__all__ = ["EXITS", "PROGRAM", "command", "command_of_spec", "parser", "seed"]

PROGRAM = "agnostic-init"

ABOUT = "Initial weights of whole models: one seed, the same numbers from every library and device."
SPEC_HELP = """\
A SPEC is a TOML file, or the same as JSON (*.json); - is standard input:

  [defaults]
  seed = 0                                      # or: key = "a name"
  dtype = "float32"

  [tensors]
  "wte.weight" = [50257, 768]                   # names with dots stand in quotes
  "h.{0..11}.ln.bias" = { shape = [768], dtype = "bfloat16" }     # braces: a name for each number

  [[rules]]                                     # the first rule that matches a name is the one
  match = "*.bias"                              # a glob, whose * matches dots too; or "re:..."
  init = "zeros"

  [[rules]]
  match = "*"
  init = { name = "normal", std = 0.02 }        # numbers, not formulas: 0.02/sqrt(24) is 0.00408248
"""
OF_TENSORS = """\
Or it is a config.json of transformers, which that library's own rules are read of, or a Python
function, module:function, that returns a module of torch, (specs, rules) or a plan. --rules then
names a SPEC of which the [[rules]] go before the module's own.

In place of it a .safetensors file, a *.safetensors.index.json or a folder with one gives names,
shapes and dtypes. Files that write has made say their rules and key, so that they can be described
and made again; for others, --rules names a SPEC that may have [[rules]] and [defaults] alone.
"""
EXITS = """\
Exit codes: 0 done, 1 a device or library failed, 2 a wrong command or SPEC, or an OUT that cannot be
written, as on a full disk, 129, 130 and 143 hung up, interrupted and terminated. OUT is new after 0, and after nothing else but a --verify that
finds a difference. Nothing but OUT is left behind, and with --resume what it goes on with.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the program, without its commands."""
    made = argparse.ArgumentParser(
        prog=PROGRAM,
        description=ABOUT,
        epilog=f"{SPEC_HELP}\n{OF_TENSORS}\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return made


def command(commands: Any, name: str, about: str, more: str = "") -> argparse.ArgumentParser:
    """The parser of a command; its help is a sentence, the options, and what more there is to say."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def command_of_spec(commands: Any, name: str, about: str) -> argparse.ArgumentParser:
    """The parser of a command that reads a SPEC, with what all of those take."""
    made = command(commands, name, about, f"{SPEC_HELP}\n{OF_TENSORS}\n{EXITS}")
    made.add_argument(
        "spec",
        metavar="SPEC",
        help="a TOML or JSON file, a config.json, module:function, or a file of tensors, whose names "
        "and shapes are taken; see below",
    )
    made.add_argument(
        "--rules",
        metavar="SPEC",
        help="the rules, and the key, for a file of tensors that does not say its own, and what goes "
        "before the rules of a config.json or a module",
    )
    key = made.add_mutually_exclusive_group()
    key.add_argument(
        "--seed", type=seed, metavar="N", help="a seed, instead of what SPEC says: 0 to 2^64 - 1"
    )
    key.add_argument("--key", metavar="NAME", help="a name as the key, instead of what SPEC says")
    made.add_argument(
        "--dtype",
        type=_dtype,
        metavar="D",
        help="the default dtype, such as bfloat16, instead of what SPEC says",
    )
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def seed(text: str) -> int:
    """A seed, of an argument."""
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 64:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        message = f"must be an integer in [0, 2^64), got {shown!r}; a name goes with --key"
        raise argparse.ArgumentTypeError(message)
    return number


def _dtype(text: str) -> str:
    try:
        return name_of(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
